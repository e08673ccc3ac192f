#ifndef OTAD_DB_FEED_H
#define OTAD_DB_FEED_H

#include "db.h"
#include "otad/fleet/fleet.h"

/*
 * Keeps the memory model right, and writes behind what may be relearned.  One thread reads the
 * change rows of all tenants once a second, or when NOTIFY hints; one writes last_seen,
 * addresses, heartbeats and uses of API keys in batches.  When the database is away both keep
 * trying and polls are answered from memory.
 */
struct feed;

/* Load everything, then start both threads.  db and fleet must outlive the feed.
 * Errors: OTA_E_IO, OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err feed_start(struct db *db, struct fleet *fleet, struct feed **out);

/* Writes what is still to be written, then stops both threads. */
void feed_stop(struct feed *feed);

/*
 * Read the changes of this tenant now, so that what this process committed is true in memory
 * before it is answered.  Call it after every write that devices or events depend on.  When the
 * database is away the thread will do it later: no error.
 */
void feed_catch_up(struct feed *feed, int64_t tenant_id);

/* Write behind now what is waiting: for tests and for a graceful stop.  Errors: OTA_E_BUSY. */
OTA_MUST_CHECK ota_err feed_flush(struct feed *feed);

#endif
