/* The ledger at once, for a command that has no loop to wait with. */
#include "cures/ledger.h"
#include "cures/ledger_file.h"

bool ledger_read(const char *directory, struct entry ***out, int *n, char **notice, struct err *err)
{
    struct ledger_file *f = ledger_file_new(directory);
    bool same, ok = ledger_file_read(f, LEDGER_KEPT, out, n, &same, err);
    *notice = ledger_file_take_notice(f);
    ledger_file_free(f);
    return ok;
}
