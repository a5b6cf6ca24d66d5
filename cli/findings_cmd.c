/* findings: what is worth doing, worst first. */
#include <string.h>

#include "cli/advice.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "core/text.h"
#include "core/utf8.h"

static const char all_sql[] =
    "select * from findings order by target, level desc, plan_step nulls last, worth desc nulls last, label";
/* One finding for a person, a column for each of its lines. */
static const char lines_sql[] =
    "select format('%-8s  %s: %s%s', severity, title, case when many then target || ': ' else '' end,"
    " label || coalesce(' in ' || case when several then database end, '')),"
    " evidence, coalesce(statement || ';', 'not here: ' || why_not), 'effect: ' || effect,"
    " 'cost: ' || cost || case when cost_s is null then '' else ', about ' || format_unit(cost_s, 's') end,"
    " 'risk: ' || risk from findings,"
    " (select count(distinct target) > 1 as many from checks), (select count(distinct datid) > 1 as several "
    "from findings)"
    " order by target, level desc, plan_step nulls last, worth desc nulls last, label";

/* A name may have line breaks, of which none is one of ours: what is to be run as it stands comes from the
 * other formats, and from optimize. */
static void print_line(const char *prefix, const char *line)
{
    struct text clean;
    text_init(&clean, 1 << 18);
    utf8_clean(&clean, line, false);
    printf("%s%s\n", prefix, text_str(&clean));
    text_done(&clean);
}

static void print_lines(const struct result *r)
{
    for (int row = 0; row < r->n_rows; row++) {
        for (int i = 0; i < r->n_columns; i++) {
            const struct value *v = result_at(r, row, i);
            if (v->type == VALUE_TEXT)
                print_line(i == 0 ? "" : "          ", v->text);
        }
        putchar('\n');
    }
}

static int print(struct advice *a, enum export_format format, struct err *err)
{
    struct query q = {.sql = format == EXPORT_TABLE ? lines_sql : all_sql};
    struct result *r = advice_select(a, &q, err);
    if (r == NULL)
        return EXIT_USAGE;
    if (format == EXPORT_TABLE) {
        print_lines(r);
        advice_tell_checks(a, stdout, "", r->n_rows == 0);
    } else
        export_result(stdout, r, format, NULL, true);
    result_free(r);
    return EXIT_OK;
}

int findings_run(const struct args *args)
{
    struct advice a = {.door = NULL};
    struct err err = {0};
    enum export_format format;
    int code = EXIT_USAGE;
    if (args->write_migrations != NULL)
        return migrations_run(args);
    if (output_format_parse(args->format, &format, &err))
        code = advice_open(&a, args, &err);
    if (code == EXIT_OK)
        code = print(&a, format, &err);
    if (err.text[0] != '\0')
        output_tell(stderr, err.text);
    advice_close(&a, code);
    return code;
}
