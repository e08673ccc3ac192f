#ifndef OTAD_DB_FEED_LINK_H
#define OTAD_DB_FEED_LINK_H

#include "otad/fleet/download.h"
#include "otad/fleet/link.h"
#include "pg.h"

/* Links and downloads between memory and database, for feed.c.  pg is a connection of
 * otad_jobs. Errors of all: as pg_query, OTA_E_LIMIT. */

/* Live links of a tenant into memory; keys (an array literal) NULL = all. */
OTA_MUST_CHECK ota_err feed_links_read(struct pg *pg, struct fleet *fleet, int64_t tenant_id,
                                       const char *keys, struct arena *arena);

/*
 * Write the bytes that links have used here, then read what all replicas together used of
 * links in the last since_s seconds.  What could not be written waits again.
 */
OTA_MUST_CHECK ota_err feed_links_write(struct pg *pg, struct fleet *fleet, int64_t since_s);

/* Write what waits for the download log.  While the database is away it waits again; rows that
 * the database does not take are counted as lost. */
OTA_MUST_CHECK ota_err feed_downloads_write(struct pg *pg, struct fleet *fleet);

/* Rows older than so many days. */
OTA_MUST_CHECK ota_err feed_downloads_prune(struct pg *pg, int64_t days);

#endif
