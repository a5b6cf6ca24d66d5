/* Widths of characters, generated: see tools/utf8_table.py. */
#ifndef DBVITALS_CORE_UTF8_TABLE_H
#define DBVITALS_CORE_UTF8_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* Ascending. The last hex digit is the width (0, 1, 2; F not printable) of all code points from the other
 * digits on, up to the next entry: 0x3000 says that U+0300 and what follows it takes no column. */
extern const uint32_t utf8_table[];
extern const size_t n_utf8_table;

#endif
