/* Any bytes as the Prometheus text of an application. */
#include "tests/fuzz/app_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct target_word words[] = {{"pool.idle", "idle_n"}, {"latency", "x"}, {NULL, NULL}};
    return app_answer_fuzz(app_read_prom, words, data, size);
}
