/* Signatures of Standard Webhooks 1.0 (spec/standard-webhooks.md). The one file that knows OpenSSL's digests.
 */
#include "alerts/deliver_inside.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"

static const char prefix[] = "whsec_";
enum { MAX_KEY = 4096, DIGEST = 32 };

/* The bytes that SECRET stands for, in KEY; their number, 0 on failure. */
static size_t key_of(const char *secret, unsigned char key[MAX_KEY], struct err *err)
{
    size_t len = strlen(secret);
    if (len == 0 || len > MAX_KEY) {
        fail(err, "a secret has 1 to %d bytes", MAX_KEY);
        return 0;
    }
    if (strncmp(secret, prefix, sizeof(prefix) - 1) != 0) {
        memcpy(key, secret, len); /* bytes, no string: NOLINT(bugprone-not-null-terminated-result) */
        return len;
    }
    const char *base64 = secret + sizeof(prefix) - 1;
    len -= sizeof(prefix) - 1;
    size_t padding = len > 1 && base64[len - 1] == '=' ? 1 + (size_t)(base64[len - 2] == '=') : 0;
    bool ok =
        len > 0 && len % 4 == 0 &&
        strspn(base64, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") == len - padding;
    int n = ok ? EVP_DecodeBlock(key, (const unsigned char *)base64, (int)len) : -1;
    if (n < 0 || (size_t)n <= padding) {
        fail(err, "the secret begins with whsec_, but what follows is not base64");
        return 0;
    }
    return (size_t)n - padding; /* EVP_DecodeBlock counts what the padding stands for */
}

bool deliver_sign(const char *secret, const char *id, long long timestamp, const char *body, size_t len,
                  char *out, size_t size, struct err *err)
{
    unsigned char key[MAX_KEY], digest[EVP_MAX_MD_SIZE], base64[(DIGEST + 2) / 3 * 4 + 1];
    size_t n_key = key_of(secret, key, err);
    if (n_key == 0)
        return false;
    struct text signed_text;
    text_init(&signed_text, len + strlen(id) + 64);
    text_addf(&signed_text, "%s.%lld.", id, timestamp);
    text_add_n(&signed_text, body, len);
    unsigned int n = 0;
    bool ok = HMAC(EVP_sha256(), key, (int)n_key, (const unsigned char *)text_str(&signed_text),
                   signed_text.len, digest, &n) != NULL;
    text_done(&signed_text);
    explicit_bzero(key, sizeof(key));
    if (!ok || n != DIGEST)
        return fail(err, "this OpenSSL cannot compute HMAC-SHA256");
    EVP_EncodeBlock(base64, digest, DIGEST);
    if ((size_t)snprintf(out, size, "v1,%s", (const char *)base64) >= size)
        return fail(err, "no room for the signature");
    return true;
}

char *sign_base64(const char *bytes, size_t len)
{
    unsigned char *out = mem_new((len + 2) / 3 * 4 + 1);
    EVP_EncodeBlock(out, (const unsigned char *)bytes, (int)len);
    return (char *)out;
}
