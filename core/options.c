/* Every option of the config file: the master copy for parser, `config show`, help and docs. A row is all that a new one needs. */
#include "core/option.h"

// clang-format off
const struct option config_options[] = {
    /* section, key, type, standard, choices or range, secret, help, single */
    {"dashboard", "refresh", OPTION_DURATION, "1s",       "0.25s..300s", false, "time between two polls", true},
    {"dashboard", "theme",   OPTION_TEXT,     "dark",     NULL,          false, "a built-in theme, or a theme file if the name has a slash", true},
    {"dashboard", "mouse",   OPTION_BOOL,     "yes",      NULL,          false, "whether the mouse selects and scrolls", true},
    {"dashboard", "ascii",   OPTION_BOOL,     "no",       NULL,          false, "draw nothing outside ASCII", true},
    {"dashboard", "page",    OPTION_TEXT,     "overview", NULL,          false, "the page that is opened first", true},
    {"dashboard", "window",  OPTION_CHOICE,   "1m", "last|1m|5m|15m|1h|reset|start", false, "what rates and increases are computed over", true},

    {"collect", "budget",  OPTION_REAL,     "0.01",       "0.0001..1",   false, "share of one core that polling may cost a server before it slows down", true},
    {"collect", "texts",   OPTION_CHOICE,   "normalized", "normalized|none", false, "texts of statements: as pg_stat_statements has them, or none", true},
    {"collect", "memory",  OPTION_INTEGER,  "24",         "4..4096",     false, "MB that the samples of all targets may take", true},

    {"target", "url",              OPTION_URL,      NULL, NULL, true,  "a URL, or libpq's conninfo: service=shop"},
    {"target", "stack",            OPTION_TEXT,     NULL, NULL, false, "name of the stack that it belongs to"},
    {"target", "env",              OPTION_TEXT,     NULL, NULL, false, "prod, staging, dev: shown in the head"},
    {"target", "password_command", OPTION_TEXT,     NULL, NULL, false, "a shell command whose first line of output is the password"},
    {"target", "all_databases",    OPTION_BOOL,     "no", NULL, false, "tables and indexes of every database, not only of the one connected to"},
    {"target", "connect_timeout",  OPTION_DURATION, "5s", "0.1s..300s", false, "how long connecting may take"},

    {"dataset", "target",  OPTION_TEXT,     NULL,  NULL, false, "the target that is asked; none: every one"},
    {"dataset", "sql",     OPTION_SQL,      NULL,  NULL, false, "one SELECT in the target's own language"},
    {"dataset", "key",     OPTION_TEXT,     NULL,  NULL, false, "columns that identify a row"},
    {"dataset", "label",   OPTION_TEXT,     NULL,  NULL, false, "columns with text that describes the row"},
    {"dataset", "gauge",   OPTION_TEXT,     NULL,  NULL, false, "columns with a level; the name's end is the unit: _bytes _ms _s _ratio"},
    {"dataset", "counter", OPTION_TEXT,     NULL,  NULL, false, "columns with a number that only grows"},
    {"dataset", "every",   OPTION_DURATION, "30s", "0.25s..1d", false, "time between two polls"},
    {"dataset", "help",    OPTION_TEXT,     NULL,  NULL, false, "what a row is"},

    {"page", "key",    OPTION_TEXT, NULL, NULL, false, "the digit that opens the page, or `detail` for a page that Enter opens"},
    {"page", "title",  OPTION_TEXT, NULL, NULL, false, "name on the tab"},
    {"page", "help",   OPTION_TEXT, NULL, NULL, false, "what the page answers"},
    {"page", "layout", OPTION_TEXT, NULL, NULL, false, "the tree of panes"},
    {"page", "focus",  OPTION_TEXT, NULL, NULL, false, "the pane that the cursor starts in"},

    {"pane", "title",    OPTION_TEXT,    NULL,    NULL, false, "text beside the frame; {window} and {COLUMN} are filled in"},
    {"pane", "sql",      OPTION_SQL,     NULL,    NULL, false, "one SELECT over the datasets"},
    {"pane", "note",     OPTION_SQL,     NULL,    NULL, false, "a SELECT of one row for what stands beside the rows"},
    {"pane", "widget",   OPTION_CHOICE,  NULL,    "table|tree|lines|tiles|chart|flow|record|sql", false, "how the rows are drawn"},
    {"pane", "sort",     OPTION_TEXT,    NULL,    NULL, false, "standard order: COLUMN [desc], ..."},
    {"pane", "sets",     OPTION_TEXT,    NULL,    NULL, false, "what key f cycles through: NAME: EXPRESSION, one a line"},
    {"pane", "hide",     OPTION_TEXT,    NULL,    NULL, false, "columns that are not shown"},
    {"pane", "show",     OPTION_TEXT,    NULL,    NULL, false, "the only columns that are shown"},
    {"pane", "headings", OPTION_TEXT,    NULL,    NULL, false, "COLUMN: TEXT, ..."},
    {"pane", "key",      OPTION_TEXT,    NULL,    NULL, false, "columns that identify a row"},
    {"pane", "drop",     OPTION_TEXT,    NULL,    NULL, false, "columns left out, in this order, when there is no room"},
    {"pane", "bars",     OPTION_TEXT,    NULL,    NULL, false, "ratios that are drawn with a bar"},
    {"pane", "mark",     OPTION_TEXT,    NULL,    NULL, false, "COLUMN OP VALUE is ROLE [on COLUMN|on row], one a line"},
    {"pane", "detail",   OPTION_TEXT,    NULL,    NULL, false, "the page that Enter opens for a row"},
    {"pane", "id",       OPTION_TEXT,    NULL,    NULL, false, "trees: the column that names a row"},
    {"pane", "parent",   OPTION_TEXT,    NULL,    NULL, false, "trees: the column that names the row above"},
    {"pane", "tree",     OPTION_TEXT,    NULL,    NULL, false, "trees: the column drawn as the tree"},
    {"pane", "copy",     OPTION_TEXT,    NULL,    NULL, false, "the column that y copies"},
    {"pane", "empty",    OPTION_TEXT,    NULL,    NULL, false, "text when there are no rows"},
    {"pane", "trend",    OPTION_INTEGER, NULL,    "0..86400", false, "seconds of a pane whose rows are moments"},
    {"pane", "optional", OPTION_BOOL,    "no",    NULL, false, "takes no room while it has no rows"},
    {"pane", "undemanded", OPTION_TEXT,  NULL,    NULL, false, "datasets that it reads as they come, without making them be polled more often"},
    {"pane", "screen",   OPTION_TEXT,    NULL,    NULL, false, "ROWSxCOLUMNS: the smallest screen on which the pane stands"},
    {"pane", "least",    OPTION_TEXT,    NULL,    NULL, false, "ROWSxCOLUMNS: the smallest pane worth drawing"},
    {"pane", "priority", OPTION_INTEGER, NULL,    "1..9", false, "1 stays longest when there is no room"},
    {"pane", "page",     OPTION_TEXT,    NULL,    NULL, false, "the page that the pane is appended to"},
    {"pane", "size",     OPTION_TEXT,    NULL,    NULL, false, "its size there, as in a layout"},
};
// clang-format on
const int n_config_options = sizeof(config_options) / sizeof(config_options[0]);
