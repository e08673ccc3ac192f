/* Platforms, releases and artifacts as JSON (SPEC 8.5, 8.6). */
#include <stdio.h>
#include <string.h>

#include "write.h"

void uuid_write(const uint8_t uuid[16], char out[UUID_TEXT_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        out[at++] = digits[uuid[i] >> 4];
        out[at++] = digits[uuid[i] & 15U];
    }
    out[at] = '\0';
}

static void write_uuid(struct json_out *o, const char *key, const uint8_t uuid[16])
{
    char text[UUID_TEXT_BYTES];
    uuid_write(uuid, text);
    json_put_string(o, key, text);
}

void write_artifact(struct json_out *o, const char *key, const struct artifact *a)
{
    json_open_object(o, key);
    json_put_string(o, "name", a->name);
    json_put_int(o, "size", a->size_bytes);
    json_put_hex(o, "sha256", a->sha256, sizeof a->sha256);
    json_put_string(o, "kind", artifact_kind_name(a->kind));
    if (a->kind == ARTIFACT_MCUBOOT) {
        json_put_string(o, "version", a->version);
        json_put_int(o, "security_counter", a->security_counter);
        write_uuid(o, "hardware_class", a->hardware_class);
        json_put_hex(o, "key_hash", a->key_hash, sizeof a->key_hash);
    } else {
        json_put_null(o, "version");
        json_put_null(o, "security_counter");
        json_put_null(o, "hardware_class");
        json_put_null(o, "key_hash");
    }
    json_put_raw(o, "details", a->details);
    json_close_object(o);
}

static void write_sbom(struct json_out *o, const struct artifact *a)
{
    if (a == NULL) {
        json_put_null(o, "sbom");
        return;
    }
    json_open_object(o, "sbom");
    json_put_string(o, "name", a->name);
    json_put_string(o, "format", artifact_kind_name(a->kind));
    json_put_int(o, "size", a->size_bytes);
    json_put_hex(o, "sha256", a->sha256, sizeof a->sha256);
    json_close_object(o);
}

static void write_history(struct json_out *o, const struct release *r)
{
    json_open_array(o, "history");
    for (size_t i = 0; i < r->step_count; i++) {
        json_open_object(o, NULL);
        json_put_time(o, "at", r->steps[i].at_unix_s);
        json_put_string(o, "by", r->steps[i].by);
        json_put_string(o, "step", r->steps[i].step);
        json_put_string(o, "detail", r->steps[i].detail);
        json_close_object(o);
    }
    json_close_array(o);
}

/* Did an artifact before index i carry the same key? */
static bool signer_seen(const struct release *r, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (r->artifacts[j].kind == ARTIFACT_MCUBOOT &&
            memcmp(r->artifacts[j].key_hash, r->artifacts[i].key_hash,
                   sizeof r->artifacts[i].key_hash) == 0)
            return true;
    return false;
}

static void write_signers(struct json_out *o, const struct release *r)
{
    json_open_array(o, "signed_by");
    for (size_t i = 0; i < r->artifact_count; i++) {
        const struct artifact *a = &r->artifacts[i];
        if (a->kind == ARTIFACT_MCUBOOT && !signer_seen(r, i))
            json_put_hex(o, NULL, a->key_hash, sizeof a->key_hash);
    }
    json_close_array(o);
}

void write_release(struct json_out *o, const char *key, const struct release *r)
{
    json_open_object(o, key);
    json_put_int(o, "id", r->id);
    json_put_string(o, "platform", r->platform);
    json_put_string(o, "version", r->version);
    json_put_string(o, "channel", channel_name(r->channel));
    json_put_string(o, "state", release_state_name(r->state));
    json_put_int(o, "security_counter", r->security_counter);
    json_put_string(o, "notes", r->notes);
    json_put_time(o, "created_at", r->created_at_unix_s);
    json_put_string(o, "created_by", r->created_by);
    json_put_time(o, "released_at", r->released_at_unix_s);
    json_put_string(o, "withdrawn_reason", r->withdrawn_reason);
    write_signers(o, r);
    json_put_string(o, "sums_signed_by", r->sums_signed_by);
    json_put_int(o, "expected_count", (int64_t)r->expected_count);
    json_open_array(o, "artifacts");
    for (size_t i = 0; i < r->artifact_count; i++)
        write_artifact(o, NULL, &r->artifacts[i]);
    json_close_array(o);
    json_put_int(o, "running_on", r->running_on);
    json_put_string(o, "minimum_version", r->minimum_version);
    write_sbom(o, release_sbom(r));
    if (r->steps != NULL)
        write_history(o, r);
    json_close_object(o);
}

void write_release_event(struct json_out *o, const struct release *r)
{
    json_open_object(o, NULL);
    json_put_string(o, "platform", r->platform);
    json_put_string(o, "version", r->version);
    json_put_string(o, "state", release_state_name(r->state));
    json_close_object(o);
}

static void write_manifest(struct json_out *o, const char *key, const struct manifest *m)
{
    if (m == NULL) {
        json_put_null(o, key);
        return;
    }
    json_open_object(o, key);
    json_put_int(o, "sequence", m->sequence);
    json_open_array(o, "keys");
    for (unsigned i = 0; i < m->key_count; i++) {
        json_open_object(o, NULL);
        json_put_string(o, "alg", m->key[i].alg == CRYPTO_ED25519 ? "ed25519" : "p256");
        json_put_string(o, "purpose",
                        m->key[i].purpose == MANIFEST_IMAGE ? "image" : "release");
        json_put_hex(o, "key_hash", m->key[i].hash, sizeof m->key[i].hash);
        json_close_object(o);
    }
    json_close_array(o);
    json_close_object(o);
}

void write_platform(struct json_out *o, const char *key, const struct platform *p,
                    const struct manifest *m)
{
    json_open_object(o, key);
    json_put_string(o, "name", p->name);
    json_put_string(o, "title", p->title);
    json_open_array(o, "aliases");
    for (size_t i = 0; i < p->aliases.count; i++)
        json_put_string(o, NULL, p->aliases.v[i]);
    json_close_array(o);
    if (p->has_class)
        write_uuid(o, "hardware_class", p->hardware_class);
    else
        json_put_null(o, "hardware_class");
    json_put_bool(o, "follow_channel", p->follow_channel);
    write_manifest(o, "key_manifest", m);
    json_open_object(o, "releases");
    json_put_string(o, "stable", p->stable);
    json_put_string(o, "beta", p->beta);
    json_close_object(o);
    json_put_int(o, "device_count", p->device_count);
    json_put_int(o, "stale_count", p->stale_count);
    json_close_object(o);
}
