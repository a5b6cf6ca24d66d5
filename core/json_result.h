/* Results as JSON with their columns' units, and back: how a guard's answers come to a dashboard that is
 * attached to it. */
#ifndef DBVITALS_CORE_JSON_RESULT_H
#define DBVITALS_CORE_JSON_RESULT_H

#include "core/result.h"
#include "core/text.h"

/* {"columns":[{"name":"pid","unit":"none","dataset":"sessions","column":"pid","numeric":true},...],"rows":[[...],...],"more":false,"cpu_ms":0.4}
 */
void json_result_add(struct text *out, const struct result *r);
/* Reads it back; origins are found by name in R. NULL and err when it is something else. */
struct result *json_result_read(const char *text, size_t len, const struct registry *r, struct err *err);

#endif
