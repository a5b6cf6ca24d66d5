/* What every unit test includes: cmocka with the headers that it wants before it, and without its fail(), which is ours. */
#ifndef DBVITALS_TESTS_UNIT_TEST_H
#define DBVITALS_TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail
#undef fail_msg
#define fail_msg(...) (print_error("ERROR: " __VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#endif
