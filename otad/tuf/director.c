/* No memory but the stack's, no lock but the keys': this answers polls. */
#include "director.h"

#include <string.h>

#include "online.h"

bool director_nonce_valid(const char *text)
{
    return strlen(text) == DIRECTOR_NONCE_TEXT &&
           strspn(text, "0123456789abcdef") == DIRECTOR_NONCE_TEXT;
}

static void put_text(struct canonical_out *w, const char *name, const char *text)
{
    canonical_name(w, name);
    canonical_put_text(w, text);
}

static ota_err write_signed(const struct director_answer *a, uint8_t *buf,
                            struct canonical *out)
{
    char now[ONLINE_TIME_BYTES], expires[ONLINE_TIME_BYTES];
    struct canonical_out w;
    online_time(a->now_unix_s, now);
    online_time(a->now_unix_s + DIRECTOR_LIFE_S, expires);
    canonical_begin(&w, buf, DIRECTOR_BYTES_MAX);
    canonical_open(&w, '{');
    put_text(&w, "_type", "targets");
    put_text(&w, "device", a->device);
    put_text(&w, "expires", expires);
    put_text(&w, "nonce", a->nonce);
    put_text(&w, "spec_version", "1.0.34");
    canonical_name(&w, "targets");
    canonical_open(&w, '{');
    if (a->path != NULL) {
        canonical_name(&w, a->path);
        canonical_put(
            &w, (struct canonical){.at = (const uint8_t *)a->entry, .len = strlen(a->entry)});
    }
    canonical_close(&w, '}');
    put_text(&w, "time", now);
    canonical_name(&w, "version");
    canonical_put_uint(&w, (uint64_t)a->now_unix_s);
    canonical_close(&w, '}');
    return canonical_end(&w, out);
}

ota_err director_write(struct online_keys *keys, const uint8_t key[32],
                       const struct director_answer *a, uint8_t *out_bytes, size_t *out_len)
{
    uint8_t buf[DIRECTOR_BYTES_MAX], sig[ONLINE_SIGNATURE_BYTES];
    char id[ONLINE_ID_TEXT_BYTES];
    struct canonical body, whole;
    ota_err err = write_signed(a, buf, &body);
    if (err == OTA_OK)
        err = online_sign(keys, ONLINE_DIRECTOR, key, body.at, body.len, sig, id);
    if (err == OTA_OK)
        err = online_wrap(body, id, sig, out_bytes, DIRECTOR_BYTES_MAX, &whole);
    if (err == OTA_OK)
        *out_len = whole.len;
    return err;
}
