#ifndef SIGNER_JSON_H
#define SIGNER_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "../firmware/image/err.h"
#include "report.h"

/* Everything JSON of signer; the only module that sees jansson. */

/* The report as one object on stdout.  false: no memory. */
bool json_report_print(const struct report *r);

/* {"ok":false,"error","hint","exit"} on stdout. */
void json_error_print(const char *error, const char *hint, int status);

/* Bodies of requests (SPEC 8.6), malloc'd; NULL: no memory or not UTF-8.  notes may be NULL. */
char *json_release_body(const char *sums, const char *minisig, const char *notes);
char *json_channel_body(const char *channel);

/* A problem document (RFC 9457), as far as it could be read; empty strings otherwise. */
struct json_problem {
    char code[64], title[128], detail[384], pointer[128];
};
void json_problem_read(const char *text, size_t len, struct json_problem *out);

/* What the server says about a release. */
struct json_release {
    void *root; /* opaque */
    char state[16];
    char channel[16]; /* "" = none */
};
OTA_MUST_CHECK ota_err json_release_read(const char *text, size_t len,
                                         struct json_release *out);
/* Does the server already have this artifact with this digest (64 hex digits)? */
bool json_release_has(const struct json_release *r, const char *name, const char *sha256_hex);
void json_release_free(struct json_release *r);

#endif
