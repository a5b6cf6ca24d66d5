/* INFO of any server: read, and asked as the datasets ask. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "collectors/redis/info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const prefixes[] = {"db", "cmdstat_", "slave", "latency_percentiles_usec_"};
    struct info info;
    info_read(&info, (const char *)data, size);
    for (int i = 0; i < info.n; i++) {
        const struct info_field *f = &info.fields[i];
        const char *value;
        size_t len;
        if (f->value + f->len > (const char *)data + size || f->key + f->key_len >= f->value)
            abort();
        double v = info_value(f->value, f->len);
        if (isinf(v) || v < 0)
            abort();
        for (size_t p = 0; p < sizeof(prefixes) / sizeof(prefixes[0]); p++)
            info_rest(f, prefixes[p], &len);
        if (info_part(f, "keys", &value, &len) && value + len > f->value + f->len)
            abort();
        info_part_number(f, "p50");
    }
    info_number(&info, "used_memory");
    info_is(&info, "role", "slave");
    info_done(&info);
    return 0;
}
