#include "sock_os.h"

#include <dogs/os.h>
#include <dogs/str.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* SO_NOSIGPIPE is set instead */
#endif

enum { BACKLOG = 64 };

struct sock {
    int fd;
    enum sock_kind kind;
    bool connecting; /* TCP: not known to be connected yet */
};

static struct sockaddr *system_of(const struct sock_addr *a)
{
    return (struct sockaddr *)(void *)(uintptr_t)a->bytes;
}

static bool take_address(struct sock_addr *a, const void *from, socklen_t len)
{
    if (len > (socklen_t)sizeof a->bytes)
        return false;
    *a = (struct sock_addr){.len = (int)len};
    memcpy(a->bytes, from, len);
    return true;
}

void sock_addr_text(const struct sock_addr *a, char out[SOCK_ADDR_TEXT])
{
    struct sockaddr_storage at = {0};
    char host[SOCK_ADDR_TEXT - 10] = "", port[8] = "";
    memcpy(&at, a->bytes, (size_t)a->len < sizeof at ? (size_t)a->len : sizeof at);
    if (getnameinfo((struct sockaddr *)&at, (socklen_t)a->len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
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
    const struct addrinfo want = {.ai_family = AF_UNSPEC,
                                  .ai_socktype = SOCK_STREAM,
                                  .ai_flags = AI_NUMERICSERV | (numeric ? AI_NUMERICHOST : 0)};
    struct addrinfo *found = NULL;
    char service[8];

    *n = 0;
    snprintf(service, sizeof service, "%u", (unsigned)port);
    /* An empty text would mean this machine to getaddrinfo. */
    int code = *host ? getaddrinfo(host, service, &want, &found) : EAI_NONAME;
    if (code) {
        snprintf(why, why_size, "%s", gai_strerror(code));
        return code == EAI_NONAME ? SOCK_NO_NAME : SOCK_NO_RESOLVER;
    }
    for (const struct addrinfo *a = found; a && *n < max; a = a->ai_next)
        *n += take_address(&out[*n], a->ai_addr, a->ai_addrlen);
    freeaddrinfo(found);
    snprintf(why, why_size, "no address of a kind that is known");
    return *n ? SOCK_FOUND : SOCK_NO_NAME;
}

static enum sock_state broken(const struct sock *s, int code, const char *what, struct err *e)
{
    err_os(e, ERR_NETWORK, code, "%s", what);
    e->retryable = true;
    /* A datagram that nobody wanted comes back as a refusal. */
    return s->kind == SOCK_UDP && code == ECONNREFUSED ? SOCK_CLOSED : SOCK_BROKEN;
}

static bool prepare(int fd)
{
    int flags = fcntl(fd, F_GETFL);
#ifdef SO_NOSIGPIPE
    const int yes = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &yes, sizeof yes) != 0)
        return false;
#endif
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && flags >= 0 &&
           fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

static struct sock *sock_of(int fd, enum sock_kind kind, bool connecting)
{
    struct sock *s = xcalloc(1, sizeof *s);
    *s = (struct sock){.fd = fd, .kind = kind, .connecting = connecting};
    return s;
}

static struct sock *fail_open(int fd, const char *verb, const struct sock_addr *a, struct err *e)
{
    int code = errno;
    char text[SOCK_ADDR_TEXT];
    if (fd >= 0)
        close(fd);
    sock_addr_text(a, text);
    err_os(e, ERR_NETWORK, code, "%s %s", verb, text);
    e->retryable = true;
    return NULL;
}

struct sock *sock_connect(enum sock_kind kind, const struct sock_addr *peer, struct err *e)
{
    int fd = socket(system_of(peer)->sa_family, kind == SOCK_TCP ? SOCK_STREAM : SOCK_DGRAM, 0);
    if (fd < 0 || !prepare(fd) ||
        (connect(fd, system_of(peer), (socklen_t)peer->len) != 0 && errno != EINPROGRESS &&
         errno != EINTR))
        return fail_open(fd, "reach", peer, e);
    return sock_of(fd, kind, kind == SOCK_TCP);
}

struct sock *sock_listen(enum sock_kind kind, const char *address, uint16_t port, struct err *e)
{
    struct sock_addr at = {0};
    char why[128];
    size_t n = 0;
    const int yes = 1;

    if (sock_resolve(address, port, true, &at, 1, &n, why, sizeof why) != SOCK_FOUND) {
        err_set(e, ERR_NETWORK, "'%s' is not a numeric address to listen at", address);
        return NULL;
    }
    int fd = socket(system_of(&at)->sa_family, kind == SOCK_TCP ? SOCK_STREAM : SOCK_DGRAM, 0);
    bool ok = fd >= 0 && prepare(fd);
    if (ok && kind == SOCK_TCP)
        ok = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0;
    /* Without this "::" would take IPv4 as well, which is wider than asked. */
    if (ok && system_of(&at)->sa_family == AF_INET6)
        ok = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) == 0;
    ok = ok && bind(fd, system_of(&at), (socklen_t)at.len) == 0;
    if (!ok || (kind == SOCK_TCP && listen(fd, BACKLOG) != 0))
        return fail_open(fd, "listen at", &at, e);
    return sock_of(fd, kind, false);
}

uint16_t sock_port(const struct sock *s)
{
    struct sockaddr_storage at = {0};
    struct sockaddr_in6 six;
    struct sockaddr_in four;
    socklen_t size = sizeof at;

    if (getsockname(s->fd, (struct sockaddr *)&at, &size) != 0)
        return 0;
    memcpy(&six, &at, sizeof six);
    memcpy(&four, &at, sizeof four);
    return ntohs(at.ss_family == AF_INET6 ? six.sin6_port : four.sin_port);
}

struct sock *sock_accept(struct sock *listener, struct sock_addr *from)
{
    struct sockaddr_storage at = {0};
    socklen_t size = sizeof at;
    int fd = accept(listener->fd, (struct sockaddr *)&at, &size);
    if (fd < 0)
        return NULL;
    if (!prepare(fd) || (from && !take_address(from, &at, size))) {
        close(fd);
        return NULL;
    }
    return sock_of(fd, SOCK_TCP, false);
}

void sock_close(struct sock *s)
{
    if (!s)
        return;
    close(s->fd);
    free(s);
}

/* SOCK_DONE once a TCP connection stands. */
static enum sock_state settle(struct sock *s, struct err *e)
{
    struct sockaddr_storage at;
    socklen_t size = sizeof at, int_size = sizeof(int);
    int code = 0;

    if (!s->connecting)
        return SOCK_DONE;
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &code, &int_size) != 0)
        code = errno;
    if (code)
        return broken(s, code, "connect", e);
    if (getpeername(s->fd, (struct sockaddr *)&at, &size) != 0)
        return SOCK_NOT_YET;
    s->connecting = false;
    return SOCK_DONE;
}

static bool passes(int code)
{
    return code == EAGAIN || code == EWOULDBLOCK || code == EINTR;
}

enum sock_state sock_read(struct sock *s, void *to, size_t max, size_t *n, struct sock_addr *from,
                          struct err *e)
{
    struct sockaddr_storage at = {0};
    socklen_t size = sizeof at;
    enum sock_state state = settle(s, e);

    *n = 0;
    if (state != SOCK_DONE)
        return state;
    ssize_t got = recvfrom(s->fd, to, max, 0, (struct sockaddr *)&at, &size);
    if (got < 0)
        return passes(errno) ? SOCK_NOT_YET : broken(s, errno, "receive", e);
    if (got == 0 && s->kind == SOCK_TCP)
        return SOCK_CLOSED;
    if (from && s->kind == SOCK_UDP && !take_address(from, &at, size))
        return SOCK_NOT_YET;
    *n = (size_t)got;
    return SOCK_DONE;
}

enum sock_state sock_write(struct sock *s, const void *bytes, size_t len, size_t *n,
                           const struct sock_addr *to, struct err *e)
{
    enum sock_state state = settle(s, e);

    *n = 0;
    if (state != SOCK_DONE || (s->kind == SOCK_TCP && !len))
        return state;
    ssize_t sent = sendto(s->fd, bytes, len, MSG_NOSIGNAL, to ? system_of(to) : NULL,
                          to ? (socklen_t)to->len : 0);
    if (sent < 0)
        return passes(errno) ? SOCK_NOT_YET : broken(s, errno, "send", e);
    *n = (size_t)sent;
    return SOCK_DONE;
}

bool sock_wait(struct sock_poll *polls, size_t n, int ms, struct cancel *cancel, struct err *e)
{
    int64_t end = os_mono_ms() + ms;
    struct pollfd *fds = xcalloc(n + 1, sizeof *fds);
    int ready = 0;

    for (size_t i = 0; i < n; i++) {
        polls[i].can_read = polls[i].can_write = false;
        fds[i] = (struct pollfd){.fd = polls[i].sock ? polls[i].sock->fd : -1};
        fds[i].events = (short)((polls[i].read ? POLLIN : 0) | (polls[i].write ? POLLOUT : 0));
    }
    fds[n] = (struct pollfd){.fd = cancel_fd(cancel), .events = POLLIN};
    do {
        int64_t left = ms < 0 ? -1 : end - os_mono_ms();
        ready = poll(fds, (nfds_t)(n + 1), ms < 0 ? -1 : left > 0 ? (int)left : 0);
    } while (ready < 0 && errno == EINTR && !cancel_is(cancel));
    for (size_t i = 0; ready > 0 && i < n; i++) {
        bool wrong = fds[i].revents & (POLLERR | POLLHUP | POLLNVAL);
        polls[i].can_read = wrong || fds[i].revents & POLLIN;
        polls[i].can_write = wrong || fds[i].revents & POLLOUT;
    }
    free(fds);
    return !cancel_is(cancel) || err_set(e, ERR_INTERRUPTED, "interrupted");
}
