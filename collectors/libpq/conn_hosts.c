/* The host list of a connection: every name is looked up in the pool, so that libpq never waits for a name
 * server. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/libpq/conn_inside.h"
#include "core/mem.h"

struct look {
    struct looking *all;
    struct host host;           /* as given */
    struct loop_lookup *lookup; /* NULL when it is answered, or needs none */
    char **addresses;
    int n_addresses;
};

struct looking {
    struct conn *conn;
    struct look looks[N_HOSTS_MAX];
    int n, n_waiting;
    char error[300];
};

/* The INDEXth part of a list with commas on the heap; the last part also stands for those after it. */
static char *part(const char *list, int index)
{
    if (list == NULL)
        return mem_dup("");
    for (const char *comma; index > 0 && (comma = strchr(list, ',')) != NULL; index--)
        list = comma + 1;
    size_t n = strcspn(list, ",");
    char *copy = mem_new(n + 1);
    memcpy(copy, list, n);
    return copy;
}

static int n_parts(const char *list)
{
    int n = 1;
    for (; list != NULL && (list = strchr(list, ',')) != NULL; list++)
        n++;
    return n;
}

static bool needs_lookup(const struct host *h)
{
    struct in_addr four;
    return h->address[0] == '\0' && h->name[0] != '\0' && h->name[0] != '/' && h->name[0] != '@' &&
           strchr(h->name, ':') == NULL && inet_pton(AF_INET, h->name, &four) != 1;
}

static void host_done(struct host *h)
{
    free(h->name);
    free(h->address);
    free(h->port);
    *h = (struct host){0};
}

static void forget(struct looking *l)
{
    for (int i = 0; i < l->n; i++) {
        struct look *k = &l->looks[i];
        if (k->lookup != NULL)
            loop_lookup_cancel(k->lookup);
        for (int j = 0; j < k->n_addresses; j++)
            free(k->addresses[j]);
        free(k->addresses);
        host_done(&k->host);
    }
    free(l);
}

void conn_hosts_free(struct conn *c)
{
    if (c->looking != NULL)
        forget(c->looking);
    c->looking = NULL;
    for (int i = 0; i < c->n_hosts; i++)
        host_done(&c->hosts[i]);
    c->n_hosts = 0;
}

static void add_host(struct conn *c, const struct host *given, const char *address)
{
    if (c->n_hosts < N_HOSTS_MAX)
        c->hosts[c->n_hosts++] = (struct host){
            .name = mem_dup(given->name), .address = mem_dup(address), .port = mem_dup(given->port)};
}

/* One entry per address, in the order of the list. */
static void settle(struct looking *l)
{
    struct conn *c = l->conn;
    char error[sizeof(l->error)];
    memcpy(error, l->error, sizeof(error));
    for (int i = 0; i < l->n; i++) {
        struct look *k = &l->looks[i];
        if (!needs_lookup(&k->host))
            add_host(c, &k->host, k->host.address);
        for (int j = 0; j < k->n_addresses; j++)
            add_host(c, &k->host, k->addresses[j]);
    }
    c->looking = NULL;
    forget(l);
    conn_hosts_ready(c, c->n_hosts == 0 ? error : NULL);
}

static void found(void *ctx, const char *const *addresses, int n, const char *error)
{
    struct look *k = ctx;
    struct looking *l = k->all;
    k->lookup = NULL;
    if (n == 0) {
        struct err e;
        fail(&e, "cannot find the address of host \"%s\": %s", k->host.name, error == NULL ? "none" : error);
        memcpy(l->error, e.text, sizeof(l->error) - 1);
    }
    k->addresses = mem_new_array((size_t)n, sizeof(*k->addresses));
    for (int i = 0; i < n; i++)
        k->addresses[k->n_addresses++] = mem_dup(addresses[i]);
    if (--l->n_waiting > 0)
        return;
    struct conn *c = l->conn;
    conn_enter(c);
    settle(l);
    conn_leave(c);
}

void conn_hosts_find(struct conn *c)
{
    const char *names = conn_info_get(c->info, "host"), *addresses = conn_info_get(c->info, "hostaddr");
    int n = n_parts(names != NULL ? names : addresses);
    struct looking *l = mem_new(sizeof(*l));
    *l = (struct looking){.conn = c, .n = n < N_HOSTS_MAX ? n : N_HOSTS_MAX};
    c->looking = l;
    for (int i = 0; i < l->n; i++) {
        struct look *k = &l->looks[i];
        k->all = l;
        k->host = (struct host){.name = part(names, i),
                                .address = part(addresses, i),
                                .port = part(conn_info_get(c->info, "port"), i)};
        if (needs_lookup(&k->host)) {
            l->n_waiting++;
            k->lookup = loop_lookup(c->loop, k->host.name, found, k);
        }
    }
    if (l->n_waiting == 0)
        settle(l);
}

void conn_hosts_lists(const struct conn *c, struct text *host, struct text *address, struct text *port)
{
    bool any_address = false;
    for (int i = 0; i < c->n_hosts; i++) {
        const struct host *h = &c->hosts[(i + c->options.first_host) % c->n_hosts];
        const char *comma = i > 0 ? "," : "";
        text_addf(host, "%s%s", comma, h->name);
        text_addf(address, "%s%s", comma, h->address);
        text_addf(port, "%s%s", comma, h->port);
        any_address = any_address || h->address[0] != '\0';
    }
    if (!any_address)
        text_clear(address);
}
