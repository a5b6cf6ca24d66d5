/* One connection to Redis once it is there: logged in, commands go out in order and are answered in order. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collectors/redis/conn_inside.h"
#include "core/mem.h"

enum { MOST_TURNS = 16 };
static const double LOGIN_S = 3;

bool redis_conn_built(void)
{
    return true;
}

/* ---- Life ---- */

void redis_conn_hang_up(struct redis_conn *c)
{
    if (c->watch != NULL)
        loop_fd_free(c->watch);
    c->watch = NULL;
    redis_tls_free(c->tls);
    c->tls = NULL;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

static void destroy(struct redis_conn *c)
{
    redis_conn_hang_up(c);
    if (c->lookup != NULL)
        loop_lookup_cancel(c->lookup);
    loop_timer_free(c->timer);
    redis_reader_free(c->reader);
    for (int i = 0; i < c->n_addresses; i++)
        free(c->addresses[i]);
    free(c->out);
    free(c->password);
    free(c);
}

void redis_conn_enter(struct redis_conn *c)
{
    c->depth++;
}

void redis_conn_leave(struct redis_conn *c)
{
    if (--c->depth == 0 && c->closed)
        destroy(c);
}

static void answer(struct redis_conn *c, const struct redis_answer *a)
{
    struct pending *p = c->first;
    c->first = p->next;
    c->last = c->first == NULL ? NULL : c->last;
    c->n_pending--;
    p->done(p->ctx, a);
    free(p);
}

/* Those of the login are asked by the connection itself, and die with it. */
static void give_up(struct redis_conn *c, enum failure why, const char *text)
{
    while (c->first != NULL)
        answer(c, &(struct redis_answer){
                      .why = why, .text = text, .start_s = c->first->start_s, .end_s = loop_mono_s()});
}

void redis_conn_die(struct redis_conn *c, enum redis_trouble trouble, const char *text)
{
    if (c->state == DEAD)
        return;
    c->state = DEAD;
    redis_conn_hang_up(c);
    loop_timer_stop(c->timer);
    give_up(c, trouble == REDIS_HUNG ? FAILURE_TIMEOUT : FAILURE_LOST, text);
    if (!c->closed)
        c->handler.down(c->handler.ctx, trouble, text);
}

void redis_conn_close(struct redis_conn *c, const char *text)
{
    if (c == NULL)
        return;
    redis_conn_enter(c);
    c->closed = true;
    c->state = DEAD;
    give_up(c, FAILURE_LOST, text);
    redis_conn_leave(c);
}

/* ---- Sending ---- */

void redis_conn_watch(struct redis_conn *c)
{
    if (c->watch != NULL)
        loop_fd_want(c->watch, true, c->out_len > c->sent);
}

static void set_deadline(struct redis_conn *c)
{
    if (c->first != NULL)
        loop_timer_start(c->timer, fmax(0, c->first->deadline_s - loop_mono_s()), 0);
    else
        loop_timer_stop(c->timer);
}

static void put_out(struct redis_conn *c, const char *bytes, size_t len)
{
    if (c->sent > 0) {
        memmove(c->out, c->out + c->sent, c->out_len - c->sent);
        c->out_len -= c->sent;
        c->sent = 0;
    }
    c->out = mem_grow(c->out, c->out_len + len + 1, 1);
    memcpy(c->out + c->out_len, bytes, len);
    c->out_len += len;
}

void redis_conn_send(struct redis_conn *c, const struct redis_command *command)
{
    size_t len;
    struct pending *p = mem_new(sizeof(*p));
    *p = (struct pending){.done = command->done,
                          .ctx = command->ctx,
                          .start_s = loop_mono_s(),
                          .deadline_s = loop_mono_s() + command->timeout_s};
    if (c->last != NULL)
        c->last->next = p;
    else
        c->first = p;
    c->last = p;
    if (c->n_pending++ == 0)
        set_deadline(c);
    char *bytes = redis_format(command, &len);
    if (bytes != NULL)
        put_out(c, bytes, len);
    redis_format_free(bytes);
    redis_conn_watch(c);
}

/* False: the connection is gone. */
bool redis_conn_write(struct redis_conn *c)
{
    while (c->sent < c->out_len) {
        const char *from = c->out + c->sent;
        size_t len = c->out_len - c->sent;
        ssize_t n =
            c->tls != NULL ? redis_tls_write(c->tls, from, len) : send(c->fd, from, len, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
            break;
        if (n <= 0) /* what it said before it went may still be read */
            return false;
        c->sent += (size_t)n;
    }
    if (c->sent == c->out_len)
        c->sent = c->out_len = 0;
    return true;
}

/* ---- The login: AUTH, a name for ourselves, the database ---- */

static void log_in(struct redis_conn *c, const char *const *words, int n, redis_answer_fn *done)
{
    c->to_log_in++;
    redis_conn_send(
        c, &(struct redis_command){.words = words, .n = n, .timeout_s = LOGIN_S, .done = done, .ctx = c});
}

static void logged_in(struct redis_conn *c)
{
    if (--c->to_log_in > 0 || c->state != LOGGING_IN)
        return;
    c->state = UP;
    if (!c->closed)
        c->handler.up(c->handler.ctx);
}

static void on_needed(void *ctx, const struct redis_answer *a)
{
    struct redis_conn *c = ctx;
    if (a->value != NULL && a->text != NULL)
        redis_conn_die(c, REDIS_DENIED, a->text);
    else if (a->value != NULL)
        logged_in(c);
}

/* A user may be without the right to say its name; who has not logged in is told so here. */
static void on_name(void *ctx, const struct redis_answer *a)
{
    struct redis_conn *c = ctx;
    bool no_perm =
        a->value != NULL && a->value->kind == REDIS_ERROR && strncmp(a->value->text, "NOPERM", 6) == 0;
    if (a->value != NULL && a->text != NULL && !no_perm && redis_denies(a->value->text, a->value->len))
        redis_conn_die(c, REDIS_DENIED, a->text);
    else if (a->value != NULL)
        logged_in(c);
}

void redis_conn_log_in(struct redis_conn *c)
{
    const char *user = c->place->user, *password = c->password != NULL ? c->password : c->place->password;
    char db[20];
    c->state = LOGGING_IN;
    c->reader = redis_reader_new();
    if (password != NULL && user != NULL)
        log_in(c, (const char *const[]){"AUTH", user, password}, 3, on_needed);
    else if (password != NULL)
        log_in(c, (const char *const[]){"AUTH", password}, 2, on_needed);
    log_in(c, (const char *const[]){"CLIENT", "SETNAME", "dbvitals"}, 3, on_name);
    snprintf(db, sizeof(db), "%d", c->place->db);
    if (c->place->db != 0)
        log_in(c, (const char *const[]){"SELECT", db}, 2, on_needed);
}

/* ---- Reading ---- */

static void take(struct redis_conn *c, const struct redis_value *v, struct arena *arena, size_t bytes)
{
    char text[700];
    struct redis_answer a = {
        .value = v, .arena = arena, .start_s = c->first->start_s, .end_s = loop_mono_s(), .bytes = bytes};
    if (v->kind == REDIS_ERROR) {
        a.why = redis_meaning(v->text, v->len, text, sizeof(text));
        a.text = text;
    }
    answer(c, &a);
}

/* An error that nobody asked for is said before the server hangs up. */
static bool take_all(struct redis_conn *c, struct err *err)
{
    struct redis_value *v;
    struct arena *arena;
    size_t bytes;
    while (c->state != DEAD) {
        if (!redis_reader_next(c->reader, &v, &arena, &bytes, err))
            return false;
        if (v == NULL)
            return true;
        if (c->first != NULL)
            take(c, v, arena, bytes);
        arena_unref(arena);
    }
    return true;
}

void redis_conn_read(struct redis_conn *c)
{
    char room[16384];
    struct err err = {""};
    for (int i = 0; i < MOST_TURNS && c->state != DEAD; i++) {
        ssize_t n =
            c->tls != NULL ? redis_tls_read(c->tls, room, sizeof(room)) : recv(c->fd, room, sizeof(room), 0);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
            break;
        if (n <= 0) {
            snprintf(err.text, sizeof(err.text), "the server closed the connection%s%.100s",
                     n < 0 ? ": " : "", n < 0 ? strerror(errno) : "");
            redis_conn_die(c, REDIS_LOST, err.text);
        } else if (!redis_reader_feed(c->reader, room, (size_t)n, &err) || !take_all(c, &err)) {
            redis_conn_die(c, REDIS_DENIED, err.text);
        }
    }
    if (c->state != DEAD)
        set_deadline(c);
}
