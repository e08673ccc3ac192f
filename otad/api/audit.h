#ifndef OTAD_API_AUDIT_H
#define OTAD_API_AUDIT_H

#include "handler.h"

/* What belongs to the audit log in the API (SPEC 8.16) beside its routes. */
http_handler api_audit_list, api_audit_export, api_audit_head;

/*
 * A sign-in, code or token was refused: tell the log, unless it was told of many in the last
 * minute already; then their number stands in the next entry.  name: of an account that exists,
 * NULL = of none, so that a password typed into the wrong field is kept nowhere.  Best effort.
 */
void api_audit_refused(const struct http_request *rq, const char *name);

#endif
