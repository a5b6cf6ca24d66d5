/* Values of PostgreSQL's binary format (src/backend/utils/adt: the *send functions) as numbers and texts. */
#include "collectors/libpq/rows.h"

#include <arpa/inet.h>
#include <endian.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/libpq/conn.h"

enum {
    T_BOOL = 16,
    T_CHAR = 18,
    T_NAME = 19,
    T_INT8 = 20,
    T_INT2 = 21,
    T_INT4 = 23,
    T_TEXT = 25,
    T_OID = 26,
    T_XID = 28,
    T_CID = 29,
    T_JSON = 114,
    T_XML = 142,
    T_FLOAT4 = 700,
    T_FLOAT8 = 701,
    T_UNKNOWN = 705,
    T_CIDR = 650,
    T_INET = 869,
    T_BPCHAR = 1042,
    T_VARCHAR = 1043,
    T_DATE = 1082,
    T_TIMESTAMP = 1114,
    T_TIMESTAMPTZ = 1184,
    T_INTERVAL = 1186,
    T_NUMERIC = 1700,
    T_REGPROC = 24,
    T_REGCLASS = 2205,
    T_REGTYPE = 2206,
    T_CSTRING = 2275,
    T_UUID = 2950,
    T_PG_LSN = 3220,
    T_JSONB = 3802,
    T_XID8 = 5069,
    FIRST_USER_OID = 16384
};

static const double EPOCH_2000_S = 946684800; /* 2000-01-01 in seconds since 1970 */

static uint64_t bits_64(const char *b)
{
    uint64_t v;
    memcpy(&v, b, sizeof(v));
    return be64toh(v);
}

static uint32_t bits_32(const char *b)
{
    uint32_t v;
    memcpy(&v, b, sizeof(v));
    return be32toh(v);
}

static uint16_t bits_16(const char *b)
{
    uint16_t v;
    memcpy(&v, b, sizeof(v));
    return be16toh(v);
}

/* ---- Whole numbers: one function per width ---- */

static int64_t int_bool(const char *b, int len)
{
    return len == 1 ? *b != 0 : INT_NONE;
}

static int64_t int_2(const char *b, int len)
{
    return len == 2 ? (int16_t)bits_16(b) : INT_NONE;
}

static int64_t int_4(const char *b, int len)
{
    return len == 4 ? (int32_t)bits_32(b) : INT_NONE;
}

static int64_t int_u4(const char *b, int len)
{
    return len == 4 ? (int64_t)bits_32(b) : INT_NONE;
}

static int64_t int_8(const char *b, int len)
{
    return len == 8 ? (int64_t)bits_64(b) : INT_NONE;
}

/* ---- Real numbers ---- */

static double real_u8(const char *b, int len)
{
    return len == 8 ? (double)bits_64(b) : NAN;
}

static double real_float4(const char *b, int len)
{
    if (len != 4)
        return NAN;
    uint32_t bits = bits_32(b);
    float v;
    memcpy(&v, &bits, sizeof(v));
    return isfinite(v) ? (double)v : NAN;
}

static double real_float8(const char *b, int len)
{
    if (len != 8)
        return NAN;
    uint64_t bits = bits_64(b);
    double v;
    memcpy(&v, &bits, sizeof(v));
    return isfinite(v) ? v : NAN;
}

/* timestamptz and timestamp: microseconds since 2000; the two ends of the range are the infinities. */
static double real_time(const char *b, int len)
{
    int64_t us = int_8(b, len);
    return len != 8 || us == INT64_MAX || us == INT64_MIN ? NAN : (double)us / 1e6 + EPOCH_2000_S;
}

static double real_date(const char *b, int len)
{
    int64_t days = int_4(b, len);
    return len != 4 || days == INT32_MAX || days == INT32_MIN ? NAN : (double)days * 86400 + EPOCH_2000_S;
}

/* As extract(epoch from interval) counts: a year has 365.25 days, a month 30. */
static double real_interval(const char *b, int len)
{
    if (len != 16)
        return NAN;
    int32_t days = (int32_t)bits_32(b + 8), months = (int32_t)bits_32(b + 12);
    return (double)(int64_t)bits_64(b) / 1e6 + days * 86400.0 + (months / 12) * 365.25 * 86400 +
           (months % 12) * 30 * 86400.0;
}

/* Digits of base 10,000, the weight of the first, the sign, the scale; then the digits. */
static double real_numeric(const char *b, int len)
{
    if (len < 8)
        return NAN;
    int n = bits_16(b), weight = (int16_t)bits_16(b + 2);
    uint16_t sign = bits_16(b + 4);
    if (len != 8 + 2 * n || (sign != 0 && sign != 0x4000))
        return NAN;
    if (n == 0)
        return 0;
    double v = 0;
    for (int i = 0; i < n; i++)
        v = v * 10000 + bits_16(b + 8 + 2 * i);
    /* One division at the end: exact digits give the nearest double. */
    int exponent = 4 * (weight + 1 - n);
    v = exponent < 0 ? v / pow(10, -exponent) : v * pow(10, exponent);
    return !isfinite(v) ? NAN : sign == 0 ? v : -v;
}

static double real_text(const char *b, int len)
{
    char copy[64], *end;
    if (len <= 0 || len >= (int)sizeof(copy))
        return NAN;
    memcpy(copy, b, (size_t)len);
    copy[len] = '\0';
    double v = strtod(copy, &end);
    return *end == '\0' && isfinite(v) ? v : NAN;
}

static int64_t int_text(const char *b, int len)
{
    char copy[32], *end;
    if (len <= 0 || len >= (int)sizeof(copy))
        return INT_NONE;
    memcpy(copy, b, (size_t)len);
    copy[len] = '\0';
    long long v = strtoll(copy, &end, 10);
    return *end == '\0' ? v : INT_NONE;
}

/* ---- Texts that are not sent as text ---- */

static int text_inet(const char *b, int len, char *out, size_t size)
{
    /* family (2: IPv4, 3: IPv6), bits of the mask, is it a cidr, bytes of the address, the address */
    if (len < 4 || len != 4 + (unsigned char)b[3] || (b[3] != 4 && b[3] != 16))
        return -1;
    char address[INET6_ADDRSTRLEN];
    bool four = b[3] == 4;
    if (inet_ntop(four ? AF_INET : AF_INET6, b + 4, address, sizeof(address)) == NULL)
        return -1;
    int bits = (unsigned char)b[1];
    return bits == (four ? 32 : 128) ? snprintf(out, size, "%s", address)
                                     : snprintf(out, size, "%s/%d", address, bits);
}

static int text_uuid(const char *b, int len, char *out, size_t size)
{
    if (len != 16)
        return -1;
    int n = 0;
    for (int i = 0; i < 16; i++)
        n += snprintf(out + n, size - (size_t)n, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                      (unsigned)(unsigned char)b[i]);
    return n;
}

/* ---- The table of types ---- */

struct decoder {
    uint32_t type;
    enum rows_class class;
    int64_t (*integer)(const char *b, int len); /* at least one of the two for numbers */
    double (*real)(const char *b, int len);
    int (*text)(const char *b, int len, char *out, size_t size); /* NULL: the bytes are the text */
};

static const struct decoder decoders[] = {
    // clang-format off
    {T_INT8,        ROWS_NUMBER, .integer = int_8},
    {T_FLOAT8,      ROWS_NUMBER, .real = real_float8},
    {T_TEXT,        ROWS_TEXT,   .integer = int_text, .real = real_text},
    {T_NAME,        ROWS_TEXT,   .integer = int_text, .real = real_text},
    {T_OID,         ROWS_NUMBER, .integer = int_u4},
    {T_INT4,        ROWS_NUMBER, .integer = int_4},
    {T_BOOL,        ROWS_NUMBER, .integer = int_bool},
    {T_TIMESTAMPTZ, ROWS_NUMBER, .real = real_time},
    {T_NUMERIC,     ROWS_NUMBER, .real = real_numeric},
    {T_INT2,        ROWS_NUMBER, .integer = int_2},
    {T_XID,         ROWS_NUMBER, .integer = int_u4},
    {T_CID,         ROWS_NUMBER, .integer = int_u4},
    {T_XID8,        ROWS_NUMBER, .integer = int_8,    .real = real_u8},
    {T_PG_LSN,      ROWS_NUMBER, .integer = int_8,    .real = real_u8},
    {T_FLOAT4,      ROWS_NUMBER, .real = real_float4},
    {T_TIMESTAMP,   ROWS_NUMBER, .real = real_time},
    {T_DATE,        ROWS_NUMBER, .real = real_date},
    {T_INTERVAL,    ROWS_NUMBER, .real = real_interval},
    {T_REGPROC,     ROWS_NUMBER, .integer = int_u4},
    {T_REGCLASS,    ROWS_NUMBER, .integer = int_u4},
    {T_REGTYPE,     ROWS_NUMBER, .integer = int_u4},
    {T_VARCHAR,     ROWS_TEXT,   .integer = int_text, .real = real_text},
    {T_BPCHAR,      ROWS_TEXT,   .integer = int_text, .real = real_text},
    {T_CHAR,        ROWS_TEXT,   .integer = int_text, .real = real_text},
    {T_UNKNOWN,     ROWS_TEXT,   .integer = int_text, .real = real_text},
    {T_CSTRING,     ROWS_TEXT,   .integer = int_text, .real = real_text},
    {T_JSON,        ROWS_TEXT,   .integer = int_text, .real = real_text},
    {T_XML,         ROWS_TEXT,   .integer = int_text, .real = real_text},
    {T_JSONB,       ROWS_TEXT,   .integer = int_text, .real = real_text},
    {T_INET,        ROWS_TEXT,   .integer = int_text, .real = real_text, .text = text_inet},
    {T_CIDR,        ROWS_TEXT,   .integer = int_text, .real = real_text, .text = text_inet},
    {T_UUID,        ROWS_TEXT,   .integer = int_text, .real = real_text, .text = text_uuid},
    // clang-format on
};
static const struct decoder as_text = {0, ROWS_TEXT, .integer = int_text, .real = real_text}; /* types made by users too */
static int64_t int_none(const char *b, int len);
static const struct decoder not_read = {0, ROWS_OTHER, .integer = int_none};

static int64_t int_none(const char *b, int len)
{
    (void)b;
    (void)len;
    return INT_NONE;
}

static const struct decoder *decoder_of(uint32_t type)
{
    for (size_t i = 0; i < sizeof(decoders) / sizeof(decoders[0]); i++)
        if (decoders[i].type == type)
            return &decoders[i];
    return type >= FIRST_USER_OID ? &as_text : &not_read;
}

enum rows_class rows_class(uint32_t type)
{
    return decoder_of(type)->class;
}

static double real_of(const struct decoder *d, const char *bytes, int len)
{
    if (bytes == NULL)
        return NAN;
    if (d->real != NULL)
        return d->real(bytes, len);
    int64_t v = d->integer(bytes, len);
    return v == INT_NONE ? NAN : (double)v;
}

static int64_t int_of(const struct decoder *d, const char *bytes, int len)
{
    if (bytes == NULL)
        return INT_NONE;
    if (d->integer != NULL)
        return d->integer(bytes, len);
    double v = d->real(bytes, len);
    return v > -9.2e18 && v < 9.2e18 ? (int64_t)llround(v) : INT_NONE;
}

double rows_real(uint32_t type, const char *bytes, int len)
{
    return real_of(decoder_of(type), bytes, len);
}

int64_t rows_int(uint32_t type, const char *bytes, int len)
{
    return int_of(decoder_of(type), bytes, len);
}

/* ---- A column of a sample ---- */

static void set_text(struct sample *s, int c, int row, const struct decoder *d, const char *bytes, int len)
{
    char out[64];
    int n;
    if (d->text != NULL) {
        if ((n = d->text(bytes, len, out, sizeof(out))) >= 0)
            sample_set_text(s, c, row, out, (size_t)n);
    } else if (d->class == ROWS_TEXT) {
        /* jsonb has a byte for its version before the text. */
        int skip = d->type == T_JSONB && len > 0;
        sample_set_text(s, c, row, bytes + skip, (size_t)(len - skip));
    } else if (d->integer != NULL && d->real == NULL) {
        n = snprintf(out, sizeof(out), "%lld", (long long)d->integer(bytes, len));
        sample_set_text(s, c, row, out, (size_t)n);
    } else {
        n = snprintf(out, sizeof(out), "%.15g", real_of(d, bytes, len));
        sample_set_text(s, c, row, out, (size_t)n);
    }
}

static size_t fill_slice(struct sample *s, int c, int at, const struct decoder *d, int n,
                         const char *const *values, const int *lens)
{
    enum type type = s->dataset->columns[c].type;
    size_t bytes = 0;
    if (type == TYPE_REAL && d->real == NULL) {
        double *to = s->values[c].real + at;
        for (int i = 0; i < n; i++)
            if (values[i] != NULL) {
                int64_t v = d->integer(values[i], lens[i]);
                to[i] = v == INT_NONE ? NAN : (double)v;
            }
    } else if (type == TYPE_REAL) {
        double *to = s->values[c].real + at;
        for (int i = 0; i < n; i++)
            if (values[i] != NULL)
                to[i] = d->real(values[i], lens[i]);
    } else if (type == TYPE_INT) {
        for (int i = 0; i < n; i++)
            s->values[c].integer[at + i] = int_of(d, values[i], lens[i]);
    } else {
        for (int i = 0; i < n; i++)
            if (values[i] != NULL)
                set_text(s, c, at + i, d, values[i], lens[i]);
    }
    for (int i = 0; i < n; i++)
        bytes += (size_t)lens[i];
    return bytes;
}

size_t rows_fill(struct sample *s, int c, int at, const struct conn_rows *r, int from, int first, int n)
{
    enum { SLICE = 256 };
    const char *values[SLICE];
    int lens[SLICE];
    const struct decoder *d = conn_rows_is_text(r, from) ? &as_text : decoder_of(conn_rows_type(r, from));
    size_t bytes = 0;
    for (int done = 0, part; done < n; done += part) {
        part = n - done < SLICE ? n - done : SLICE;
        conn_rows_slice(r, from, first + done, part, values, lens);
        bytes += fill_slice(s, c, at + done, d, part, values, lens);
    }
    return bytes;
}
