/* pgbouncer://USER@HOST:6432: a URL of libpq's with another scheme, port and database. */
#include <string.h>

#include "collectors/pgbouncer/inside.h"

struct conn_info *bouncer_url_parse(const char *url, struct err *err)
{
    struct text t;
    text_init(&t, 1 << 16);
    text_addf(&t, "postgresql://%s", url + strlen("pgbouncer://"));
    struct err why = {0};
    struct conn_info *info = conn_info_parse(text_str(&t), &why);
    if (info == NULL) {
        const char *colon = strstr(why.text, ": ");
        fail(err, "cannot read the URL of PgBouncer%s", colon != NULL ? colon : "");
    } else if (!conn_info_says(text_str(&t), "service")) {
        if (!conn_info_says(text_str(&t), "port"))
            conn_info_set(info, "port", "6432");
        if (!conn_info_says(text_str(&t), "dbname"))
            conn_info_set(info, "dbname", "pgbouncer");
    }
    text_done(&t);
    return info;
}
