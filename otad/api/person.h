#ifndef OTAD_API_PERSON_H
#define OTAD_API_PERSON_H

#include "handler.h"
#include "otad/db/user.h"

/* What the handlers about people share, be it an admin who asks or they themselves. */

/*
 * May an account be called so?  Not what the logs call machines ("otad", "device", "key:ci"),
 * and nothing that no path can hold.
 */
bool person_name_valid(const char *name);

/* 403: it is about a right that the caller lacks. */
ota_err api_stronger(struct http_request *rq, struct http_response *rs);

/* Sign-ins of this person. */
ota_err api_sign_in_list(struct http_request *rq, struct http_response *rs,
                         struct db_scope *scope, const char *name);
/* End the one whose id the path captured. */
ota_err api_sign_in_end(struct http_request *rq, struct http_response *rs,
                        struct db_scope *scope, const char *name, int capture);

#endif
