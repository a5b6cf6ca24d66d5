/* TLS for a connection to Redis: the server's certificate must be for the name in the URL, and be signed by
 * one that is believed. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "collectors/redis/conn_inside.h"
#include "core/mem.h"

struct redis_tls {
    char *ca_file;
    struct redis_tls_ready ready;
    SSL_CTX *context;
    SSL *ssl;
    char error[300]; /* why there is no context */
    bool is_reading; /* the pool works for it */
    bool is_gone;
};

static void tls_free(struct redis_tls *t)
{
    SSL_free(t->ssl);
    SSL_CTX_free(t->context);
    free(t->ca_file);
    free(t);
}

/* In the pool: the system's certificates are a large file. */
static void read_certificates(void *ctx)
{
    struct redis_tls *t = ctx;
    t->context = SSL_CTX_new(TLS_client_method());
    bool ok = t->context != NULL && SSL_CTX_set_min_proto_version(t->context, TLS1_2_VERSION) == 1;
    if (ok && t->ca_file != NULL)
        ok = SSL_CTX_load_verify_locations(t->context, t->ca_file, NULL) == 1;
    else if (ok)
        ok = SSL_CTX_set_default_verify_paths(t->context) == 1;
    if (!ok) {
        const char *reason = ERR_reason_error_string(ERR_peek_last_error());
        snprintf(t->error, sizeof(t->error), "cannot read the certificates of %.150s: %.100s",
                 t->ca_file != NULL ? t->ca_file : "the system", reason != NULL ? reason : "no such file");
        ERR_clear_error();
    }
}

static void have_read(void *ctx)
{
    struct redis_tls *t = ctx;
    char error[sizeof(t->error)]; /* whoever is told may free T */
    snprintf(error, sizeof(error), "%s", t->error);
    t->is_reading = false;
    if (t->is_gone)
        tls_free(t);
    else
        t->ready.fn(t->ready.ctx, error[0] != '\0' ? error : NULL);
}

struct redis_tls *redis_tls_new(struct loop *loop, const char *ca_file, struct redis_tls_ready ready)
{
    struct redis_tls *t = mem_new(sizeof(*t));
    *t = (struct redis_tls){.ca_file = mem_dup(ca_file), .ready = ready, .is_reading = true};
    loop_work(loop, read_certificates, have_read, t);
    return t;
}

void redis_tls_free(struct redis_tls *t)
{
    if (t == NULL)
        return;
    t->is_gone = true;
    if (!t->is_reading)
        tls_free(t);
}

/* SSL_set_tlsext_host_name, whose macro casts a constant away. */
static bool set_name(SSL *ssl, const char *name)
{
    return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, (void *)(uintptr_t)name) ==
           1;
}

bool redis_tls_begin(struct redis_tls *t, int fd, const char *name, struct err *err)
{
    unsigned char address[16];
    bool is_address = inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
    t->ssl = SSL_new(t->context);
    bool ok = t->ssl != NULL && SSL_set_fd(t->ssl, fd) == 1;
    if (ok && is_address)
        ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), name) == 1;
    else if (ok)
        ok = SSL_set1_host(t->ssl, name) == 1 && set_name(t->ssl, name);
    if (!ok)
        return fail(err, "TLS to %.200s cannot be begun", name);
    SSL_set_verify(t->ssl, SSL_VERIFY_PEER, NULL);
    SSL_set_mode(t->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_set_connect_state(t->ssl);
    return true;
}

enum redis_tls_step redis_tls_shake(struct redis_tls *t, struct err *err)
{
    ERR_clear_error();
    int done = SSL_connect(t->ssl), why = SSL_get_error(t->ssl, done);
    if (done == 1)
        return REDIS_TLS_DONE;
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
        return why == SSL_ERROR_WANT_READ ? REDIS_TLS_READ : REDIS_TLS_WRITE;
    long verdict = SSL_get_verify_result(t->ssl);
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)
        fail(err, "the server's certificate is for another name than that in the URL");
    else if (verdict != X509_V_OK)
        fail(err, "the server's certificate is not believed: %s; ca_file in the [target] names one that is",
             X509_verify_cert_error_string(verdict));
    else
        fail(err, "TLS failed: %s; does Redis speak TLS at this port (tls-port)?",
             reason != NULL ? reason : "the server closed the connection");
    ERR_clear_error();
    return REDIS_TLS_FAILED;
}

/* What TLS has to say of N, as recv and send say it. */
static ssize_t told(struct redis_tls *t, int n)
{
    if (n > 0)
        return n;
    switch (SSL_get_error(t->ssl, n)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        errno = ECONNRESET;
        return -1;
    }
}

ssize_t redis_tls_read(struct redis_tls *t, char *to, size_t size)
{
    ERR_clear_error();
    return told(t, SSL_read(t->ssl, to, (int)size));
}

ssize_t redis_tls_write(struct redis_tls *t, const char *from, size_t len)
{
    ERR_clear_error();
    return told(t, SSL_write(t->ssl, from, (int)(len < 1 << 20 ? len : 1 << 20)));
}
