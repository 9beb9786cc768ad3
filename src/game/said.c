#include "said.h"

#include <stdio.h>
#include <string.h>

void said_words(const struct talk *t, const char *bytes, size_t len, char to[SAID_WORDS])
{
    const char *password = t->place->password;
    char all[GAME_TEXT];
    talk_text(all, sizeof all, bytes, len < 4 * sizeof all ? len : 4 * sizeof all);
    bool secret = password && *password && strstr(all, password);
    str_copy(to, SAID_WORDS, secret ? "" : all);
}

enum talk_next said_refused(struct talk *t, const char *words)
{
    talk_bad(t, ERR_AUTH, "%s refused the password%s%s", t->protocol->title, *words ? ": " : "",
             words);
    err_hint(&t->err, "set admin_password to the password that the game server was started with");
    return TALK_OVER;
}

/* "the world is loading" of {"error": "the world is loading"}, in whatever member it stands. */
static void words_of(const struct talk *t, const unsigned char *bytes, size_t len,
                     char to[SAID_WORDS])
{
    static const char *const members[] = {"errorMessage", "error", "errorCode", "message"};
    struct err ignored = {0};
    cJSON *root = len <= TALK_REPLY_MAX ? json_parse((const char *)bytes, len, &ignored) : NULL;
    to[0] = '\0';
    for (size_t i = 0; i < sizeof members / sizeof *members && !*to; i++) {
        const char *text = json_text(root, members[i], "");
        said_words(t, text, strlen(text), to);
    }
    cJSON_Delete(root);
}

bool said_ok(struct talk *t, const unsigned char *bytes, size_t len, int status)
{
    char words[SAID_WORDS];
    if (status >= 200 && status < 300)
        return true;
    words_of(t, bytes, len, words);
    if (status == 401 || status == 403) {
        said_refused(t, words);
    } else {
        talk_bad(t, t->telling ? ERR_FAILED : ERR_REFUSED, "%s answered HTTP %d%s%s",
                 t->protocol->title, status, *words ? ": " : "", words);
        t->err.retryable = status >= 500 || status == 429;
    }
    t->err.http_status = status;
    return false;
}

cJSON *said_json(struct talk *t, const unsigned char *bytes, size_t len, int status)
{
    struct err e = {0};
    if (!said_ok(t, bytes, len, status))
        return NULL;
    cJSON *root = len <= TALK_REPLY_MAX ? json_parse((const char *)bytes, len, &e) : NULL;
    if (cJSON_IsObject(root))
        return root;
    size_t blank = 0;
    while (blank < len && strchr(" \t\r\n", bytes[blank]))
        blank++;
    if (!root && blank < len && bytes[blank] == '<')
        talk_bad(t, ERR_PROTOCOL, "a web page answered instead of %s", t->protocol->title);
    else
        talk_bad(t, ERR_PROTOCOL, "%s: %s", t->protocol->title,
                 root                   ? "expected an object"
                 : len > TALK_REPLY_MAX ? "too long an answer"
                                        : e.text);
    cJSON_Delete(root);
    return NULL;
}

bool said_count(const cJSON *root, const char *path, int *out, struct err *e)
{
    int64_t n;
    if (!json_need_int(root, path, &n, e))
        return false;
    if (n < 0 || n > SAID_COUNT_MAX)
        return err_set(e, ERR_PROTOCOL, "%s: %lld cannot be a number of players", path,
                       (long long)n);
    *out = (int)n;
    return true;
}

bool said_players(struct talk *t, const cJSON *root, const char *players, const char *max)
{
    struct err e = {0};
    struct game_answer *a = t->answer;
    if (!said_count(root, players, &a->players, &e)) {
        talk_bad(t, ERR_PROTOCOL, "%s: %s", t->protocol->title, e.text);
        return false;
    }
    a->up = true;
    if (!said_count(root, max, &a->max, &e)) {
        a->max = -1;
        snprintf(a->why, sizeof a->why, "it does not say how many may play");
    }
    return true;
}

enum talk_next said_done(struct talk *t)
{
    t->done_ok = true;
    return TALK_OVER;
}

enum talk_next said_nothing(struct talk *t, enum err_code code, const char *why)
{
    talk_bad(t, code, "%s: %s", t->protocol->title, why);
    t->err.ambiguous = t->telling;
    return TALK_OVER;
}

const char *said_command(const struct talk *t)
{
    const struct game *g = t->place->game;
    const char *const commands[] = {
        [GAME_WARN] = g->warn, [GAME_SAVE] = g->save, [GAME_STOP] = g->stop};
    return commands[t->order] ? commands[t->order] : "";
}

enum talk_next said_order(struct talk *t, const unsigned char *bytes, size_t len, int status)
{
    const char *saved = t->order == GAME_SAVE ? t->place->game->saved : NULL;
    char words[SAID_WORDS], all[4 * GAME_TEXT];
    if (!said_ok(t, bytes, len, status))
        return TALK_OVER;
    talk_text(all, sizeof all, (const char *)bytes, len);
    said_words(t, (const char *)bytes, len, words);
    if (saved && !str_has(all, saved))
        return talk_bad(t, ERR_FAILED, "the server did not say that it has saved, but \"%s\"",
                        words);
    return said_done(t);
}

enum talk_next said_closed(struct talk *t, bool ordered)
{
    if (ordered && t->telling && t->order == GAME_STOP)
        return said_done(t);
    return said_nothing(t, ERR_NETWORK, "the connection was closed before the answer");
}
