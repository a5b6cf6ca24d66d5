/* The little that the demo's application says to Redis: is it there, and keep it for a while. Redis reads lines as commands ("inline
 * commands" of its protocol), so that this needs no library. */
#include "demo/parts.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* The first line of the answer to LINE, without its end. An answer with a text in it has a second one, which is read too. */
static bool say(int fd, const char *line, char *out, size_t size)
{
    size_t len = strlen(line), have = 0;
    if (send(fd, line, len, MSG_NOSIGNAL) != (ssize_t)len)
        return false;
    int ends = 0, wanted = 1;
    while (ends < wanted && have < size - 1) {
        ssize_t n = recv(fd, out + have, 1, 0);
        if (n != 1)
            return false;
        ends += out[have] == '\n';
        have++;
        if (ends == 1 && out[0] == '$' && out[1] != '-')
            wanted = 2;
    }
    out[have] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
    return ends == wanted;
}

int cache_open(int port, const char *password)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 2};
    char line[64], answer[128];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    snprintf(line, sizeof(line), "AUTH %s\r\n", password);
    if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && say(fd, line, answer, sizeof(answer)) && strcmp(answer, "+OK") == 0)
        return fd;
    close(fd);
    return -1;
}

int cache_ask(int fd, const char *key, int ttl_s)
{
    /* What the application would keep: about half a kilobyte. */
    static const char dots[] = "................................................................................................................................";
    char line[768], answer[768];
    snprintf(line, sizeof(line), "GET %s\r\n", key);
    if (!say(fd, line, answer, sizeof(answer)))
        return -1;
    if (answer[0] == '$' && answer[1] != '-')
        return 1;
    snprintf(line, sizeof(line), "SET %s %s%s%s%s EX %d\r\n", key, dots, dots, dots, dots, ttl_s);
    return say(fd, line, answer, sizeof(answer)) ? 0 : -1;
}
