#ifndef OTAD_DB_FEED_METADATA_H
#define OTAD_DB_FEED_METADATA_H

#include "otad/fleet/fleet.h"
#include "pg.h"

/*
 * Repositories of a tenant's platforms into the memory model: all, or those of keys (an array
 * literal).  Platforms are put before.  Errors: as pg_query, OTA_E_NO_MEMORY, OTA_E_LIMIT.
 */
OTA_MUST_CHECK ota_err feed_metadata_read(struct pg *pg, struct fleet *fleet, int64_t tenant_id,
                                          const char *keys, struct arena *arena);

#endif
