/* Passwords inside texts that people want to see: URLs and conninfo strings. */
#ifndef DBVITALS_CORE_SECRET_H
#define DBVITALS_CORE_SECRET_H

#include "core/text.h"

/* Appends URL (a URL, or libpq's `key = value` conninfo) with each password as ***: the one before the @, and values whose key says password,
 * secret or token. When in doubt it hides more. An empty password stays empty. */
void secret_mask(struct text *out, const char *url);
/* Appends scheme and host of URL, whose path is a secret: "https://hooks.slack.com/…". What is no URL is *** as a whole. */
void secret_mask_hook(struct text *out, const char *url);

#endif
