#ifndef OTA_WORLD_H
#define OTA_WORLD_H

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
    W_ERASE = 4096,
    W_SLOT_UNITS = 12,
    W_SLOT = W_SLOT_UNITS * W_ERASE,
    W_A_AT = 8 * W_ERASE,
    W_B_AT = W_A_AT + W_SLOT,
    W_FLASH = W_B_AT + W_SLOT + W_ERASE,
    W_PIECE = 8192,
    W_NEVER = 0x7fffffff,
    W_CLASS_AT = 16 /* in a key manifest */
};

struct world {
    uint8_t mem[W_FLASH];
    struct flash flash;
    struct slot_map map;
    int writes_left; /* flash operations until the power goes */
    jmp_buf power;

    struct ota_settings settings;
    struct ota_timing timing;
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
    unsigned polls, configs, beats, progresses, downloadeds, installings, gets, requests;
    uint64_t request_ms, gap_ms; /* of the last request, and since the one before */
    uint32_t served;             /* bytes of the file                                        */
    int status, status_times;    /* answer so many requests with this                        */
    const char *status_for;      /* only if the request line contains this, or NULL          */
    unsigned retry_after_s;
    bool no_ranges, unreachable, wrong_certificate;
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

/* --- the server ------------------------------------------------------------------------- */

static void w_answer(struct world *w, int status, const char *extra, const void *body,
                     size_t len)
{
    int n =
        snprintf((char *)w->out, sizeof w->out,
                 "HTTP/1.1 %d Whatever\r\nContent-Length: %zu\r\n%s\r\n", status, len, extra);

    assert(n > 0 && (size_t)n + len <= sizeof w->out);
    if (len > 0) {
        memcpy(w->out + n, body, len);
    }
    w->out_len = (size_t)n + len;
    w->out_at = 0;
}

static void w_json(struct world *w, const char *text)
{
    w_answer(w, 200, "Content-Type: application/json\r\n", text, strlen(text));
}

static void w_serve_poll(struct world *w)
{
    char text[1024];
    int n =
        snprintf(text, sizeof text,
                 "{\"config\":{\"polling\":{\"sleep\":\"00:00:10\"}},\"_links\":{\"self\":{}");

    w->polls++;
    if (w->cancelling) {
        n += snprintf(text + n, sizeof text - (size_t)n,
                      ",\"cancelAction\":{\"href\":\"https://other.example/t/controller/v1/d/"
                      "cancelAction/%u\"}",
                      w->cancel_id);
    } else if (w->offered) {
        n += snprintf(text + n, sizeof text - (size_t)n,
                      ",\"deploymentBase\":{\"href\":\"https://other.example/t/controller/v1/d/"
                      "deploymentBase/%u?c=-7\"}",
                      w->action);
    }
    snprintf(text + n, sizeof text - (size_t)n, "}}");
    w_json(w, text);
}

static void w_serve_deployment(struct world *w)
{
    char text[1600];

    if (w->gone) {
        w_answer(w, 404, "", "", 0);
        return;
    }
    snprintf(
        text, sizeof text,
        "{\"id\":\"%u\",\"deployment\":{\"download\":\"forced\",\"update\":\"%s\",\"chunks\":[{"
        "\"part\":\"bApp\",\"version\":\"1.1.0\",\"name\":\"fw\",\"artifacts\":[{\"filename\":"
        "\"fw.bin\",\"hashes\":{\"sha1\":\"x\",\"md5\":\"y\",\"sha256\":\"%s\"},\"size\":%u,"
        "\"_links\":{\"download\":{\"href\":\"https://other.example/file/fw.bin\"}}}]}]}}",
        w->action, w->update, w->sha256, w->file_bytes);
    w_json(w, text);
}

static void w_serve_file(struct world *w, const char *request)
{
    const char *range = strstr(request, "\r\nRange: bytes=");
    unsigned first = 0, last = w->file_bytes - 1;
    char extra[256];

    w->gets++;
    if (range != NULL && !w->no_ranges) {
        assert(sscanf(range + 14, "=%u-%u", &first, &last) == 2);
        assert(first <= last && last < w->file_bytes);
        snprintf(extra, sizeof extra,
                 "ETag: \"%s\"\r\nContent-Range: bytes %u-%u/%u\r\nAccept-Ranges: bytes\r\n",
                 w->sha256, first, last, w->file_bytes);
        if (strstr(request, "\r\nIf-Range: ") == NULL ||
            strstr(strstr(request, "\r\nIf-Range: "), w->sha256) != NULL) {
            w_answer(w, 206, extra, w->file + first, last - first + 1);
            w->served += last - first + 1;
            return;
        }
    }
    snprintf(extra, sizeof extra, "ETag: \"%s\"\r\n", w->sha256);
    w_answer(w, 200, extra, w->file, w->file_bytes);
    w->served += w->file_bytes;
}

static void w_take_closed(struct world *w, const char *body)
{
    const char *detail = strstr(body, "\"details\":[\"");

    w->closed++;
    w->closed_success = strstr(body, "\"finished\":\"success\"") != NULL;
    assert(w->closed_success || strstr(body, "\"finished\":\"failure\"") != NULL);
    w->reason[0] = '\0';
    if (detail != NULL) {
        sscanf(detail + 12, "%63[^\"]", w->reason);
    }
    w->offered = false;
}

static void w_take_feedback(struct world *w, const char *request, const char *body)
{
    unsigned id = 0;

    assert(sscanf(strstr(request, "deploymentBase/"), "deploymentBase/%u/feedback", &id) == 1);
    if (w->gone || !w->offered || id != w->action) {
        w_answer(w, 410, "", "", 0);
        return;
    }
    if (strstr(body, "\"execution\":\"closed\"") != NULL) {
        w_take_closed(w, body);
    } else if (strstr(body, "\"execution\":\"downloaded\"") != NULL) {
        w->downloadeds++;
    } else if (strstr(body, "installing") != NULL) {
        w->installings++;
    } else {
        assert(strstr(body, "\"progress\":{\"cnt\":") != NULL);
        w->progresses++;
    }
    w_answer(w, 200, "", "", 0);
}

static void w_take_cancel(struct world *w, const char *body)
{
    w->cancel_closed = w->cancel_closed || strstr(body, "\"closed\"") != NULL;
    w->cancel_rejected = w->cancel_rejected || strstr(body, "\"rejected\"") != NULL;
    w->cancelling = false;
    if (strstr(body, "\"closed\"") != NULL) {
        w->offered = false;
    }
    w_answer(w, 200, "", "", 0);
}

static void w_route(struct world *w, const char *rq, const char *body)
{
    char text[128];

    if (strncmp(rq, "GET /t/controller/v1/d HTTP", 27) == 0) {
        w_serve_poll(w);
    } else if (strncmp(rq, "PUT /t/controller/v1/d/configData ", 34) == 0) {
        w->configs++;
        snprintf(w->last_config, sizeof w->last_config, "%s", body);
        w_answer(w, 200, "", "", 0);
    } else if (strncmp(rq, "POST /t/controller/v1/d/heartbeat ", 34) == 0) {
        w->beats++;
        snprintf(w->last_beat, sizeof w->last_beat, "%s", body);
        w_json(w, "{}");
    } else if (strncmp(rq, "GET /t/controller/v1/d/deploymentBase/", 38) == 0) {
        w_serve_deployment(w);
    } else if (strncmp(rq, "POST /t/controller/v1/d/deploymentBase/", 39) == 0) {
        w_take_feedback(w, rq, body);
    } else if (strncmp(rq, "GET /t/controller/v1/d/cancelAction/", 36) == 0) {
        snprintf(text, sizeof text, "{\"id\":\"%u\",\"cancelAction\":{\"stopId\":\"%u\"}}",
                 w->cancel_id, w->action);
        w_json(w, text);
    } else if (strncmp(rq, "POST /t/controller/v1/d/cancelAction/", 37) == 0) {
        w_take_cancel(w, body);
    } else if (strncmp(rq, "GET /file/fw.bin ", 17) == 0) {
        w_serve_file(w, rq);
    } else {
        fprintf(stderr, "no such route: %s\n", rq);
        abort();
    }
}

static void w_request(struct world *w, const char *body)
{
    char extra[64] = "";
    const char *line_end = strstr(w->in, "\r\n");
    const char *match = w->status_for == NULL ? w->in : strstr(w->in, w->status_for);

    w->requests++;
    w->gap_ms = w->now_ms - w->request_ms;
    w->request_ms = w->now_ms;
    assert(strstr(w->in, "\r\nHost: server.test:8443\r\n") != NULL);
    assert(strstr(w->in, "\r\nAuthorization: TargetToken secret\r\n") != NULL);
    if (w->raw != NULL) {
        w->out_len = strlen(w->raw);
        memcpy(w->out, w->raw, w->out_len);
        w->out_at = 0;
        w->raw = NULL;
        return;
    }
    if (w->status_times > 0 && match != NULL && match < line_end) {
        w->status_times--;
        if (w->retry_after_s > 0) {
            snprintf(extra, sizeof extra, "Retry-After: %u\r\n", w->retry_after_s);
        }
        w_answer(w, w->status, extra, "no", 2);
        return;
    }
    w_route(w, w->in, body);
}

/* --- the wire --------------------------------------------------------------------------- */

static ota_err w_connect(void *port, const struct ota_endpoint *to, uint64_t deadline_ms)
{
    struct world *w = port;

    assert(!w->open && deadline_ms > w->now_ms && to->port == 8443);
    w->connects++;
    if (w->unreachable) {
        w->now_ms = deadline_ms;
        return OTA_E_BUSY;
    }
    if (w->wrong_certificate) {
        return OTA_E_SIGNATURE;
    }
    w->open = true;
    w->in_len = w->out_len = w->out_at = 0;
    return OTA_OK;
}

static ota_err w_send(void *port, const void *data, size_t len, uint64_t deadline_ms)
{
    struct world *w = port;
    char *body;
    const char *length;

    assert(w->open && deadline_ms > 0);
    assert(w->in_len + len < sizeof w->in);
    memcpy(w->in + w->in_len, data, len);
    w->in_len += len;
    w->in[w->in_len] = '\0';
    body = strstr(w->in, "\r\n\r\n");
    if (body == NULL) {
        return OTA_OK;
    }
    body += 4;
    length = strstr(w->in, "Content-Length: ");
    if (length == NULL || strlen(body) >= strtoul(length + 16, NULL, 10)) {
        w->in_len = 0;
        w_request(w, body);
    }
    return OTA_OK;
}

static ota_err w_recv(void *port, void *buf, size_t cap, size_t *out_len, uint64_t deadline_ms)
{
    struct world *w = port;
    size_t n = w->out_len - w->out_at;

    assert(w->open);
    w->now_ms += w->slow ? 1000 : 0;
    if (w->now_ms >= deadline_ms) {
        return OTA_E_BUSY;
    }
    if (w->endless) {
        memset(buf, 'x', cap);
        *out_len = cap;
        return OTA_OK;
    }
    if (n == 0) {
        w->now_ms = deadline_ms;
        return OTA_E_BUSY;
    }
    n = n < cap ? n : cap;
    n = w->slow ? 1 : n < w->chunk ? n : w->chunk;
    if (w->cut_after != UINT32_MAX) {
        if (w->cut_after == 0) {
            w->cut_after = UINT32_MAX;
            w->out_at = w->out_len;
            return OTA_E_IO;
        }
        n = n < w->cut_after ? n : w->cut_after;
        w->cut_after -= (uint32_t)n;
    }
    memcpy(buf, w->out + w->out_at, n);
    w->out_at += n;
    *out_len = n;
    return OTA_OK;
}

static void w_close(void *port)
{
    ((struct world *)port)->open = false;
}

/* --- the device ------------------------------------------------------------------------- */

static uint64_t w_now(void *port)
{
    return ((struct world *)port)->now_ms;
}

static uint32_t w_random(void *port)
{
    (void)port;
    return 12345;
}

static void w_log(void *port, enum ota_level level, const char *text)
{
    struct world *w = port;
    int n = snprintf(w->log + w->log_len, sizeof w->log - w->log_len, "%8llu %c %s\n",
                     (unsigned long long)w->now_ms, level == OTA_WARN ? '!' : ' ', text);

    if (n > 0 && w->log_len + (size_t)n < sizeof w->log) {
        w->log_len += (size_t)n;
    }
}

static void w_vitals(void *port, struct ota_vitals *out)
{
    (void)port;
    out->uptime_s = 7;
    out->free_bytes = 1000;
    out->app = "test";
    memcpy(out->address, "10.0.2.15", 10);
}

static void w_reboot(void *port)
{
    struct world *w = port;

    w->reset_wanted = true;
    w->cause = BOOT_CAUSE_SOFT;
}

/* Reset: bootloader, then the app starts its agent. */
static void w_boot(struct world *w)
{
    static const struct boot_hooks no_hooks = {0};
    struct boot_record previous = w->record;
    const struct ota_config config = {.map = &w->map,
                                      .roots = test_roots,
                                      .settings = &w->settings,
                                      .boot = &w->record,
                                      .transport = &w->transport,
                                      .clock = &w->clock,
                                      .timing = &w->timing,
                                      .port = w,
                                      .random = w_random,
                                      .log = w_log,
                                      .vitals = w_vitals,
                                      .reboot = w_reboot};

    w->reset_wanted = w->open = false;
    assert(boot_run(&w->map, test_roots, w->cause, &previous, &no_hooks, &w->record) ==
           IMAGE_GOOD);
    w_log(w, OTA_INFO, w->record.on_trial ? "boot, on trial" : "boot");
    assert(ota_init(&w->agent, &config) == OTA_OK);
}

static struct world *w_new(void)
{
    struct world *w = calloc(1, sizeof *w);

    assert(w != NULL && sodium_init() >= 0);
    memset(w->mem, 0xff, sizeof w->mem);
    w->flash = (struct flash){.size_bytes = W_FLASH,
                              .erase_bytes = W_ERASE,
                              .program_bytes = 4,
                              .erased = 0xff,
                              .port = w,
                              .read = w_read,
                              .program = w_program,
                              .erase = w_erase};
    w->map = (struct slot_map){.flash = &w->flash,
                               .journal_at = 0,
                               .manifest_at = 2 * W_ERASE,
                               .agent_at = 4 * W_ERASE,
                               .settings_at = 6 * W_ERASE,
                               .a_at = W_A_AT,
                               .b_at = W_B_AT,
                               .slot_bytes = W_SLOT};
    w->writes_left = W_NEVER;
    w->cut_after = w->chunk = UINT32_MAX;
    w->now_ms = 1000;
    w->cause = BOOT_CAUSE_POWER;
    memcpy(w->update, "forced", 7);
    w->settings = (struct ota_settings){.host = "server",
                                        .port = 8443,
                                        .server_name = "server.test",
                                        .tenant = "t",
                                        .device_id = "d",
                                        .auth = OTA_AUTH_TARGET,
                                        .token = "secret",
                                        .platform = "p"};
    w->timing = ota_timing_default();
    w->timing.piece_bytes = W_PIECE;
    w->transport = (struct ota_transport){
        .port = w, .connect = w_connect, .send = w_send, .recv = w_recv, .close = w_close};
    w->clock = (struct ota_clock){.port = w, .now_ms = w_now};
    assert(slot_format(&w->map, test_manifest, sizeof test_manifest, 1) == OTA_OK);
    (void)w_image_make((struct w_image){.minor = 0, .counter = 1, .payload_bytes = 20000},
                       w->mem + W_A_AT);
    return w;
}

/* Step once, let the time pass that the agent rests. */
static void w_step(struct world *w)
{
    w->now_ms += ota_step(&w->agent);
    if (w->reset_wanted) {
        w_boot(w);
    }
}

static bool w_said(const struct world *w, const char *text)
{
    return strstr(w->log, text) != NULL;
}

/* Run until closed reports arrived, or so many steps were made. */
static bool w_run(struct world *w, int steps)
{
    for (int i = 0; i < steps; i++) {
        if (w->closed > 0) {
            return true;
        }
        w_step(w);
    }
    return w->closed > 0;
}

static void w_steps(struct world *w, int steps)
{
    for (int i = 0; i < steps; i++) {
        w_step(w);
    }
}

/* Version minor of the image in A, verified. */
static int w_runs(struct world *w)
{
    struct image_source src = slot_running(&w->map);
    struct image_info info;
    enum image_verdict why;

    assert(image_parse(&src, &info, &why) == OTA_OK);
    return info.version.minor;
}

static enum slot_phase w_phase(struct world *w)
{
    struct slot_state s;

    assert(slot_state_get(&w->map, &s) == OTA_OK);
    return s.phase;
}

/* Unused helpers are no error in a test that needs only some. */
static inline void w_all_used(void)
{
    (void)w_new;
    (void)w_run;
    (void)w_steps;
    (void)w_said;
    (void)w_runs;
    (void)w_phase;
    (void)w_offer;
}

#endif
