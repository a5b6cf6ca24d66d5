/* Listening sockets: TCP by numbers, and a unix socket that nobody else listens on. */
#include "serve/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 511 };

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t len;
    bool loopback;
};

/* HOST is [LEN] of the text, without brackets. */
static bool set_host(struct address *a, const char *text, size_t len, int port)
{
    char host[INET6_ADDRSTRLEN];
    if (len >= sizeof(host))
        return false;
    memcpy(host, text, len);
    host[len] = '\0';
    const char *numbers = strcmp(host, "localhost") == 0 ? "127.0.0.1"
                          : strcmp(host, "*") == 0       ? "0.0.0.0"
                                                         : host;
    if (inet_pton(AF_INET, numbers, &a->v4.sin_addr) == 1) {
        a->v4.sin_family = AF_INET;
        a->v4.sin_port = htons((uint16_t)port);
        a->len = sizeof(a->v4);
        a->loopback = (ntohl(a->v4.sin_addr.s_addr) >> 24) == 127;
        return true;
    }
    if (inet_pton(AF_INET6, numbers, &a->v6.sin6_addr) != 1)
        return false;
    a->v6.sin6_family = AF_INET6;
    a->v6.sin6_port = htons((uint16_t)port);
    a->len = sizeof(a->v6);
    a->loopback = IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
    return true;
}

static bool parse(const char *text, struct address *a, struct err *err)
{
    *a = (struct address){0};
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    long port = colon != NULL && colon[1] != '\0' ? strtol(colon + 1, &end, 10) : -1;
    bool bracketed = text[0] == '[' && colon > text && colon[-1] == ']';
    size_t len = colon != NULL ? (size_t)(colon - text) : 0;
    if (port < 0 || port > 65535 || *end != '\0' ||
        !set_host(a, bracketed ? text + 1 : text, bracketed ? len - 2 : len, (int)port))
        return fail(
            err,
            "cannot listen on %s: give an address in numbers and a port, as 127.0.0.1:9630 or [::1]:9630",
            text);
    return true;
}

bool listen_is_loopback(const char *address, bool *loopback, struct err *err)
{
    struct address a;
    if (!parse(address, &a, err))
        return false;
    *loopback = a.loopback;
    return true;
}

static int port_of(int fd)
{
    struct address a = {.len = sizeof(a.v6)};
    if (getsockname(fd, &a.any, &a.len) != 0)
        return 0;
    return ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
}

bool listen_tcp(const char *address, struct listener *out, struct err *err)
{
    struct address a;
    if (!parse(address, &a, err))
        return false;
    int on = 1, fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (fd < 0 || bind(fd, &a.any, a.len) != 0 || listen(fd, BACKLOG) != 0) {
        fail(err, "cannot listen on %s: %s%s", address, strerror(errno),
             errno == EADDRINUSE ? "; another process does, choose another port in [http] listen" : "");
        if (fd >= 0)
            close(fd);
        return false;
    }
    *out = (struct listener){.fd = fd, .port = port_of(fd), .loopback = a.loopback};
    return true;
}

/* True when the place is free: nothing is there, or a socket that nobody listens on, which is removed. */
static bool make_room(const struct sockaddr_un *a, struct err *err)
{
    struct stat st;
    if (lstat(a->sun_path, &st) != 0)
        return errno == ENOENT || fail(err, "cannot listen on %s: %s", a->sun_path, strerror(errno));
    if (!S_ISSOCK(st.st_mode))
        return fail(err, "cannot listen on %s: a file that is no socket stands there", a->sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool dead = fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof(*a)) != 0 && errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    if (!dead)
        return fail(err, "cannot listen on %s: another process does", a->sun_path);
    if (unlink(a->sun_path) != 0)
        return fail(err, "cannot replace the socket %s: %s", a->sun_path, strerror(errno));
    return true;
}

bool listen_unix(const char *path, struct listener *out, struct err *err)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(a.sun_path))
        return fail(err, "cannot listen on %s: a socket's path has at most %zu bytes", path,
                    sizeof(a.sun_path) - 1);
    memcpy(a.sun_path, path, strlen(path) + 1);
    if (!make_room(&a, err))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    /* Linux makes the file with the mode that the socket has, so that it never is more open than this. */
    if (fd >= 0)
        fchmod(fd, 0660);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 || chmod(path, 0660) != 0 ||
        listen(fd, BACKLOG) != 0) {
        fail(err, "cannot listen on %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    *out = (struct listener){.fd = fd};
    return true;
}
