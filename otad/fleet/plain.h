#ifndef OTAD_FLEET_PLAIN_H
#define OTAD_FLEET_PLAIN_H

#include "firmware/image/err.h"
#include "model.h"

/*
 * Update sessions of clients that never report (SPEC 8.15): what they ask for tells when one
 * begins and when it succeeded.  Memory decides whether there is anything to write, and a
 * queue of bounded length waits for the database, so that neither a poll nor a download needs
 * it.
 */
struct arena;
struct fleet;

enum plain_kind {
    PLAIN_BEGINS = 1, /* begins to load version       */
    PLAIN_RUNS        /* runs version, as it says now */
};

/* Strings are never NULL unless that is said. */
struct fleet_plain {
    int64_t tenant_id;
    enum plain_kind kind;
    const char *device;       /* its id */
    const char *platform;     /* name or alias */
    const char *version;      /* SPEC 1.2 */
    const char *from_version; /* that runs while it begins; NULL = unknown */
    const char *actor;        /* "key:esp" */
    const char *address;      /* may be empty */
};

enum { FLEET_PLAIN_MAX = 8192 };

/*
 * A client that said who it is has asked.  It counts as seen; what is to be written is queued:
 * a beginning unless its session to this version is open, a success if that is.  A device of
 * DDI, or of another platform, is none of the plain door's and is left alone.  Full: nothing
 * is kept, and the client's next request says the same.
 */
void fleet_plain_tell(struct fleet *f, const struct fleet_plain *p, int64_t now_unix_s);

/* Take the oldest, at most max.  Errors: OTA_E_LIMIT (arena), nothing taken. */
OTA_MUST_CHECK ota_err fleet_take_plain(struct fleet *f, size_t max, struct arena *a,
                                        struct fleet_plain *out, size_t *out_count);

/* It could not be written yet: it is to be taken again, unless the queue is full. */
void fleet_return_plain(struct fleet *f, const struct fleet_plain *p);

#endif
