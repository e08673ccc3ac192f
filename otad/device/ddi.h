#ifndef OTAD_DEVICE_DDI_H
#define OTAD_DEVICE_DDI_H

#include "otad/http/route.h"

/* hawkBit DDI v1 (SPEC 6), and our heartbeat beside it. */
http_handler ddi_poll, ddi_config_put, ddi_heartbeat_post, ddi_key_manifest_get,
    ddi_director_get;
http_handler ddi_deployment_get, ddi_deployment_feedback;
http_handler ddi_cancel_get, ddi_cancel_feedback;
http_handler ddi_installed_get;
http_handler ddi_artifact_list, ddi_artifact_get;

/* The plain door (SPEC 7). */
http_handler plain_get;

#endif
