#ifndef OTAD_DB_STATISTICS_H
#define OTAD_DB_STATISTICS_H

#include "db.h"

/*
 * How updates went (SPEC 8.15): closed ones as the database counted them when they closed, by
 * whole days in UTC; open ones as they are now.  A device that was deleted still counts.
 */
struct update_counts {
    int64_t succeeded, failed, cancelled, in_progress;
    bool has_duration;    /* of updates that succeeded; false: none did */
    double mean_s, p95_s; /* p95: within 1/8, exact below 16 s         */
};

struct release_counts {
    const char *platform, *version;
    struct update_counts n;
};

struct day_counts {
    const char *day; /* "2026-11-20" */
    int64_t succeeded, failed;
};

struct statistics {
    struct update_counts all;
    int64_t stale; /* devices that say so (SPEC 10.7), whatever the version and the days */
    struct release_counts *releases; /* most updates first, STATISTICS_RELEASES_MAX */
    size_t release_count;
    struct day_counts *days; /* oldest first, the newest STATISTICS_DAYS_MAX */
    size_t day_count;
};

enum { STATISTICS_RELEASES_MAX = 200, STATISTICS_DAYS_MAX = 366 };

/* NULL and 0 = any.  from and to: closed on the days from .. to, both included; open updates
 * count whenever they began. */
struct statistics_filter {
    const char *platform, *version;
    int64_t from_unix_s, to_unix_s;
};

/* Only of platforms that the scope's rights may see.  Errors: OTA_E_NOT_FOUND (platform). */
OTA_MUST_CHECK ota_err db_statistics_get(struct db_scope *s, const struct statistics_filter *f,
                                         struct statistics *out);

#endif
