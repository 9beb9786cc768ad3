/* select() takes as many as this says (winsock2.h); WSAPoll tells of failed connections only since
 * Windows 10, 2004. */
#define FD_SETSIZE 1024
#include "sock_os.h"

#include <dogs/os.h>
#include <dogs/str.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winsock2.h>
#include <ws2tcpip.h>

#include <mstcpip.h>

#ifndef SIO_UDP_CONNRESET /* of mswsock.h in Windows' own headers */
#define SIO_UDP_CONNRESET _WSAIOW(IOC_VENDOR, 12)
#endif

enum {
    BACKLOG = 64,
    SLICE_MS = 50, /* between looks at the cancel object, which select() cannot see */
};

struct sock {
    SOCKET s;
    enum sock_kind kind;
    bool connecting; /* TCP: not known to be connected yet */
};

static struct sockaddr *system_of(const struct sock_addr *a)
{
    return (struct sockaddr *)(void *)(uintptr_t)a->bytes;
}

static bool take_address(struct sock_addr *a, const void *from, size_t len)
{
    if (len > sizeof a->bytes)
        return false;
    *a = (struct sock_addr){.len = (int)len};
    memcpy(a->bytes, from, len);
    return true;
}

/* Once is enough, but Windows counts: more is harmless, and nothing ends it before the process. */
static int begin(void)
{
    WSADATA ignored;
    return WSAStartup(MAKEWORD(2, 2), &ignored);
}

void sock_addr_text(const struct sock_addr *a, char out[SOCK_ADDR_TEXT])
{
    struct sockaddr_storage at = {0};
    char host[SOCK_ADDR_TEXT - 10] = "", port[8] = "";
    memcpy(&at, a->bytes, (size_t)a->len < sizeof at ? (size_t)a->len : sizeof at);
    if (begin() != 0 || getnameinfo((struct sockaddr *)&at, a->len, host, sizeof host, port,
                                    sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        snprintf(out, SOCK_ADDR_TEXT, "?");
    else
        snprintf(out, SOCK_ADDR_TEXT, at.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

bool sock_addr_same(const struct sock_addr *a, const struct sock_addr *b)
{
    struct sockaddr_in6 six[2];
    struct sockaddr_in four[2];
    const struct sock_addr *both[] = {a, b};

    if (a->len != b->len || system_of(a)->sa_family != system_of(b)->sa_family)
        return false;
    if (system_of(a)->sa_family == AF_INET6 && a->len == (int)sizeof *six) {
        for (int i = 0; i < 2; i++)
            memcpy(&six[i], both[i]->bytes, sizeof *six);
        return six[0].sin6_port == six[1].sin6_port &&
               six[0].sin6_scope_id == six[1].sin6_scope_id &&
               memcmp(&six[0].sin6_addr, &six[1].sin6_addr, sizeof six[0].sin6_addr) == 0;
    }
    if (system_of(a)->sa_family != AF_INET || a->len != (int)sizeof *four)
        return false;
    for (int i = 0; i < 2; i++)
        memcpy(&four[i], both[i]->bytes, sizeof *four);
    return four[0].sin_port == four[1].sin_port &&
           four[0].sin_addr.s_addr == four[1].sin_addr.s_addr;
}

enum sock_found sock_resolve(const char *host, uint16_t port, bool numeric, struct sock_addr *out,
                             size_t max, size_t *n, char *why, size_t why_size)
{
    const struct addrinfoW want = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = numeric ? AI_NUMERICHOST : 0};
    struct addrinfoW *found = NULL;
    wchar_t name[256], service[8];

    *n = 0;
    swprintf(service, 8, L"%u", (unsigned)port);
    int code = begin();
    if (!code)
        code = *host && MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, host, -1, name, 256)
                   ? GetAddrInfoW(name, service, &want, &found)
                   : WSAHOST_NOT_FOUND;
    if (code) {
        snprintf(why, why_size, "Windows' code %d", code);
        return code == WSAHOST_NOT_FOUND ? SOCK_NO_NAME : SOCK_NO_RESOLVER;
    }
    for (const struct addrinfoW *a = found; a && *n < max; a = a->ai_next)
        *n += take_address(&out[*n], a->ai_addr, a->ai_addrlen);
    FreeAddrInfoW(found);
    snprintf(why, why_size, "no address of a kind that is known");
    return *n ? SOCK_FOUND : SOCK_NO_NAME;
}

static enum sock_state broken(const struct sock *s, int code, const char *what, struct err *e)
{
    err_os(e, ERR_NETWORK, code, "%s", what);
    e->retryable = true;
    /* A datagram that nobody wanted comes back as a reset. */
    return s->kind == SOCK_UDP && code == WSAECONNRESET ? SOCK_CLOSED : SOCK_BROKEN;
}

static struct sock *sock_of(SOCKET s, enum sock_kind kind, bool connecting)
{
    struct sock *made = xcalloc(1, sizeof *made);
    *made = (struct sock){.s = s, .kind = kind, .connecting = connecting};
    return made;
}

static struct sock *fail_open(SOCKET s, const char *verb, const struct sock_addr *a, struct err *e)
{
    int code = WSAGetLastError();
    char text[SOCK_ADDR_TEXT];
    if (s != INVALID_SOCKET)
        closesocket(s);
    sock_addr_text(a, text);
    err_os(e, ERR_NETWORK, code, "%s %s", verb, text);
    e->retryable = true;
    return NULL;
}

static SOCKET new_socket(enum sock_kind kind, const struct sock_addr *a)
{
    if (begin() != 0)
        return INVALID_SOCKET;
    SOCKET s = WSASocketW(system_of(a)->sa_family, kind == SOCK_TCP ? SOCK_STREAM : SOCK_DGRAM, 0,
                          NULL, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    u_long yes = 1;
    if (s != INVALID_SOCKET && ioctlsocket(s, FIONBIO, &yes) != 0) {
        closesocket(s);
        s = INVALID_SOCKET;
    }
    return s;
}

struct sock *sock_connect(enum sock_kind kind, const struct sock_addr *peer, struct err *e)
{
    SOCKET s = new_socket(kind, peer);
    if (s == INVALID_SOCKET ||
        (connect(s, system_of(peer), peer->len) != 0 && WSAGetLastError() != WSAEWOULDBLOCK))
        return fail_open(s, "reach", peer, e);
    return sock_of(s, kind, kind == SOCK_TCP);
}

struct sock *sock_listen(enum sock_kind kind, const char *address, uint16_t port, struct err *e)
{
    struct sock_addr at = {0};
    char why[128];
    size_t n = 0;
    const DWORD yes = 1;
    BOOL no = FALSE;
    DWORD ignored = 0;

    if (sock_resolve(address, port, true, &at, 1, &n, why, sizeof why) != SOCK_FOUND) {
        err_set(e, ERR_NETWORK, "'%s' is not a numeric address to listen at", address);
        return NULL;
    }
    SOCKET s = new_socket(kind, &at);
    /* SO_REUSEADDR here would let another program take the port over. */
    bool ok = s != INVALID_SOCKET &&
              setsockopt(s, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (const char *)&yes, sizeof yes) == 0;
    /* Without this "::" would take IPv4 as well, which is wider than asked. */
    if (ok && system_of(&at)->sa_family == AF_INET6)
        ok = setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, (const char *)&yes, sizeof yes) == 0;
    /* Else a client that has gone would make the next receive fail. Wine does not know it. */
    if (ok && kind == SOCK_UDP)
        WSAIoctl(s, SIO_UDP_CONNRESET, &no, sizeof no, NULL, 0, &ignored, NULL, NULL);
    ok = ok && bind(s, system_of(&at), at.len) == 0;
    if (!ok || (kind == SOCK_TCP && listen(s, BACKLOG) != 0))
        return fail_open(s, "listen at", &at, e);
    return sock_of(s, kind, false);
}

uint16_t sock_port(const struct sock *s)
{
    struct sockaddr_storage at = {0};
    struct sockaddr_in6 six;
    struct sockaddr_in four;
    int size = sizeof at;

    if (getsockname(s->s, (struct sockaddr *)&at, &size) != 0)
        return 0;
    memcpy(&six, &at, sizeof six);
    memcpy(&four, &at, sizeof four);
    return ntohs(at.ss_family == AF_INET6 ? six.sin6_port : four.sin_port);
}

struct sock *sock_accept(struct sock *listener, struct sock_addr *from)
{
    struct sockaddr_storage at = {0};
    int size = sizeof at;
    u_long yes = 1;
    SOCKET s = accept(listener->s, (struct sockaddr *)&at, &size);
    if (s == INVALID_SOCKET)
        return NULL;
    if (ioctlsocket(s, FIONBIO, &yes) != 0 || (from && !take_address(from, &at, (size_t)size))) {
        closesocket(s);
        return NULL;
    }
    return sock_of(s, SOCK_TCP, false);
}

void sock_close(struct sock *s)
{
    if (!s)
        return;
    closesocket(s->s);
    free(s);
}

/* SOCK_DONE once a TCP connection stands. */
static enum sock_state settle(struct sock *s, struct err *e)
{
    struct sockaddr_storage at;
    int size = sizeof at, code = 0, code_size = sizeof code;

    if (!s->connecting)
        return SOCK_DONE;
    if (getsockopt(s->s, SOL_SOCKET, SO_ERROR, (char *)&code, &code_size) != 0)
        code = WSAGetLastError();
    if (code)
        return broken(s, code, "connect", e);
    if (getpeername(s->s, (struct sockaddr *)&at, &size) != 0)
        return SOCK_NOT_YET;
    s->connecting = false;
    return SOCK_DONE;
}

enum sock_state sock_read(struct sock *s, void *to, size_t max, size_t *n, struct sock_addr *from,
                          struct err *e)
{
    struct sockaddr_storage at = {0};
    int size = sizeof at, room = max > INT_MAX ? INT_MAX : (int)max;
    enum sock_state state = settle(s, e);

    *n = 0;
    if (state != SOCK_DONE)
        return state;
    int got = recvfrom(s->s, to, room, 0, (struct sockaddr *)&at, &size);
    if (got < 0 && WSAGetLastError() == WSAEMSGSIZE)
        got = room;
    if (got < 0) {
        int code = WSAGetLastError();
        return code == WSAEWOULDBLOCK ? SOCK_NOT_YET : broken(s, code, "receive", e);
    }
    if (got == 0 && s->kind == SOCK_TCP)
        return SOCK_CLOSED;
    if (from && s->kind == SOCK_UDP && !take_address(from, &at, (size_t)size))
        return SOCK_NOT_YET;
    *n = (size_t)got;
    return SOCK_DONE;
}

enum sock_state sock_write(struct sock *s, const void *bytes, size_t len, size_t *n,
                           const struct sock_addr *to, struct err *e)
{
    int room = len > INT_MAX ? INT_MAX : (int)len;
    enum sock_state state = settle(s, e);

    *n = 0;
    if (state != SOCK_DONE || (s->kind == SOCK_TCP && !len))
        return state;
    int sent =
        to ? sendto(s->s, bytes, room, 0, system_of(to), to->len) : send(s->s, bytes, room, 0);
    if (sent < 0) {
        int code = WSAGetLastError();
        return code == WSAEWOULDBLOCK ? SOCK_NOT_YET : broken(s, code, "send", e);
    }
    *n = (size_t)sent;
    return SOCK_DONE;
}

/* One select() of at most ms. Its sets may not all be empty. */
static int look(struct sock_poll *polls, size_t n, int ms)
{
    static const struct timeval none = {0};
    fd_set in, out, odd;
    struct timeval wait = none;
    bool any = false;

    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_ZERO(&odd);
    for (size_t i = 0; i < n; i++) {
        if (!polls[i].sock || i >= FD_SETSIZE)
            continue;
        any = true;
        if (polls[i].read)
            FD_SET(polls[i].sock->s, &in);
        if (polls[i].write)
            FD_SET(polls[i].sock->s, &out);
        FD_SET(polls[i].sock->s, &odd);
    }
    if (!any) {
        Sleep((DWORD)ms);
        return 0;
    }
    wait.tv_sec = ms / 1000;
    wait.tv_usec = ms % 1000 * 1000;
    int ready = select(0, &in, &out, &odd, &wait);
    for (size_t i = 0; ready > 0 && i < n && i < FD_SETSIZE; i++) {
        if (!polls[i].sock)
            continue;
        bool wrong = FD_ISSET(polls[i].sock->s, &odd);
        polls[i].can_read = wrong || FD_ISSET(polls[i].sock->s, &in);
        polls[i].can_write = wrong || FD_ISSET(polls[i].sock->s, &out);
    }
    return ready;
}

bool sock_wait(struct sock_poll *polls, size_t n, int ms, struct cancel *cancel, struct err *e)
{
    int64_t end = os_mono_ms() + ms;
    for (size_t i = 0; i < n; i++)
        polls[i].can_read = polls[i].can_write = false;
    while (!cancel_is(cancel)) {
        int64_t left = ms < 0 ? SLICE_MS : end - os_mono_ms();
        int slice = left > SLICE_MS ? SLICE_MS : left > 0 ? (int)left : 0;
        if (look(polls, n, slice) != 0 || (ms >= 0 && os_mono_ms() >= end))
            break;
    }
    return !cancel_is(cancel) || err_set(e, ERR_INTERRUPTED, "interrupted");
}
