#ifndef OTAD_DB_DEVICE_H
#define OTAD_DB_DEVICE_H

#include "db.h"
#include "otad/fleet/model.h"

enum { DEVICE_ATTRIBUTES_MAX = 100 };

/*
 * A device that came with a gateway token.  Known already: returned as it is.
 * gateway_id: its platform becomes the device's.  0 = none.
 */
OTA_MUST_CHECK ota_err db_device_register(struct db_scope *s, const char *id,
                                          int64_t gateway_id, struct device *out);

struct device_new {
    const char *id, *name; /* name NULL = "" */
    const char *platform;  /* name or alias */
    enum channel channel;  /* CHANNEL_NONE = stable */
    uint8_t token_hash[32];
};

/* Errors: OTA_E_NOT_FOUND (platform), OTA_E_CONFLICT already-exists. */
OTA_MUST_CHECK ota_err db_device_create(struct db_scope *s, const struct device_new *d,
                                        struct device *out);

/* By what a device last said of the metadata that it trusts (SPEC 10.7). */
enum device_stale { DEVICE_STALE_ANY = 0, DEVICE_STALE_YES, DEVICE_STALE_NO };

struct device_filter {
    const char *platform; /* NULL = all; name or alias */
    bool has_state;
    enum device_state state;
    enum device_stale stale;
    const char *q; /* NULL = all; part of id, name or version, case does not count */
    int64_t now_unix_s;
    struct device_lateness lateness; /* with now_unix_s: what online means */
};

/* By id, keyset page->after_text; without attributes.  Errors: OTA_E_NOT_FOUND (platform). */
OTA_MUST_CHECK ota_err db_device_list(struct db_scope *s, const struct device_filter *filter,
                                      const struct db_page *page, struct device **out,
                                      size_t *out_count);

/* With attributes.  Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err db_device_get(struct db_scope *s, const char *id, struct device *out);

struct device_patch {
    const char *name;     /* NULL = as it is */
    const char *platform; /* NULL = as it is; name or alias */
    enum channel channel; /* CHANNEL_NONE = as it is */
};

/* Errors: OTA_E_NOT_FOUND (device or platform); OTA_E_CONFLICT update-in-progress (another
 * platform while an update is open). */
OTA_MUST_CHECK ota_err db_device_patch(struct db_scope *s, const char *id,
                                       const struct device_patch *patch, struct device *out);

/* With its updates and attributes.  Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err db_device_delete(struct db_scope *s, const char *id);

/* Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err db_device_token_replace(struct db_scope *s, const char *id,
                                               const uint8_t token_hash[32]);

enum attributes_mode { ATTRIBUTES_MERGE = 1, ATTRIBUTES_REPLACE, ATTRIBUTES_REMOVE };

/*
 * configData: in merge and replace a NULL value removes its key; remove looks at keys only.
 * Takes the version from `version` or `sw_version`, and the platform from `platform` unless a
 * person chose it (SPEC 6.3); config is not wanted any more.
 * Errors: OTA_E_NOT_FOUND; OTA_E_LIMIT too-many (more than DEVICE_ATTRIBUTES_MAX after it);
 * OTA_E_FORMAT (keys and values are 1 to 128 and 0 to 128 characters).
 */
OTA_MUST_CHECK ota_err db_device_attributes_put(struct db_scope *s, const char *id,
                                                enum attributes_mode mode,
                                                const struct device_attribute *attributes,
                                                size_t count, struct device *out);

#endif
