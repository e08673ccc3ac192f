/*
 * New key manifests (SPEC 6.2): the server offers one when a poll told of a lower sequence.  It
 * is stored as pending before anything is judged; from then on images are judged by it first.
 * Nothing here trusts the server: slot_manifest_stage wants two boot roots and a higher
 * sequence.
 */
#include "agent.h"

#include "../image/le.h"

enum {
    STATUS_OK = 200,
    MANIFEST_FILE_BYTES_MAX = 2048,
    SEQUENCE_AT = 12, /* in a manifest (SPEC 3.1) */
    SEQUENCE_END = 16
};

static ota_err newest(const struct ota_agent *a, struct manifest *out)
{
    const struct slot_map *m = a->config.map;

    return slot_manifest_pending(m, a->config.roots, out) == OTA_OK
               ? OTA_OK
               : slot_manifest(m, a->config.roots, out);
}

/* Not inlined: a struct manifest must not lie on the stack while the network is used. */
__attribute__((noinline)) uint32_t agent_keys(struct ota_agent *a)
{
    struct manifest m;

    if (a->keys == 0 && newest(a, &m) == OTA_OK) {
        a->keys = m.sequence;
    }
    return a->keys;
}

/* What is held already is not written again: a server could wear the flash out with it. */
static ota_err stage(struct ota_agent *a, size_t len)
{
    if (len < SEQUENCE_END || len > MANIFEST_FILE_BYTES_MAX) {
        return OTA_E_LIMIT;
    }
    if (le32_load(a->block + SEQUENCE_AT) <= agent_keys(a)) {
        return OTA_E_ROLLBACK;
    }
    return slot_manifest_stage(a->config.map, a->config.roots, a->block, (uint32_t)len);
}

static void take(struct ota_agent *a, size_t len)
{
    ota_err e = stage(a, len);

    if (e == OTA_OK) {
        a->keys = 0;         /* read anew */
        a->verified = false; /* what was, was so by the keys before */
        agent_log(a, OTA_INFO, "new keys are pending", NULL);
    } else if (e == OTA_E_CONFLICT) {
        agent_log(a, OTA_INFO, "new keys have to wait until the trial is over", NULL);
    } else {
        agent_log(a, OTA_WARN, "new keys are refused:", ota_err_name(e));
    }
}

void agent_fetch_keys(struct ota_agent *a)
{
    struct http1_answer answer;
    size_t len;
    ota_err e = agent_exchange(a, "GET", a->poll.keys_path, NULL, &answer, &len);

    a->poll.keys_path[0] = '\0'; /* offered again by the next poll if it is still due */
    if (e) {
        agent_failed(a, "keys", e, &answer);
    } else if (answer.status == STATUS_OK) {
        agent_succeeded(a);
        take(a, len);
    } else {
        agent_log(a, OTA_WARN, "the server has no keys for us", NULL);
    }
}
