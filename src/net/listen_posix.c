#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 128 };

static bool fail(struct err *e, int code, const char *address, int port)
{
    err_os(e, ERR_NETWORK, code, "listen at %s port %d", address, port);
    if (code == EADDRINUSE)
        err_hint(e, "another program listens there; choose another --port, or --port 0 for any "
                    "free one");
    else if (code == EACCES)
        err_hint(e, "ports under 1024 are the system's; choose a higher --port");
    else if (code == EADDRNOTAVAIL)
        err_hint(e, "%s is no address of this machine", address);
    return false;
}

static int port_of(int fd)
{
    struct sockaddr_storage at = {0};
    socklen_t size = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &size) != 0)
        return -1;
    if (at.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&at)->sin6_port);
    return ntohs(((struct sockaddr_in *)&at)->sin_port);
}

static bool open_at(const struct addrinfo *to, int *fd)
{
    const int yes = 1;
    int s = socket(to->ai_family, to->ai_socktype, to->ai_protocol);
    if (s < 0)
        return false;
    bool ok = fcntl(s, F_SETFD, FD_CLOEXEC) == 0 &&
              setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0;
    /* Without this "::" would take IPv4 as well, which is wider than asked. */
    if (ok && to->ai_family == AF_INET6)
        ok = setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) == 0;
    if (ok && bind(s, to->ai_addr, to->ai_addrlen) == 0 && listen(s, BACKLOG) == 0) {
        *fd = s;
        return true;
    }
    int code = errno;
    close(s);
    errno = code;
    return false;
}

bool listen_open(const char *address, int port, int *fd, int *bound, struct err *e)
{
    const char *numeric = strcmp(address, "localhost") == 0 ? "127.0.0.1" : address;
    const struct addrinfo want = {.ai_family = AF_UNSPEC,
                                  .ai_socktype = SOCK_STREAM,
                                  .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *found = NULL;
    char service[16];

    if (port < 0 || port > 65535)
        return err_set(e, ERR_CONFIG, "port %d is not between 0 and 65535", port);
    snprintf(service, sizeof service, "%d", port);
    /* An empty text would mean "everywhere" to getaddrinfo. */
    if (!*numeric || getaddrinfo(numeric, service, &want, &found) != 0)
        return err_set(e, ERR_CONFIG, "'%s' is not a numeric address to listen at", address);
    bool ok = open_at(found, fd);
    int code = errno;
    freeaddrinfo(found);
    if (!ok)
        return fail(e, code, address, port);
    *bound = port_of(*fd);
    return true;
}
