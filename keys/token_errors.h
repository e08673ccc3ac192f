#ifndef KEYS_TOKEN_ERRORS_H
#define KEYS_TOKEN_ERRORS_H

#include "why.h"

/* Tell what failed and why: what PKCS#11's answer rv means to people, and a hint. */
OTA_MUST_CHECK ota_err token_fail(struct why *why, unsigned long rv, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
