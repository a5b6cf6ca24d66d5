/* Any bytes as the JSON of an application. */
#include "tests/fuzz/app_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct target_word words[] = {{"pool.idle", "$.pool.i"}, {"pools", "$.p"}, {NULL, NULL}};
    return app_answer_fuzz(app_read, words, data, size);
}
