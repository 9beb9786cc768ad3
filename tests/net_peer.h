/* net_peer: bare sockets for the tests of net, so that a peer may be as odd as it likes. */
#ifndef DOGS_TESTS_NET_PEER_H
#define DOGS_TESTS_NET_PEER_H

#include <arpa/inet.h>
#include <dogs/str.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static inline struct sockaddr_in peer_address(const char *ip, int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, ip, &at.sin_addr);
    return at;
}

/* A connection that gives up reading after 10 s; -1 if refused. */
static inline int peer_connect(const char *ip, int port)
{
    struct sockaddr_in at = peer_address(ip, port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 10},
               sizeof(struct timeval));
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    close(fd);
    return -1;
}

static inline bool peer_send(int fd, const void *bytes, size_t len)
{
    const char *p = bytes;
    while (len) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

/* Reads until `end` was seen (NULL: until the peer closes) or the room is used up. NUL-terminated.
 */
static inline size_t peer_read(int fd, const char *end, char *to, size_t room)
{
    size_t len = 0;
    to[0] = '\0';
    while (len + 1 < room && !(end && strstr(to, end))) {
        ssize_t n = recv(fd, to + len, end ? 1 : room - 1 - len, 0);
        if (n <= 0)
            break;
        len += (size_t)n;
        to[len] = '\0';
    }
    return len;
}

/* A server that answers each path with the bytes its script says, and then does what it says. */
enum peer_then {
    PEER_KEEP,
    PEER_CLOSE,
    PEER_RESET,
    PEER_HANG,  /* keeps the connection and is silent */
    PEER_DRIP,  /* a byte every 50 ms */
    PEER_FLOOD, /* `flood` again and again */
    PEER_CLOSE_IF_REUSED,
};

struct peer_line {
    const char *path, *bytes;
    enum peer_then then;
    const char *flood;
};

enum { PEER_CONNS = 64 };

struct peer {
    const struct peer_line *script; /* ends with a NULL path */
    int listener, port;
    atomic_int conns, requests;
    atomic_long body_bytes; /* of all requests */
    atomic_bool stop;
    pthread_mutex_t lock;
    int fds[PEER_CONNS]; /* guarded by lock; -1 once closed */
    pthread_t acceptor, talkers[PEER_CONNS];
};

struct peer_talk {
    struct peer *peer;
    int fd, index;
};

static inline void peer_nap(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

/* True if the connection goes on. */
static inline bool peer_answer(struct peer *p, int fd, const struct peer_line *line, int nth)
{
    if (line->then == PEER_CLOSE_IF_REUSED && nth > 1)
        return false;
    bool ok = peer_send(fd, line->bytes, strlen(line->bytes));
    while (ok && !atomic_load(&p->stop) && line->then >= PEER_HANG && line->then <= PEER_FLOOD) {
        if (line->then != PEER_FLOOD)
            peer_nap(50);
        if (line->then == PEER_DRIP)
            ok = peer_send(fd, ".", 1);
        else if (line->then == PEER_FLOOD)
            ok = peer_send(fd, line->flood, strlen(line->flood));
    }
    if (line->then == PEER_RESET)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1},
                   sizeof(struct linger));
    return ok && (line->then == PEER_KEEP || line->then == PEER_CLOSE_IF_REUSED);
}

/* False if the body of a request does not come whole. */
static inline bool peer_skip(struct peer *p, int fd, size_t len)
{
    char bytes[16384];
    while (len) {
        ssize_t n = recv(fd, bytes, len < sizeof bytes ? len : sizeof bytes, 0);
        if (n <= 0)
            return false;
        len -= (size_t)n;
        atomic_fetch_add(&p->body_bytes, n);
    }
    return true;
}

static inline void *peer_talker(void *arg)
{
    struct peer_talk t = *(struct peer_talk *)arg;
    char head[8192], path[256], method[16];
    free(arg);
    for (int nth = 1; peer_read(t.fd, "\r\n\r\n", head, sizeof head); nth++) {
        const struct peer_line *line = t.peer->script;
        const char *length = strstr(head, "Content-Length: ");
        size_t len = length ? strtoul(length + 16, NULL, 10) : 0;
        if (sscanf(head, "%15s %255s", method, path) != 2 || !peer_skip(t.peer, t.fd, len))
            break;
        atomic_fetch_add(&t.peer->requests, 1);
        while (line->path && strcmp(line->path, path) != 0)
            line++;
        if (!line->path || !peer_answer(t.peer, t.fd, line, nth))
            break;
    }
    pthread_mutex_lock(&t.peer->lock);
    t.peer->fds[t.index] = -1;
    close(t.fd);
    pthread_mutex_unlock(&t.peer->lock);
    return NULL;
}

static inline void *peer_acceptor(void *arg)
{
    struct peer *p = arg;
    int fd;
    int n = 0;
    while (n < PEER_CONNS && (fd = accept(p->listener, NULL, NULL)) >= 0) {
        struct peer_talk *t = malloc(sizeof *t);
        *t = (struct peer_talk){.peer = p, .fd = fd, .index = n};
        p->fds[n] = fd;
        pthread_create(&p->talkers[n], NULL, peer_talker, t);
        atomic_store(&p->conns, ++n);
    }
    return NULL;
}

static inline int peer_listen(int backlog, int *port)
{
    struct sockaddr_in at = peer_address("127.0.0.1", 0);
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bind(fd, (struct sockaddr *)&at, sizeof at);
    if (backlog >= 0)
        listen(fd, backlog);
    getsockname(fd, (struct sockaddr *)&at, &size);
    *port = ntohs(at.sin_port);
    return fd;
}

static inline void peer_start(struct peer *p, const struct peer_line *script)
{
    *p = (struct peer){.script = script, .lock = PTHREAD_MUTEX_INITIALIZER};
    p->listener = peer_listen(16, &p->port);
    pthread_create(&p->acceptor, NULL, peer_acceptor, p);
}

static inline void peer_stop(struct peer *p)
{
    atomic_store(&p->stop, true);
    shutdown(p->listener, SHUT_RDWR);
    pthread_join(p->acceptor, NULL);
    close(p->listener);
    for (int i = 0; i < atomic_load(&p->conns); i++) {
        pthread_mutex_lock(&p->lock);
        if (p->fds[i] >= 0)
            shutdown(p->fds[i], SHUT_RDWR);
        pthread_mutex_unlock(&p->lock);
        pthread_join(p->talkers[i], NULL);
    }
}

static inline char *peer_url(int port, const char *path)
{
    return xasprintf("http://127.0.0.1:%d%s", port, path);
}

/* The tests are not for the proxies of whoever runs them. */
static inline void peer_no_proxies(void)
{
    static const char *const proxies[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                          "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++)
        unsetenv(proxies[i]);
}

#endif
