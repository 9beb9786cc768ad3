/* game_talker: what the tests of the sandbox's responders share: one who asks, bytes from hex, and
 * everything that a stranger may send. */
#ifndef DOGS_TESTS_GAME_TALKER_H
#define DOGS_TESTS_GAME_TALKER_H

#include "../src/sandbox/game_respond.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static char *some_names[] = {"ann", "bob"};
static char password_of_pw[PASSWORD_DIGEST];

static inline struct hosted host(const char *protocol, int64_t players)
{
    if (!*password_of_pw)
        password_digest("pw", password_of_pw);
    return (struct hosted){.protocol = protocol,
                           .title = "mc",
                           .password = password_of_pw,
                           .names = some_names,
                           .n_names = 2,
                           .players = players,
                           .max = 20,
                           .port = 4242,
                           .nonce = 77};
}

/* A responder and what it said, at one's own cost for each byte too many that it reads. */
struct heard {
    struct response r;
    size_t used;
};

static inline struct heard ask(const char *protocol, bool tcp, const struct hosted *h,
                               struct talker *t, const void *bytes, size_t len)
{
    struct talker fresh = {0};
    struct heard a = {.r = {.out = STR(RESPONSE_MAX)}};
    unsigned char *copy = xmalloc(len);
    const struct responder *p = NULL;
    memcpy(copy, bytes, len);
    for (size_t i = 0; !p && responder_at(i); i++)
        if (strcmp(responder_at(i)->protocol, protocol) == 0 && responder_at(i)->tcp == tcp)
            p = responder_at(i);
    assert_non_null(p);
    a.used = p->answer(h, t ? t : &fresh, copy, len, &a.r);
    assert_true(a.used <= len);
    free(copy);
    return a;
}

static inline size_t from_hex(const char *hex, unsigned char *out)
{
    size_t n = 0;
    unsigned v;
    for (const char *p = hex; *p; p++)
        if (*p != ' ' && sscanf(p++, "%2x", &v) == 1)
            out[n++] = (unsigned char)v;
    return n;
}

/* That out is these bytes, written as hex. */
static inline void check_hex(const struct response *r, const char *hex)
{
    unsigned char want[1024];
    size_t n = from_hex(hex, want);
    assert_int_equal(r->out.len, n);
    assert_memory_equal(str_text(&r->out), want, n);
}

/* Every beginning of a request, and every request with one byte changed: answered within bounds or
 * not at all; a sanitizer says whether anything else was read. */
static inline void pester(const char *protocol, bool tcp, const struct hosted *h,
                          const void *request, size_t len)
{
    unsigned char *bytes = xmalloc(len);
    for (size_t n = 1; n <= len; n++) {
        struct heard a = ask(protocol, tcp, h, NULL, request, n);
        str_release(&a.r.out);
    }
    for (size_t i = 0; i < len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct talker t = {.stage = (int)(i & 1), .admitted = true};
            memcpy(bytes, request, len);
            bytes[i] ^= (unsigned char)(1u << bit);
            struct heard a = ask(protocol, tcp, h, &t, bytes, len);
            assert_true(a.r.n_ends <= RESPONSE_DATAGRAMS);
            str_release(&a.r.out);
        }
    }
    free(bytes);
}

#endif
