#ifndef SIGNER_SAY_H
#define SIGNER_SAY_H

#include <stdbool.h>

#include "../firmware/image/err.h"
#include "../keys/why.h"

/*
 * What goes wrong, for people: `signer: what` and `  hint: what to do` on stderr.  The first
 * error and hint are kept, so that --json can repeat them on stdout.
 */
void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_hint(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* say_error, and e as its result: `return say_fail(OTA_E_IO, "cannot ...")`.  A macro, so that
 * compilers and analysers see the value. */
#define say_fail(e, ...) (say_error(__VA_ARGS__), (e))

/* What keys/ tells beside e, and e as the result.  Nothing when e is OTA_OK. */
OTA_MUST_CHECK ota_err say_why(ota_err e, const struct why *why);
/* A warning: others may read this secret. */
void say_exposed(const char *path);

/* "" when nothing was said. */
const char *say_first_error(void);
const char *say_first_hint(void);

/* --json was given. */
bool say_json(void);
void say_json_set(bool on);

#endif
