/* DDI's request bodies. */
#include "ddi_read.h"

#include <string.h>

enum {
    ATTRIBUTE_BYTES_MAX = 512, /* 128 characters of UTF-8; db/ counts characters */
    DETAILS_READ_MAX = 1000,
    DETAIL_BYTES_MAX = 64 * 1024,
    HEARTBEAT_BYTES_MAX = 64
};

struct config_body {
    const char *mode;
    struct json_map data;
};

static const struct json_field config_fields[] = {
    {"mode", FIELD_STRING, false, 0, 32, 0, offsetof(struct config_body, mode)},
    {"data", FIELD_MAP, true, 0, DEVICE_ATTRIBUTES_MAX, ATTRIBUTE_BYTES_MAX,
     offsetof(struct config_body, data)},
};

struct feedback_body {
    const char *execution, *finished;
    struct json_int cnt, of;
    struct json_strings details;
};

#define AT(member) offsetof(struct feedback_body, member)

static const struct json_field feedback_fields[] = {
    {"status.execution", FIELD_STRING, true, 1, 32, 0, AT(execution)},
    {"status.result.finished", FIELD_STRING, true, 1, 32, 0, AT(finished)},
    {"status.result.progress.cnt", FIELD_INT, false, 0, 0, 0, AT(cnt)},
    {"status.result.progress.of", FIELD_INT, false, 0, 0, 0, AT(of)},
    {"status.details", FIELD_STRINGS, false, 0, DETAILS_READ_MAX, DETAIL_BYTES_MAX,
     AT(details)},
};

#undef AT

struct heartbeat_body {
    const char *version, *slot, *reset_cause, *address, *app;
    struct json_int uptime_s, free_bytes;
    struct json_bool stale;
};

#define AT(member) offsetof(struct heartbeat_body, member)

static const struct json_field heartbeat_fields[] = {
    {"version", FIELD_STRING, false, 0, HEARTBEAT_BYTES_MAX, 0, AT(version)},
    {"slot", FIELD_STRING, false, 0, HEARTBEAT_BYTES_MAX, 0, AT(slot)},
    {"reset_cause", FIELD_STRING, false, 0, HEARTBEAT_BYTES_MAX, 0, AT(reset_cause)},
    {"address", FIELD_STRING, false, 0, HEARTBEAT_BYTES_MAX, 0, AT(address)},
    {"app", FIELD_STRING, false, 0, HEARTBEAT_BYTES_MAX, 0, AT(app)},
    {"uptime_s", FIELD_INT, false, 0, INT64_MAX, 0, AT(uptime_s)},
    {"free_bytes", FIELD_INT, false, 0, INT64_MAX, 0, AT(free_bytes)},
    {"stale", FIELD_BOOL, false, 0, 0, 0, AT(stale)},
};

#undef AT

static ota_err fail(struct json_fault *fault, const char *pointer, const char *detail)
{
    memcpy(fault->pointer, pointer, strlen(pointer) + 1);
    fault->detail = detail;
    return OTA_E_FORMAT;
}

ota_err ddi_read_config(struct arena *a, const char *text, size_t len, struct ddi_config *out,
                        struct json_fault *fault)
{
    struct config_body in = {0};
    const ota_err err = JSON_READ(a, text, len, JSON_TOLERANT, config_fields, &in, fault);
    if (err != OTA_OK)
        return err;
    if (in.data.count == 0)
        return fail(fault, "/data", "is empty");
    struct ddi_config c = {.mode = ATTRIBUTES_MERGE, .count = in.data.count};
    if (in.mode != NULL && strcmp(in.mode, "replace") == 0)
        c.mode = ATTRIBUTES_REPLACE;
    else if (in.mode != NULL && strcmp(in.mode, "remove") == 0)
        c.mode = ATTRIBUTES_REMOVE;
    else if (in.mode != NULL && in.mode[0] != '\0' && strcmp(in.mode, "merge") != 0)
        return fail(fault, "/mode", "must be merge, replace or remove");
    c.attributes = arena_array(a, c.count, sizeof *c.attributes);
    if (c.attributes == NULL)
        return OTA_E_LIMIT;
    for (size_t i = 0; i < c.count; i++)
        c.attributes[i] = (struct device_attribute){.key = in.data.pair[i].name,
                                                    .value = in.data.pair[i].value};
    *out = c;
    return OTA_OK;
}

ota_err ddi_read_feedback(struct arena *a, const char *text, size_t len, struct feedback *out,
                          struct json_fault *fault)
{
    struct feedback_body in = {0};
    const ota_err err = JSON_READ(a, text, len, JSON_TOLERANT, feedback_fields, &in, fault);
    if (err != OTA_OK)
        return err;
    const struct feedback f = {.execution = execution_parse(in.execution),
                               .result = result_parse(in.finished),
                               .progress_cnt = in.cnt.value,
                               .progress_of = in.of.value,
                               .detail_count = in.details.count < FLEET_DETAILS_MAX
                                                   ? in.details.count
                                                   : FLEET_DETAILS_MAX,
                               .details = in.details.item};
    if (f.execution == 0)
        return fail(fault, "/status/execution", "is not an execution that DDI knows");
    if (f.result == 0)
        return fail(fault, "/status/result/finished", "must be success, failure or none");
    *out = f;
    return OTA_OK;
}

static int64_t told(const struct json_int *v)
{
    return v->present ? v->value : -1;
}

ota_err ddi_read_heartbeat(struct arena *a, const char *text, size_t len, int64_t now_unix_s,
                           struct heartbeat *out, struct json_fault *fault)
{
    struct heartbeat_body in = {0};
    const ota_err err = JSON_READ(a, text, len, JSON_TOLERANT, heartbeat_fields, &in, fault);
    if (err != OTA_OK)
        return err;
    *out = (struct heartbeat){.at_unix_s = now_unix_s,
                              .version = in.version,
                              .slot = in.slot,
                              .reset_cause = in.reset_cause,
                              .address = in.address,
                              .app = in.app,
                              .uptime_s = told(&in.uptime_s),
                              .free_bytes = told(&in.free_bytes),
                              .stale_since_unix_s = in.stale.value ? now_unix_s : 0};
    return OTA_OK;
}
