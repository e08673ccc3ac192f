#ifndef OTAD_DB_FEED_LOAD_H
#define OTAD_DB_FEED_LOAD_H

#include "otad/fleet/apply.h"
#include "pg.h"

/* Reading rows into the memory model, for feed.c.  pg is a connection of otad_jobs. */

/* How far the changes of a tenant have been read. */
struct feed_position {
    int64_t tenant_id, change_seq;
};

/*
 * Read everything.  *out: the positions from which changes count, allocated with malloc.
 * Errors: as pg_query, OTA_E_NO_MEMORY.
 */
OTA_MUST_CHECK ota_err feed_load(struct pg *pg, struct fleet *fleet, struct feed_position **out,
                                 size_t *out_count);

/*
 * Read the changes behind *position and what they name; *position moves on.
 * Errors: as pg_query, OTA_E_NO_MEMORY; OTA_E_CONFLICT when changes are missing, because they
 * were pruned: everything must be read anew.
 */
OTA_MUST_CHECK ota_err feed_follow(struct pg *pg, struct fleet *fleet,
                                   struct feed_position *position);

#endif
