#ifndef OTAD_DB_AUDIT_LOG_H
#define OTAD_DB_AUDIT_LOG_H

#include "db.h"

/*
 * The audit log as its readers see it (SPEC 8.16), and entries that go with no change of rows.
 * Changes tell it from inside their transaction: audit.h.
 */
struct audit {
    const char *action;   /* noun.verb, [a-z-]: "release.withdraw", "user.invite"            */
    const char *object;   /* what it was done to, as people write it: "nucleo/1.2.0", "ann"  */
    const char *platform; /* canonical name; who may read there may read this.  NULL = none  */
    const char *before;   /* JSON object, NULL = none                                        */
    const char *after;    /* JSON object, NULL = none                                        */
};

struct audit_entry {
    int64_t seq, at_unix_s;
    const char *actor, *address, *action, *object, *platform, *before, *after;
    uint8_t prev_hash[32], hash[32];
};

/* NULL and 0 = any. */
struct audit_filter {
    const char *actor, *platform, *object;
    const char *action; /* "release.withdraw", or a noun alone: "release" */
    int64_t from_unix_s, to_unix_s;
    int64_t from_seq, to_seq;
    bool oldest_first; /* page.after_id then means seq too */
};

/* A page, by seq.  Only entries that the scope's rights may see. */
OTA_MUST_CHECK ota_err db_audit_list(struct db_scope *s, const struct audit_filter *filter,
                                     const struct db_page *page, struct audit_entry **out,
                                     size_t *out_count);

/* The newest entry.  Errors: OTA_E_NOT_FOUND (there is none yet). */
OTA_MUST_CHECK ota_err db_audit_head(struct db_scope *s, struct audit_entry *out);

/* An entry without a change of rows: a refused sign-in.  Its own transaction. */
OTA_MUST_CHECK ota_err db_audit_put(struct db_scope *s, const struct audit *entry);

#endif
