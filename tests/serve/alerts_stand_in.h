/* Alerts for tests of HTTP: a book with one alert, judged by nobody. */
#ifndef DBVITALS_TESTS_SERVE_ALERTS_STAND_IN_H
#define DBVITALS_TESTS_SERVE_ALERTS_STAND_IN_H

#include "alerts/alerts.h"

struct alerts *alerts_stand_in_new(void);
void alerts_stand_in_free(struct alerts *a);

#endif
