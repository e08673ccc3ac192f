#ifndef OTAD_DB_UPDATE_EVENT_H
#define OTAD_DB_UPDATE_EVENT_H

#include "tx.h"
#include "update.h"

/* The history of updates, for the files of db/ only. */
struct event_new {
    int32_t update_id, number; /* number: from event_number */
    const char *execution;
    const char *result;       /* NULL = none */
    int32_t progress_percent; /* -1 = not told; 0 with progress_told false counts as not told */
    bool progress_told, of_cancel;
    const char *details;      /* array literal; NULL = none */
    const char *first_detail; /* NULL = none or blank */
};

/* Details cut to what is kept: 50, of 512 bytes each, without control characters. */
OTA_MUST_CHECK ota_err event_from_feedback(struct arena *arena, const struct feedback *f,
                                           int32_t update_id, bool of_cancel,
                                           struct event_new *out);

/* Fills e->number with the next one; *out_repeated: the last event is the very same. */
OTA_MUST_CHECK ota_err event_number(struct db_tx *tx, struct event_new *e, bool *out_repeated);

OTA_MUST_CHECK ota_err event_put(struct db_tx *tx, const struct event_new *e);

/* Events of count updates, which are sorted by falling id. */
OTA_MUST_CHECK ota_err events_get(struct db_tx *tx, struct update *updates, size_t count);

#endif
