/* HTTP requests: libcurl's multi interface, its sockets and its timer on the loop. The one file that knows
 * libcurl. */
#include "core/fetch.h"

#include <assert.h>
#include <curl/curl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"

enum { MAX_READ = 1 << 20, MAX_HEADERS = 256 * 1024, MAX_IDLE_CONNECTIONS = 16 };

/* A socket of libcurl's that the loop watches. */
struct watch {
    struct watch *next, **self;
    struct fetcher *fetcher;
    struct loop_fd *fd;
    curl_socket_t socket;
};

struct fetch {
    struct fetch *next, **self;
    struct fetcher *fetcher;
    CURL *easy;
    struct curl_slist *headers;
    fetch_done_fn *fn;
    void *ctx;
    char *host; /* all of the URL that a message may show */
    double timeout_s;
    struct text body;
    size_t read, read_headers;
    bool cut;                    /* the answer was too long */
    char error[CURL_ERROR_SIZE]; /* libcurl's own words: never shown, they may quote a URL */
};

struct fetcher {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer *timer;
    struct watch *watches;
    struct fetch *running;
    bool telling; /* a callback of ours may run: freeing waits for its end */
    bool freed;
};

/* ---- Sockets and time ---- */

static void watch_free(struct watch *w)
{
    loop_fd_free(w->fd);
    *w->self = w->next;
    if (w->next != NULL)
        w->next->self = w->self;
    free(w);
}

/* It runs no more, and nobody finds it. */
static void leave(struct fetch *r)
{
    curl_multi_remove_handle(r->fetcher->multi, r->easy);
    *r->self = r->next;
    if (r->next != NULL)
        r->next->self = r->self;
}

static void fetch_free(struct fetch *r)
{
    curl_easy_cleanup(r->easy);
    curl_slist_free_all(r->headers);
    text_done(&r->body);
    free(r->host);
    free(r);
}

static void destroy(struct fetcher *f)
{
    curl_multi_cleanup(f->multi);
    while (f->watches != NULL)
        watch_free(f->watches);
    loop_timer_free(f->timer);
    curl_global_cleanup();
    free(f);
}

/* Calls back. */
static void finish(struct fetch *r, CURLcode code);

/* Tells what has ended. A callback may start, cancel, and free the fetcher. */
static void tell_ended(struct fetcher *f)
{
    CURLMsg *m;
    int left;
    f->telling = true;
    while (!f->freed && (m = curl_multi_info_read(f->multi, &left)) != NULL) {
        struct fetch *r = NULL;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &r);
        finish(r, m->data.result);
    }
    f->telling = false;
    if (f->freed)
        destroy(f);
}

static void act(struct fetcher *f, curl_socket_t socket, int events)
{
    int running;
    curl_multi_socket_action(f->multi, socket, events, &running);
    tell_ended(f);
}

static void socket_ready(void *ctx, bool readable, bool writable)
{
    struct watch *w = ctx;
    act(w->fetcher, w->socket, (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0));
}

static void time_is_up(void *ctx)
{
    act(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static int socket_changed(CURL *easy, curl_socket_t socket, int what, void *ctx, void *assigned)
{
    (void)easy;
    struct fetcher *f = ctx;
    struct watch *w = assigned;
    if (what == CURL_POLL_REMOVE) {
        if (w != NULL)
            watch_free(w);
        return 0;
    }
    if (w == NULL) {
        w = mem_new(sizeof(*w));
        *w = (struct watch){.next = f->watches, .self = &f->watches, .fetcher = f, .socket = socket};
        if (w->next != NULL)
            w->next->self = &w->next;
        f->watches = w;
        w->fd = loop_fd_new(f->loop, socket, socket_ready, w);
        curl_multi_assign(f->multi, socket, w);
    }
    if (w->fd != NULL) /* else the request ends at its timeout */
        loop_fd_want(w->fd, (what & CURL_POLL_IN) != 0, (what & CURL_POLL_OUT) != 0);
    return 0;
}

static int timer_changed(CURLM *multi, long ms, void *ctx)
{
    (void)multi;
    struct fetcher *f = ctx;
    if (ms < 0)
        loop_timer_stop(f->timer);
    else
        loop_timer_start(f->timer, (double)ms / 1000, 0);
    return 0;
}

struct fetcher *fetcher_new(struct loop *loop)
{
    struct fetcher *f = mem_new(sizeof(*f));
    curl_global_init(CURL_GLOBAL_DEFAULT); /* counted by libcurl */
    *f = (struct fetcher){.loop = loop, .multi = curl_multi_init()};
    f->timer = loop_timer_new(loop, time_is_up, f);
    curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, socket_changed);
    curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
    curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, timer_changed);
    curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
    curl_multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, (long)MAX_IDLE_CONNECTIONS);
    return f;
}

void fetcher_free(struct fetcher *f)
{
    if (f == NULL)
        return;
    while (f->running != NULL)
        fetch_cancel(f->running);
    f->freed = true;
    if (!f->telling)
        destroy(f);
}

/* ---- The answer ---- */

static size_t take_body(char *data, size_t size, size_t n, void *ctx)
{
    struct fetch *r = ctx;
    n *= size;
    size_t room = r->body.max - r->body.len;
    text_add_n(&r->body, data, n < room ? n : room);
    r->read += n;
    r->cut = r->read > MAX_READ && r->read > r->body.max;
    return r->cut ? 0 : n; /* 0 ends the transfer */
}

static size_t take_header(char *data, size_t size, size_t n, void *ctx)
{
    (void)data;
    struct fetch *r = ctx;
    r->read_headers += n * size;
    return r->read_headers > MAX_HEADERS ? 0 : n * size;
}

/* The certificate is believed and is for somebody else. The verdict that libcurl hands out does not tell
 * this: with OpenSSL names are compared before it is set (lib/vtls/openssl.c, servercert). */
static bool is_other_name(const struct fetch *r, CURLcode code)
{
    return code == CURLE_PEER_FAILED_VERIFICATION && strstr(r->error, "subject name") != NULL;
}

/* What a server without TLS says to a handshake is no record of TLS: as OpenSSL tells it, before and after
 * its version 3.2, and as GnuTLS does. */
static bool is_plain(const struct fetch *r)
{
    static const char *const words[] = {"wrong version number", "packet length too long",
                                        "record layer failure", "unexpected TLS packet"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strstr(r->error, words[i]) != NULL)
            return true;
    return false;
}

/* A port with TLS cuts off whoever speaks plain HTTP to it, or answers with an alert. */
static bool may_want_tls(const struct fetch *r)
{
    const char *scheme = NULL;
    curl_easy_getinfo(r->easy, CURLINFO_SCHEME, &scheme);
    return scheme != NULL && strcasecmp(scheme, "http") == 0 && r->read_headers == 0 && r->read == 0;
}

static const char *explain_certificate(const struct fetch *r, CURLcode code)
{
    return is_other_name(r, code) ? "its certificate is believed, but is for another name than this one"
                                  : "its certificate is not believed; a private authority goes into ca_file";
}

/* Why CODE, in our words: libcurl's own may quote a URL, which is a secret. */
static void explain(const struct fetch *r, CURLcode code, struct text *out)
{
    long os_errno = 0;
    curl_easy_getinfo(r->easy, CURLINFO_OS_ERRNO, &os_errno);
    text_addf(out, "%s: ", r->host);
    switch ((int)code) {
    case CURLE_OPERATION_TIMEDOUT:
        text_addf(out, "no complete answer within %.3g s", r->timeout_s);
        break;
    case CURLE_COULDNT_RESOLVE_HOST:
        text_add(out, "the name is not known");
        break;
    case CURLE_COULDNT_CONNECT:
        text_addf(out, "no connection%s%s", os_errno == 0 ? "" : ": ",
                  os_errno == 0 ? "" : strerrordesc_np((int)os_errno));
        break;
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
        text_addf(out, "the connection was cut before the answer was complete%s",
                  may_want_tls(r) ? "; a port that wants https:// does so" : "");
        break;
    case CURLE_UNSUPPORTED_PROTOCOL:
        text_addf(out, "what answers there speaks no HTTP%s", may_want_tls(r) ? "; https:// ?" : "");
        break;
    case CURLE_SSL_CONNECT_ERROR:
        text_add(out,
                 is_plain(r) ? "what answers there speaks no TLS; http:// ?" : "TLS was not agreed upon");
        break;
    case CURLE_PEER_FAILED_VERIFICATION:
        text_add(out, explain_certificate(r, code));
        break;
    case CURLE_SSL_CACERT_BADFILE:
        text_add(out, "ca_file cannot be read");
        break;
    case CURLE_WRITE_ERROR:
        text_addf(out, "the headers of the answer are more than %d kB", MAX_HEADERS / 1024);
        break;
    default:
        text_add(out, curl_easy_strerror(code));
    }
}

static void finish(struct fetch *r, CURLcode code)
{
    struct fetch_answer answer = {.retry_after_s = NAN, .content_type = ""};
    struct text why;
    text_init(&why, 500);
    curl_off_t took_us = 0, retry_after_s = 0;
    curl_easy_getinfo(r->easy, CURLINFO_TOTAL_TIME_T, &took_us);
    answer.took_ms = (double)took_us / 1000;
    if (code == CURLE_OK || r->cut) {
        long status = 0;
        char *type = NULL;
        curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(r->easy, CURLINFO_CONTENT_TYPE, &type);
        curl_easy_getinfo(r->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
        answer.status = (int)status;
        answer.content_type = type == NULL ? "" : type;
        if (retry_after_s > 0)
            answer.retry_after_s = (double)retry_after_s;
    } else {
        explain(r, code, &why);
        answer.error = text_str(&why);
        answer.tls_refused = code == CURLE_PEER_FAILED_VERIFICATION;
        answer.other_name = is_other_name(r, code);
    }
    answer.body = text_str(&r->body);
    answer.len = r->body.len;
    answer.cut = r->read > r->body.max;
    leave(r);
    r->fn(r->ctx, &answer);
    text_done(&why);
    fetch_free(r);
}

/* ---- The request ---- */

/* The URL's host, if the URL can be asked at all. */
static char *host_of(const char *url, struct err *err)
{
    CURLU *u = curl_url();
    char *host = NULL, *scheme = NULL, *copy = NULL;
    if (curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        fail(err, "the URL cannot be understood; expected http://host/path or https://host/path");
    else if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
        fail(err, "the URL is neither http nor https");
    else
        copy = mem_dup(host);
    curl_free(host);
    curl_free(scheme);
    curl_url_cleanup(u);
    return copy;
}

bool fetch_check(const char *url, struct err *err)
{
    char *host = host_of(url, err);
    bool ok = host != NULL;
    free(host);
    return ok;
}

static struct curl_slist *add_header(struct curl_slist *list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(list, line);
    return longer == NULL ? list : longer;
}

static void set_headers(struct fetch *r, const struct fetch_request *q)
{
    r->headers = add_header(NULL, "Expect:"); /* no second trip before a long body */
    for (int i = 0; q->headers != NULL && q->headers[i] != NULL; i++)
        if (strpbrk(q->headers[i], "\r\n") ==
            NULL) /* it would be a header, or a body, of somebody else's making */
            r->headers = add_header(r->headers, q->headers[i]);
    curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->headers);
}

static void set_body(struct fetch *r, const struct fetch_request *q)
{
    if (q->body != NULL) {
        curl_easy_setopt(r->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->len);
        curl_easy_setopt(r->easy, CURLOPT_COPYPOSTFIELDS, q->body);
    }
    if (q->method != NULL && strcmp(q->method, "HEAD") == 0)
        curl_easy_setopt(r->easy, CURLOPT_NOBODY, 1L);
    else if (q->method != NULL)
        curl_easy_setopt(r->easy, CURLOPT_CUSTOMREQUEST, q->method);
}

/* What every request of ours has. */
static void set_rules(struct fetch *r)
{
    curl_easy_setopt(r->easy, CURLOPT_PRIVATE, r);
    curl_easy_setopt(r->easy, CURLOPT_ERRORBUFFER, r->error);
    curl_easy_setopt(r->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(r->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(r->easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(r->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(r->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    curl_easy_setopt(r->easy, CURLOPT_TIMEOUT_MS, (long)(r->timeout_s * 1000));
    curl_easy_setopt(r->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(r->timeout_s * 1000));
    curl_easy_setopt(r->easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(r->easy, CURLOPT_WRITEDATA, r);
    curl_easy_setopt(r->easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(r->easy, CURLOPT_HEADERDATA, r);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A look-up that hangs is left behind at the timeout: waiting for its thread would stop the loop. */
    curl_easy_setopt(r->easy, CURLOPT_QUICK_EXIT, 1L);
#endif
}

struct fetch *fetch_start(struct fetcher *f, const struct fetch_request *q, fetch_done_fn *fn, void *ctx,
                          struct err *err)
{
    assert(!f->freed);
    char *host = host_of(q->url, err);
    if (host == NULL)
        return NULL;
    struct fetch *r = mem_new(sizeof(*r));
    *r = (struct fetch){.next = f->running, .self = &f->running, .fetcher = f, .easy = curl_easy_init()};
    r->fn = fn;
    r->ctx = ctx;
    r->host = host;
    r->timeout_s = q->timeout_s > 0.001 ? q->timeout_s : 0.001;
    text_init(&r->body, q->max_answer);
    if (r->next != NULL)
        r->next->self = &r->next;
    f->running = r;
    set_rules(r);
    curl_easy_setopt(r->easy, CURLOPT_URL, q->url);
    if (q->unix_socket != NULL) {
        curl_easy_setopt(r->easy, CURLOPT_UNIX_SOCKET_PATH, q->unix_socket);
        curl_easy_setopt(r->easy, CURLOPT_PROXY, "");
    }
    if (q->user_password != NULL)
        curl_easy_setopt(r->easy, CURLOPT_USERPWD, q->user_password);
    if (q->ca_file != NULL) {
        curl_easy_setopt(r->easy, CURLOPT_CAINFO, q->ca_file);
        curl_easy_setopt(r->easy, CURLOPT_CAPATH, NULL);
    }
    set_headers(r, q);
    set_body(r, q);
    curl_multi_add_handle(f->multi, r->easy);
    return r;
}

void fetch_cancel(struct fetch *r)
{
    if (r == NULL)
        return;
    leave(r);
    fetch_free(r);
}
