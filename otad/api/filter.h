#ifndef OTAD_API_FILTER_H
#define OTAD_API_FILTER_H

#include "handler.h"

/* Filters that several lists have. */

/* ?from= and ?to=, from <= t < to; 0 when absent.  Answers and returns the error when they are
 * not times. */
struct when_range {
    int64_t from_unix_s, to_unix_s;
};
OTA_MUST_CHECK ota_err api_when(struct http_request *rq, struct http_response *rs,
                                struct when_range *out);

/* ?name= as a positive number, 0 when absent.  Answers and returns the error. */
OTA_MUST_CHECK ota_err api_number(struct http_request *rq, struct http_response *rs,
                                  const char *name, int64_t *out);

#endif
