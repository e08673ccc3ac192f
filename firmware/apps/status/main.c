/*
 * The reference app: shows its version on LEDs and console, sends heartbeats, keeps itself up
 * to date.  The watchdog is fed from every wait, but only while the agent comes back from its
 * steps; an image on trial that does not reach the server gives its boot up, so that tries run
 * out.
 */
#include <string.h>

#include "../../boards/roots.h"
#include "../../ota/ota.h"
#include "../../ota/tls.h"
#include "board.h"
#include "emulator.h"
#include "look.h"
#include "net.h"

enum {
    STALE_LED = 1 << 9,    /* lights while the server may be keeping news from us */
    TRIAL_MS = 180 * 1000, /* to reach the server; longer than two failed steps */
    RETRY_MS = 5000
};

static struct {
    struct ota_agent agent;
    struct ota_settings settings;
    struct ota_clock clock;
    struct ota_transport transport;
    struct tls_link link;
    struct tls_ports tls;
    struct ota_timing timing;
    uint64_t stepped_ms; /* when the agent last came back */
    uint64_t shown_ms;
    uint32_t step;
    bool agent_runs;
} app;

static uint64_t now_ms(void)
{
    return app.clock.now_ms(app.clock.port);
}

static void say(const char *what)
{
    board_puts("status ");
    board_puts(look.version);
    board_puts(": ");
    board_puts(what);
    board_puts("\n");
}

/* --- hooks ------------------------------------------------------------------------------ */

static void idle(void *arg)
{
    uint64_t now = now_ms();

    (void)arg;
    if (now - app.shown_ms >= look.step_ms) {
        app.shown_ms = now;
        app.step = (app.step + 1) % look.steps;
        board_leds(look.leds[app.step] | (ota_stale(&app.agent) ? STALE_LED : 0u));
    }
    if (now - app.stepped_ms < OTA_STEP_MS_MAX) {
        board_watchdog_feed();
    }
}

static void refused(void *port, const char *why)
{
    (void)port;
    say(why);
}

static void agent_says(void *port, enum ota_level level, const char *text)
{
    (void)port;
    (void)level;
    say(text);
}

static uint32_t random_word(void *port)
{
    (void)port;
    return tls_random();
}

static uint32_t free_bytes(void)
{
    extern uint8_t __bss_end[], __stack_top[];

    return (uint32_t)(__stack_top - __bss_end);
}

static void vitals(void *port, struct ota_vitals *out)
{
    (void)port;
    out->uptime_s = (uint32_t)(now_ms() / 1000);
    out->free_bytes = free_bytes();
    out->app = look.name;
    net_address(out->address);
    board_puts("status ");
    board_puts(look.version);
    board_puts(": heartbeat, up ");
    board_put_dec(out->uptime_s);
    board_puts(" s at ");
    board_puts(out->address);
    board_puts("\n");
}

static void reboot(void *port)
{
    (void)port;
    board_reset(BOOT_CAUSE_SOFT);
}

/* --- start ------------------------------------------------------------------------------ */

/* Nothing works without these; a reset after a while is all that can be tried. */
_Noreturn static void give_up(const char *why)
{
    uint64_t until = now_ms() + RETRY_MS;

    say(why);
    while (now_ms() < until) {
        board_wait();
    }
    board_reset(BOOT_CAUSE_OTHER);
}

static void start_agent(void)
{
    static struct ota_config config;
    static struct trust_region trust;

    trust = (struct trust_region){.flash = board_map.flash, .at = BOARD_TRUST_AT};
    app.timing = ota_timing_default();
    if (app.settings.poll_s != 0) {
        app.timing.poll_ms = app.settings.poll_s * 1000;
    }
    if (app.settings.heartbeat_s != 0) {
        app.timing.heartbeat_ms = app.settings.heartbeat_s * 1000;
    }
    config = (struct ota_config){.map = &board_map,
                                 .roots = boot_roots,
                                 .trust = &trust,
                                 .settings = &app.settings,
                                 .boot = board_boot_record(),
                                 .transport = &app.transport,
                                 .clock = &app.clock,
                                 .timing = &app.timing,
                                 .random = random_word,
                                 .log = agent_says,
                                 .vitals = vitals,
                                 .reboot = reboot};
    if (ota_init(&app.agent, &config)) {
        give_up("flash cannot be read");
    }
}

static void start(void)
{
    static uint8_t scratch[OTA_SETTINGS_BYTES_MAX];

    app.clock = net_clock();
    app.link = net_link();
    app.tls = (struct tls_ports){.link = &app.link,
                                 .clock = &app.clock,
                                 .unix_s = emulator_unix_s,
                                 .entropy = emulator_entropy,
                                 .refused = refused};
    if (ota_settings_load(&board_map, scratch, &app.settings)) {
        give_up("no settings: this device was never provisioned");
    }
    if (tls_init(&app.tls, &app.transport)) {
        give_up("no entropy");
    }
    if (!net_start(idle, NULL)) {
        give_up("no Ethernet");
    }
    board_watchdog_arm();
    start_agent();
}

int main(void)
{
    uint64_t until;

    board_start();
    board_puts("\nstatus ");
    board_puts(look.version);
    board_puts(" (");
    board_puts(look.name);
    board_puts(")\n");
    start();
    say(app.settings.device_id);
    for (;;) {
        until = now_ms() + ota_step(&app.agent);
        app.stepped_ms = now_ms();
        do {
            net_wait(until);
        } while (now_ms() < until);
        if (ota_activity(&app.agent) == OTA_PROVING && now_ms() > TRIAL_MS) {
            say("the server was not reached: giving this boot up");
            board_reset(BOOT_CAUSE_SOFT);
        }
    }
}
