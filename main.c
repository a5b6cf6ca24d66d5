/* dbvitals: the subcommands, one row each. */
#include <stdio.h>

#include "version.h"

int main(void)
{
    puts("dbvitals " DBVITALS_VERSION);
    return 0;
}
