#ifndef OTAD_API_WHEN_H
#define OTAD_API_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A time in a query: "2026-11-20" or "2026-11-20T09:30:53Z".  false: neither, or no such day.
 * A day as WHEN_TO is its end, so that from=D&to=D is the whole day D.
 */
enum when { WHEN_FROM, WHEN_TO };
bool when_parse(const char *text, enum when which, int64_t *out_unix_s);

#endif
