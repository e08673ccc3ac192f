#ifndef OTAD_DB_FEED_PLAIN_H
#define OTAD_DB_FEED_PLAIN_H

#include "db.h"
#include "otad/fleet/plain.h"
#include "pg.h"

/* Sessions of the plain door between memory and database, for feed.c. */

/* Write what clients' requests told.  While the database is away it waits again; what it does
 * not take is dropped.  Errors: OTA_E_BUSY. */
OTA_MUST_CHECK ota_err feed_plain_write(struct db *db, struct fleet *fleet);

/* Close sessions that heard nothing for too long; pg is a connection of otad_jobs.
 * Errors: as pg_query. */
OTA_MUST_CHECK ota_err feed_plain_silence(struct db *db, struct pg *pg);

#endif
