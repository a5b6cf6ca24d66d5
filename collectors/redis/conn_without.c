/* Built without hiredis: there is no connection, and every target of Redis says why. */
#include <stdlib.h>

#include "collectors/redis/conn.h"

struct redis_conn *redis_conn_open(struct loop *loop, const struct redis_place *place, const char *password,
                                   double connect_s, struct redis_handler handler)
{
    (void)loop, (void)place, (void)password, (void)connect_s, (void)handler;
    return NULL;
}

void redis_conn_send(struct redis_conn *c, const struct redis_command *command)
{
    (void)c, (void)command;
}

void redis_conn_close(struct redis_conn *c, const char *text)
{
    (void)c, (void)text;
}

bool redis_conn_built(void)
{
    return false;
}
