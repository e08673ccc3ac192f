#ifndef OTAD_DB_PLATFORM_H
#define OTAD_DB_PLATFORM_H

#include "db.h"
#include "firmware/image/manifest.h"

/* Kinds of hardware, their other names, and who may sign for them. */
struct platform {
    int64_t id;
    const char *name, *title;
    struct db_names aliases;
    bool follow_channel;
    bool has_roots; /* boot roots are set; they never change */
    struct manifest_root roots[MANIFEST_ROOTS];
    bool has_class; /* with the first key manifest */
    uint8_t hardware_class[16];
    const uint8_t *key_manifest; /* NULL = none */
    size_t key_manifest_bytes;
    uint32_t key_manifest_sequence;
    const char *stable, *beta;         /* newest released version, NULL = none */
    int64_t device_count, stale_count; /* stale: SPEC 10.7 */
};

/* By name.  Keyset by name. */
OTA_MUST_CHECK ota_err db_platform_list(struct db_scope *s, const struct db_page *page,
                                        struct platform **out, size_t *out_count);

/* By name or alias.  Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err db_platform_get(struct db_scope *s, const char *name,
                                       struct platform *out);

/* name, title, aliases, follow_channel, roots and key manifest (with class and sequence) of p.
 * Errors: OTA_E_CONFLICT already-exists (the name, or an alias, is a name or alias). */
OTA_MUST_CHECK ota_err db_platform_create(struct db_scope *s, const struct platform *p,
                                          struct platform *out);

struct platform_patch {
    const char *title;              /* NULL = as it is */
    const struct db_names *aliases; /* NULL = as they are; else exactly these */
    const bool *follow_channel;     /* NULL = as it is */
};

/* Errors: OTA_E_NOT_FOUND, OTA_E_CONFLICT already-exists. */
OTA_MUST_CHECK ota_err db_platform_patch(struct db_scope *s, const char *name,
                                         const struct platform_patch *patch,
                                         struct platform *out);

struct platform_manifest {
    const uint8_t *bytes;
    size_t len;
    uint32_t sequence;
    uint8_t hardware_class[16];
};

/*
 * A new key manifest, already verified by the caller against the platform's roots.  The very
 * same bytes again are no error.
 * Errors: OTA_E_NOT_FOUND; OTA_E_CONFLICT sequence-too-low, wrong-class.
 */
OTA_MUST_CHECK ota_err db_platform_manifest_put(struct db_scope *s, const char *name,
                                                const struct platform_manifest *m,
                                                struct platform *out);

#endif
