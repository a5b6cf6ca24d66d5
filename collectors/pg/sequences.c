/* sequences: how many of its numbers a sequence has given, and where they end: at its own limit, or before,
 * at that of the column it feeds. */
#include <math.h>
#include <stdio.h>

#include "collectors/pg/details.h"

// clang-format off
/* As float8, since the least int8 is no value for us. */
static const struct column columns[] = {
    {"datid", KIND_KEY, TYPE_INT, .source = "d.oid", .help = "oid of the database"},
    {"seqrelid", KIND_KEY, TYPE_INT, .source = "s.seqrelid", .help = "oid of the sequence"},
    {"datname", KIND_LABEL, TYPE_TEXT, .source = "d.datname", .help = "database"},
    {"schema", KIND_LABEL, TYPE_TEXT, .source = "n.nspname", .help = "schema"},
    {"name", KIND_LABEL, TYPE_TEXT, .source = "c.relname", .help = "sequence"},
    {"data_type", KIND_LABEL, TYPE_TEXT, .source = "format_type(s.seqtypid, null)", .help = "type of the sequence: smallint, integer, bigint"},
    {"table_schema", KIND_LABEL, TYPE_TEXT, .source = "f.nspname", .help = "schema of the table that it feeds"},
    {"table_name", KIND_LABEL, TYPE_TEXT, .source = "f.relname", .help = "table that it feeds: of several columns the one that ends first"},
    {"column_name", KIND_LABEL, TYPE_TEXT, .source = "f.attname", .help = "the column, which owns the sequence or has nextval() as its default"},
    {"column_type", KIND_LABEL, TYPE_TEXT, .source = "f.type", .help = "type of that column"},
    {"is_owned", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "coalesce(f.owned, false)", .help = "the column owns it (serial, identity): it is dropped with it"},
    {"last_value", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "the last number given or cached; none if it was never asked, or if the role may not see it"},
    {"start_value", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "s.seqstart::float8", .help = "its first number"},
    {"increment", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "s.seqincrement", .help = "step to the next number"},
    {"min_value", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "s.seqmin::float8", .help = "least number of the sequence"},
    {"max_value", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "s.seqmax::float8", .help = "greatest number of the sequence"},
    {"cycles", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "s.seqcycle", .help = "at its end it starts anew"},
    {"ends_at", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "f.ends_at::float8", .help = "the last number that it can give and the column can hold"},
    {"limited_by", KIND_LABEL, TYPE_TEXT, .source = "case when f.ends_at = case when s.seqincrement > 0 then s.seqmax else s.seqmin end then 'sequence' else 'column' end", .help = "what ends there: sequence, or column if its type does not hold all numbers of the sequence"},
    {"taken", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "numbers taken since its first one"},
    {"numbers_left", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "numbers until ends_at; divided by taken_per_s the time that is left"},
    {"used_ratio", KIND_GAUGE, TYPE_REAL, UNIT_RATIO, .help = "taken / (taken + numbers_left)"},
    {"may_see", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "has_sequence_privilege(s.seqrelid, 'SELECT, USAGE')", .help = "the role may see how far it is: needs SELECT or USAGE on the sequence"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "sequences",
    .help = "a sequence: what it feeds, how many of its numbers are taken, where they end",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .every = 300,
};

// clang-format off
/* A domain writes its values as its type does. */
#define GREATEST_OF_TYPE \
    "case y.typoutput when 'int2out'::regproc then 32767 when 'int4out'::regproc then 2147483647" \
    " when 'int8out'::regproc then 9223372036854775807 end"

static const struct pg_from from[] = {
    {140000,
     "from pg_sequence s join pg_class c on c.oid = s.seqrelid join pg_namespace n on n.oid = c.relnamespace"
     " join pg_database d on d.datname = current_database()"
     " left join lateral (select tn.nspname, t.relname, a.attname, format_type(a.atttypid, a.atttypmod) as type, fed.owned,"
     "  case when s.seqincrement > 0 then least(s.seqmax, " GREATEST_OF_TYPE ") else greatest(s.seqmin, -1 - " GREATEST_OF_TYPE ") end as ends_at"
     "  from (select 1) always left join (select refobjid as relid, refobjsubid as attnum, true as owned from pg_depend"
     "   where classid = 'pg_class'::regclass and objid = s.seqrelid and objsubid = 0 and refclassid = 'pg_class'::regclass"
     "   and refobjsubid > 0 and deptype in ('a', 'i')"
     "   union all select b.adrelid, b.adnum, false from pg_depend e join pg_attrdef b on b.oid = e.objid"
     "   where e.refclassid = 'pg_class'::regclass and e.refobjid = s.seqrelid and e.classid = 'pg_attrdef'::regclass) fed on true"
     "  left join pg_attribute a on a.attrelid = fed.relid and a.attnum = fed.attnum left join pg_type y on y.oid = a.atttypid"
     "  left join pg_class t on t.oid = fed.relid left join pg_namespace tn on tn.oid = t.relnamespace"
     "  order by sign(s.seqincrement) * case when s.seqincrement > 0 then least(s.seqmax, " GREATEST_OF_TYPE ")"
     "   else greatest(s.seqmin, -1 - " GREATEST_OF_TYPE ") end, fed.owned desc nulls last, fed.relid, fed.attnum limit 1) f on true"
     " where c.relpersistence <> 't' order by s.seqrelid"},
    {0, NULL},
};

/* pg_sequence_last_value() takes the lock of nextval() and keeps it to the end of the transaction: hence slices, and none that somebody alters. Where one is
 * locked in between, those of its slice are held for as long as lock_timeout has it wait. pg_get_sequence_data() takes the lock of a SELECT and gives it back at
 * once; it wants SELECT, where the other one is content with USAGE. Unlogged ones are not on a standby. */
#define TAKEN(last) \
    "with l as materialized (select relation from pg_locks where locktype = 'relation' and pid <> pg_backend_pid()" \
    " and mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock') and database = (select oid from pg_database where datname = current_database()))" \
    " select seqrelid as id, last::float8 as last_value," \
    " coalesce(greatest(0, (last::float8 - seqstart) / seqincrement + 1), 0) as taken" \
    " from (select s.*, " last " as last from pg_sequence s join pg_class c on c.oid = s.seqrelid" \
    " where s.seqrelid = any($1::oid[]) and has_sequence_privilege(s.seqrelid, 'SELECT, USAGE')" \
    " and not exists (select from l where l.relation = s.seqrelid)" \
    " and (c.relpersistence = 'p' or not pg_is_in_recovery()) offset 0) x"
#define BY_NEXTVAL "pg_sequence_last_value(s.seqrelid)"
#define BY_SELECT  "(select case when q.is_called then q.last_value end from pg_get_sequence_data(s.seqrelid) q)"

static const struct pg_from taken[] = {
    {180000, TAKEN("case when has_sequence_privilege(s.seqrelid, 'SELECT') then " BY_SELECT " else " BY_NEXTVAL " end")},
    {140000, TAKEN(BY_NEXTVAL)},
    {0, NULL},
};
// clang-format on

static double at(const struct sample *s, const char *column, int row)
{
    return sample_real(s, dataset_column(&dataset, column), row);
}

/* If the role may see none of them, that is why. */
static void tell_hidden(struct pg_poll *p, struct sample *s)
{
    static const char *const hidden[] = {"last_value", "taken", "numbers_left", "used_ratio"};
    char why[300];
    for (int i = 0; i < s->n_rows; i++)
        if (at(s, "may_see", i) != 0)
            return;
    snprintf(why, sizeof(why), "needs SELECT on sequences: GRANT SELECT ON ALL SEQUENCES IN SCHEMA ... TO %s",
             pg_facts(p)->user);
    for (size_t i = 0; s->n_rows > 0 && i < sizeof(hidden) / sizeof(hidden[0]); i++)
        sample_lacks(s, dataset_column(&dataset, hidden[i]), why);
}

static void finish(struct pg_poll *p, struct sample *s)
{
    int left = dataset_column(&dataset, "numbers_left"), ratio = dataset_column(&dataset, "used_ratio");
    for (int i = 0; i < s->n_rows; i++) {
        double all = floor((at(s, "ends_at", i) - at(s, "start_value", i)) / at(s, "increment", i)) + 1;
        double n = at(s, "taken", i);
        if (isnan(n))
            continue;
        sample_put_real(s, left, i, fmax(0, all - n));
        sample_put_real(s, ratio, i, all > 0 ? fmin(1, n / all) : 1);
    }
    tell_hidden(p, s);
}

static const struct details details = {
    .dataset = &dataset,
    .id = "seqrelid",
    .from = from,
    .sql = taken,
    .slice = 100,
    .finish = finish,
};

static void start(struct pg_poll *p)
{
    details_start(p, &details);
}

const struct pg_collector pg_sequences = {
    .dataset = &dataset,
    .lane = PG_SLOW,
    .per_database = true,
    .start = start,
    .state_size = sizeof(struct details_state),
    .state_done = details_reset,
    .state_reset = details_reset,
};
