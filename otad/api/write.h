#ifndef OTAD_API_WRITE_H
#define OTAD_API_WRITE_H

#include "firmware/image/manifest.h"
#include "otad/auth/permission.h"
#include "otad/db/api_key.h"
#include "otad/db/gateway.h"
#include "otad/db/platform.h"
#include "otad/db/session.h"
#include "otad/fleet/model.h"
#include "otad/json.h"

/*
 * Our structs as the JSON of SPEC 8.4 to 8.9, each written in one place for lists, single
 * answers and events alike.  Pure; tests/vectors/api holds an example of each, which the web
 * interface's mock serves too.
 */

/* What decides whether a device counts as online. */
struct write_clock {
    int64_t now_unix_s;
    struct device_lateness lateness;
};

enum write_detail { WRITE_BRIEF, WRITE_FULL };

/* WRITE_FULL: with attributes. */
void write_device(struct json_out *o, const char *key, const struct device *d,
                  const struct write_clock *clock, enum write_detail detail);

/* WRITE_FULL: with events. */
void write_update(struct json_out *o, const char *key, const struct update *u,
                  enum write_detail detail);

void write_artifact(struct json_out *o, const char *key, const struct artifact *a);
void write_release(struct json_out *o, const char *key, const struct release *r);
/* What `event: release` carries. */
void write_release_event(struct json_out *o, const struct release *r);

/* m: its key manifest, opened; NULL = none. */
void write_platform(struct json_out *o, const char *key, const struct platform *p,
                    const struct manifest *m);

/* With the CSRF token, and what the person may do: who. */
void write_session(struct json_out *o, const struct session *s, const struct principal *who);

/* "grants": what who has everywhere and on which platform. */
void write_grants(struct json_out *o, const struct principal *who);

/* A role of one's own, or one that is built in. */
struct role_info {
    const char *name, *title;
    bool builtin;
    const struct principal *rights; /* of somebody who has this role alone */
    int64_t user_count;
};
void write_role(struct json_out *o, const char *key, const struct role_info *r);

void write_api_key(struct json_out *o, const char *key, const struct api_key *k);
void write_gateway(struct json_out *o, const char *key, const struct gateway *g);

/* Lower-case UUID text of 16 bytes. */
enum { UUID_TEXT_BYTES = 37 };
void uuid_write(const uint8_t uuid[16], char out[UUID_TEXT_BYTES]);

#endif
