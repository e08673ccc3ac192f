#ifndef OTAD_DB_FEED_WRITE_H
#define OTAD_DB_FEED_WRITE_H

#include "otad/fleet/apply.h"
#include "pg.h"

/* Write-behind, for feed.c.  pg is a connection of otad_jobs. */

/*
 * Write what waits in the memory model, batch by batch, until nothing does.  What could not be
 * written waits again.  Errors: as pg_query, OTA_E_LIMIT.
 */
OTA_MUST_CHECK ota_err feed_write_all(struct pg *pg, struct fleet *fleet);

#endif
