#ifndef OTAD_DEVICE_DDI_WRITE_H
#define OTAD_DEVICE_DDI_WRITE_H

#include "otad/fleet/fleet.h"
#include "otad/json.h"

/*
 * The answers of DDI v1 as JSON, after the rules that its clients depend on: ids are strings,
 * sizes integers, '/' is not escaped, links are absolute and ASCII, `download` and
 * `download-http` both stand there, cancelAction has no query.  Pure.
 */
struct ddi_base {
    struct arena *arena;
    const char *public_url; /* "https://host:port" */
    const char *tenant;
    const char *device_id;
    bool offer_keys; /* a newer key manifest is there for it (SPEC 6.2) */
};

/* "HH:MM:SS" of at most 23:59:59. */
enum { DDI_SLEEP_BYTES = 9 };
void ddi_sleep_write(int64_t seconds, char out[DDI_SLEEP_BYTES]);

/* GET {base}.  poll_s is what the device is told to wait. */
void ddi_write_root(struct json_out *o, const struct ddi_base *base,
                    const struct fleet_poll *poll, int64_t poll_s);

/* GET {base}/deploymentBase/{id} and installedBase.  history: updates events' details, newest
 * first, at most history_max; 0 = no member. */
void ddi_write_deployment(struct json_out *o, const struct ddi_base *base,
                          const struct update *u, const struct release *r, size_t history_max);

/* GET {base}/cancelAction/{id}. */
void ddi_write_cancel(struct json_out *o, int32_t update_id);

/* GET {base}/softwaremodules/{id}/artifacts. */
void ddi_write_artifacts(struct json_out *o, const struct ddi_base *base,
                         const struct release *r);

#endif
