/* What Redis means by its errors, and what can be done about them. */
#include <stdio.h>
#include <string.h>

#include "collectors/redis/conn.h"
#include "core/text.h"
#include "core/utf8.h"

static const struct {
    const char *begins;
    enum failure why;
    bool denies;
    const char *meant;
} sentences[] = {
    // clang-format off
    {"NOAUTH", FAILURE_PERMISSION, true, "Redis wants a password: redis://USER:PASSWORD@HOST, or password_command in the target's section"},
    {"WRONGPASS", FAILURE_PERMISSION, true, "the user or the password is wrong, or that user is off"},
    {"ERR invalid password", FAILURE_PERMISSION, true, "the password is wrong"},
    {"ERR AUTH <password> called without any password", FAILURE_PERMISSION, true, "a password was given, and this Redis has none: leave it out"},
    {"ERR Client sent AUTH, but no password is set", FAILURE_PERMISSION, true, "a password was given, and this Redis has none: leave it out"},
    {"ERR wrong number of arguments for 'auth'", FAILURE_PERMISSION, true, "this Redis knows no users (that needs Redis 6): leave the user out of the URL"},
    {"NOPERM", FAILURE_PERMISSION, true, "this user may not: ACL SETUSER NAME +info +slowlog|get +latency|latest +client|list +config|get +select +ping"},
    {"DENIED Redis is running in protected mode", FAILURE_PERMISSION, true, "Redis is in protected mode: it has no password, and answers its own machine only: set a password there, or bind it to one address"},
    {"LOADING", FAILURE_OTHER, true, "Redis is loading its data into memory, and answers when that is done"},
    {"MASTERDOWN", FAILURE_OTHER, false, "this replica has lost its master, and replica-serve-stale-data is no"},
    {"BUSY", FAILURE_OTHER, true, "Redis runs a script that does not end, and answers nobody: SCRIPT KILL or FUNCTION KILL"},
    {"READONLY", FAILURE_PERMISSION, false, "this is a replica, which is read-only: do it on the master"},
    {"MISCONF", FAILURE_OTHER, false, "Redis takes no writes, since it could not save to disk: see redis_server, rdb_ok"},
    {"ERR max number of clients reached", FAILURE_LOST, true, "all places for clients are taken: maxclients"},
    {"ERR DB index is out of range", FAILURE_OTHER, true, "there is no database of that number: the setting databases says how many there are"},
    {"ERR invalid DB index", FAILURE_OTHER, true, "there is no database of that number: the setting databases says how many there are"},
    {"ERR SELECT is not allowed in cluster mode", FAILURE_OTHER, true, "a cluster has database 0 only"},
    {"ERR unknown command", FAILURE_ABSENT, false, "this server does not know that command, or it was renamed"},
    {"ERR unknown subcommand", FAILURE_ABSENT, false, "this version does not know that command"},
    {"ERR Unknown subcommand", FAILURE_ABSENT, false, "this version does not know that command"},
    {"HTTP/", FAILURE_OTHER, true, "a web server answers there"},
    // clang-format on
};
enum { N_SENTENCES = sizeof(sentences) / sizeof(sentences[0]) };

static int find(const char *error, size_t len)
{
    for (int i = 0; i < N_SENTENCES; i++) {
        size_t n = strlen(sentences[i].begins);
        if (len >= n && memcmp(error, sentences[i].begins, n) == 0)
            return i;
    }
    return -1;
}

enum failure redis_meaning(const char *error, size_t len, char *out, size_t size)
{
    struct text valid, clean;
    int i = find(error, len);
    text_init(&valid, 300);
    text_init(&clean, 300);
    utf8_mend(&valid, error, len < 250 ? len : 250);
    utf8_clean(&clean, text_str(&valid), false);
    if (i >= 0)
        snprintf(out, size, "%s (%s)", sentences[i].meant, text_str(&clean));
    else
        snprintf(out, size, "%s", text_str(&clean));
    text_done(&valid);
    text_done(&clean);
    return i >= 0 ? sentences[i].why : FAILURE_OTHER;
}

bool redis_denies(const char *error, size_t len)
{
    int i = find(error, len);
    return i >= 0 && sentences[i].denies;
}
