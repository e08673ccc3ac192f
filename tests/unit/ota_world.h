#ifndef OTA_WORLD_H
#define OTA_WORLD_H

/* The device of the world, and the whole set in motion. */
#include "ota_world_server.h"

/* --- the device ------------------------------------------------------------------------- */

static uint64_t w_now(void *port)
{
    return ((struct world *)port)->now_ms;
}

static uint32_t w_random(void *port)
{
    return ((struct world *)port)->random;
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
                                      .trust = &w->trust,
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
    w->trust = (struct trust_region){.flash = &w->flash, .at = W_TRUST_AT};
    w->writes_left = W_NEVER;
    w->cut_after = w->chunk = UINT32_MAX;
    w->now_ms = 1000;
    w->random = 12345;
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
    uint64_t begin = w->now_ms;
    uint32_t rest_ms = ota_step(&w->agent);

    assert(w->now_ms - begin <= OTA_STEP_MS_MAX);
    w->now_ms += rest_ms;
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
