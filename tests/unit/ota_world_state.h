#ifndef OTA_WORLD_STATE_H
#define OTA_WORLD_STATE_H

/*
 * A whole world for the agent's tests in one process: flash in memory with NOR rules and power
 * cuts, the real bootloader code, and a DDI server behind a scripted transport, on a clock that
 * only waiting moves.
 */
#include <assert.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "bootloader/boot.h"
#include "firmware/image/le.h"
#include "firmware/ota/ota.h"
#include "tests/vectors/keys/test_keys.h"

enum {
    W_ERASE = 8192, /* two blocks of the agent: resuming has to go back to a whole unit */
    W_SLOT_UNITS = 8,
    W_SLOT = W_SLOT_UNITS * W_ERASE,
    W_A_AT = 8 * W_ERASE,
    W_B_AT = W_A_AT + W_SLOT,
    W_TRUST_AT = W_B_AT + W_SLOT + W_ERASE,
    W_FLASH = W_TRUST_AT + TRUST_COPIES * W_ERASE,
    W_PIECE = 16384,
    W_NEVER = 0x7fffffff,
    W_CLASS_AT = 16 /* in a key manifest */
};

_Static_assert(TRUST_COPY_BYTES(W_ERASE) == W_ERASE, "a copy of what is trusted is one unit");

struct world {
    uint8_t mem[W_FLASH];
    struct flash flash;
    struct slot_map map;
    struct trust_region trust;
    int writes_left;                    /* flash operations until the power goes */
    unsigned erases[W_FLASH / W_ERASE]; /* of each unit, ever */
    jmp_buf power;

    struct ota_settings settings;
    struct ota_timing timing;
    uint32_t random; /* what the agent is given, always the same */
    struct ota_transport transport;
    struct ota_clock clock;
    struct boot_record record;
    struct ota_agent agent;
    uint64_t now_ms;
    bool reset_wanted;
    enum boot_cause cause;
    char log[16384];
    size_t log_len;

    /* the server */
    uint8_t file[W_SLOT + 4096];
    uint32_t file_bytes;
    char sha256[65];
    bool offered, cancelling, gone; /* gone: 404 for the action; the link stays offered */
    unsigned action, cancel_id;
    char update[16]; /* "forced", "skip"                                         */
    int closed;      /* closed reports taken                                     */
    bool closed_success, cancel_closed, cancel_rejected;
    char reason[64];
    uint8_t keys[3000]; /* key manifest that the server has for it, and says of its sequence */
    uint32_t keys_bytes, keys_sequence;
    unsigned keys_told, keys_gets; /* last ?keys=, and how often it was fetched */
    unsigned polls, configs, beats, progresses, downloadeds, installings, gets, requests;
    uint64_t request_ms, gap_ms; /* of the last request, and since the one before */
    unsigned if_ranges;
    uint32_t served;          /* bytes of the file                                        */
    int status, status_times; /* answer so many requests with this                        */
    const char *status_for;   /* only if the request line contains this, or NULL          */
    unsigned retry_after_s;
    bool no_ranges, unreachable, wrong_certificate;
    bool director; /* a link to signed answers in polls                                   */
    /* Routes beyond DDI; false if it knows none either. */
    bool (*more)(struct world *w, const char *rq);
    void *more_arg;
    const char *raw; /* answer of the next request, instead of ours              */
    char last_config[1024], last_beat[1024];

    /* the wire */
    bool open;
    char in[4096];
    size_t in_len;
    uint8_t out[W_SLOT + 8192];
    size_t out_len, out_at;
    uint32_t cut_after; /* bytes towards the device until the connection breaks     */
    uint32_t chunk;     /* most bytes of one recv                                   */
    bool slow;          /* a byte a second                                          */
    bool endless;       /* an answer whose head never ends                          */
    bool stale;
    unsigned connects;
};

/* --- flash ------------------------------------------------------------------------------ */

static void w_power(struct world *w)
{
    if (w->writes_left != W_NEVER && w->writes_left-- == 0) {
        longjmp(w->power, 1);
    }
}

static ota_err w_read(const struct flash *f, uint32_t at, void *buf, size_t len)
{
    const struct world *w = f->port;

    assert(at <= W_FLASH && len <= W_FLASH - at);
    memcpy(buf, w->mem + at, len);
    return OTA_OK;
}

static ota_err w_program(const struct flash *f, uint32_t at, const void *buf, size_t len)
{
    struct world *w = f->port;
    bool cut = w->writes_left == 0;

    assert(at % f->program_bytes == 0 && len % f->program_bytes == 0);
    assert(at <= W_FLASH && len <= W_FLASH - at);
    for (size_t i = 0; i < (cut ? len / 2 : len); i++) {
        assert(w->mem[at + i] == 0xff); /* programmed twice without an erase */
        w->mem[at + i] = ((const uint8_t *)buf)[i];
    }
    w_power(w);
    return OTA_OK;
}

static ota_err w_erase(const struct flash *f, uint32_t at)
{
    struct world *w = f->port;
    bool cut = w->writes_left == 0;

    assert(at % W_ERASE == 0 && at < W_FLASH);
    w->erases[at / W_ERASE]++;
    memset(w->mem + at, 0xff, cut ? W_ERASE / 2 : W_ERASE);
    w_power(w);
    return OTA_OK;
}

/* --- images ----------------------------------------------------------------------------- */

static size_t w_tlv(uint8_t *p, uint16_t type, const void *value, uint16_t len)
{
    le16_store(p, type);
    le16_store(p + 2, len);
    memcpy(p + 4, value, len);
    return 4 + (size_t)len;
}

struct w_image {
    uint8_t minor;
    uint32_t counter;
    uint32_t payload_bytes;
    const uint8_t *seed, *key; /* NULL: the test image key */
};

/* A signed image into out; returns its length. */
static uint32_t w_image_make(struct w_image what, uint8_t *out)
{
    static const uint8_t spki[12] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                     0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
    const uint8_t *seed = what.seed != NULL ? what.seed : test_image_seed;
    uint8_t public_key[44], secret[64], raw[32], digest[32], hash[32], sig[64], counter[4];
    const uint16_t protected_bytes = 4 + 4 + 4 + 4 + 16;
    size_t n = 32;

    memset(out, 0, 32);
    le32_store(out, 0x96f3b83d);
    le16_store(out + 8, 32);
    le16_store(out + 10, protected_bytes);
    le32_store(out + 12, what.payload_bytes);
    out[20] = 1;
    out[21] = what.minor;
    for (uint32_t i = 0; i < what.payload_bytes; i++) {
        out[n++] = (uint8_t)(i * 31 + (i >> 8) * 7 + what.minor);
    }
    le16_store(out + n, 0x6908);
    le16_store(out + n + 2, protected_bytes);
    n += 4;
    le32_store(counter, what.counter);
    n += w_tlv(out + n, 0x50, counter, 4);
    n += w_tlv(out + n, 0x75, test_manifest + W_CLASS_AT, 16);
    crypto_hash_sha256(digest, out, n);
    crypto_sign_seed_keypair(raw, secret, seed);
    memcpy(public_key, spki, sizeof spki);
    memcpy(public_key + sizeof spki, raw, sizeof raw);
    crypto_hash_sha256(hash, public_key, sizeof public_key);
    crypto_sign_detached(sig, NULL, digest, sizeof digest, secret);
    le16_store(out + n, 0x6907);
    le16_store(out + n + 2, 4 + 36 + 36 + 68);
    n += 4;
    n += w_tlv(out + n, 0x10, digest, 32);
    n += w_tlv(out + n, 0x01, hash, 32);
    n += w_tlv(out + n, 0x24, sig, 64);
    return (uint32_t)n;
}

static void w_hash_file(struct world *w)
{
    uint8_t digest[32];

    crypto_hash_sha256(digest, w->file, w->file_bytes);
    sodium_bin2hex(w->sha256, sizeof w->sha256, digest, sizeof digest);
}

static void w_offer(struct world *w, unsigned action, struct w_image what)
{
    w->file_bytes = w_image_make(what, w->file);
    w_hash_file(w);
    w->action = action;
    w->offered = true;
    w->cancelling = w->gone = false;
    w->closed = 0;
    w->reason[0] = '\0';
}

#endif
