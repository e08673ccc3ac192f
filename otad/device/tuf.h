#ifndef OTAD_DEVICE_TUF_H
#define OTAD_DEVICE_TUF_H

#include "otad/http/route.h"

/* What clients of TUF fetch of a platform's repository (SPEC 10.2). */
http_handler tuf_metadata_get, tuf_target_get;

/* For the guard: may anybody fetch the file that the path names? */
bool tuf_targets_are_public(struct http_request *rq);

#endif
