/* Mark rules: which cell of a pane is critical, in the page's data and not in code. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tui/page.h"

static int text_compare(const struct value *v, const char *text)
{
    return strcmp(v->text == NULL ? "" : v->text, text);
}

bool mark_holds(const struct mark *m, const struct value *v, enum unit unit)
{
    if (v->type == VALUE_NULL)
        return false;
    double limit;
    if (v->type == VALUE_TEXT || m->quoted || !quantity_parse(m->value, unit, &limit)) {
        if (v->type != VALUE_TEXT)
            return false;
        return op_holds(m->op, text_compare(v, m->value), 0);
    }
    return op_holds(m->op, value_real(v), limit);
}
