#ifndef SIGNER_TOKEN_ERRORS_H
#define SIGNER_TOKEN_ERRORS_H

#include "../firmware/image/err.h"

/* Say what failed and why: what PKCS#11's answer rv means to people, and a hint. */
OTA_MUST_CHECK ota_err token_fail(unsigned long rv, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
