/*
 * ota-device: a device as a process.  The same boot code decides and swaps over a flash file,
 * the same agent updates it; a reset is a turn of the loop in main.  Killing the process at any
 * moment is a power cut.  What the image does is told by its payload: tests put
 * "behaviour=crashes" or "behaviour=never-confirms" into it.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../../bootloader/boot.h"
#include "../../ota/ota.h"
#include "../../ota/tls.h"
#include "flash_file.h"
#include "pem.h"
#include "sockets.h"

enum {
    EXIT_USAGE = 2,
    EXIT_NOTHING_BOOTS = 3,
    WATCHDOG_MS = 20000,
    FAST_WATCHDOG_MS = 300,
    TRIAL_MS = 180000,
    REST_MAX_MS = 1000, /* so that --max-seconds is looked at */
    MARKER_BYTES = 4096
};

static const char usage[] =
    "usage: ota-device --flash FILE --boot-root A.pem --boot-root B.pem --boot-root C.pem\n"
    "                  [--board NAME] [--fast] [--poll-ms N] [--heartbeat-ms N]\n"
    "                  [--until-version V] [--max-seconds N]\n"
    "Runs a device over a flash file until killed.  Exits 0 when version V runs confirmed and\n"
    "the server knows, 1 after N seconds, 3 when no image boots.\n";

static struct {
    /* from the command line */
    const char *flash_path, *board, *until;
    struct manifest_root roots[MANIFEST_ROOTS];
    int root_count;
    bool fast;
    uint32_t max_s;
    struct ota_timing timing;
    /* the device */
    struct flash_file flash;
    struct ota_settings settings;
    struct boot_record record;
    struct ota_agent agent;
    struct ota_clock clock;
    struct ota_transport transport;
    struct host_socket socket;
    struct tls_link link;
    struct tls_ports tls;
    uint64_t started_ms, booted_ms;
    bool reset;
} dev = {.socket = {.fd = -1}};

static uint64_t now_ms(void)
{
    return dev.clock.now_ms(dev.clock.port);
}

static void say(const char *text)
{
    fprintf(stderr, "%s: %s\n", dev.settings.device_id, text);
}

/* --- hooks of the agent ----------------------------------------------------------------- */

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

static void vitals(void *port, struct ota_vitals *out)
{
    static const char address[] = "127.0.0.1";
    long long free_bytes = (long long)sysconf(_SC_AVPHYS_PAGES) * sysconf(_SC_PAGESIZE);

    (void)port;
    out->uptime_s = (uint32_t)((now_ms() - dev.booted_ms) / 1000);
    out->free_bytes = free_bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)free_bytes;
    out->app = "host";
    memcpy(out->address, address, sizeof address);
}

static void reboot(void *port)
{
    (void)port;
    dev.reset = true;
}

/* --- the app ---------------------------------------------------------------------------- */

static void rest(uint64_t ms)
{
    struct timespec t;

    ms = ms < REST_MAX_MS ? ms : REST_MAX_MS;
    t.tv_sec = (time_t)(ms / 1000);
    t.tv_nsec = (long)(ms % 1000) * 1000000;
    (void)nanosleep(&t, NULL);
    if (dev.max_s != 0 && now_ms() - dev.started_ms > (uint64_t)dev.max_s * 1000) {
        say("out of time");
        exit(EXIT_FAILURE);
    }
}

static bool payload_says(const char *what)
{
    static char text[MARKER_BYTES + 1];
    struct image_source src = slot_running(&dev.flash.map);
    struct image_info info;
    enum image_verdict why;
    size_t n;

    if (image_parse(&src, &info, &why)) {
        return false;
    }
    n = info.payload_bytes < MARKER_BYTES ? info.payload_bytes : MARKER_BYTES;
    if (src.read(&src, info.header_bytes, text, n)) {
        return false;
    }
    for (size_t i = 0; i + strlen(what) <= n; i++) {
        if (memcmp(text + i, what, strlen(what)) == 0) {
            return true;
        }
    }
    return false;
}

/* Runs and says nothing.  On trial the watchdog ends it. */
static enum boot_cause run_silent(void)
{
    uint64_t until = now_ms() + (dev.fast ? FAST_WATCHDOG_MS : WATCHDOG_MS);

    while (dev.record.on_trial == 0 || now_ms() < until) {
        rest(until > now_ms() ? until - now_ms() : REST_MAX_MS);
    }
    say("watchdog");
    return BOOT_CAUSE_WATCHDOG;
}

static void version_text(char *out, size_t cap)
{
    const struct image_version *v = &dev.record.version;

    (void)snprintf(out, cap, "%u.%u.%u", (unsigned)v->major, (unsigned)v->minor,
                   (unsigned)v->revision);
}

static void stop_if_done(uint32_t rest_ms)
{
    char version[24];

    version_text(version, sizeof version);
    if (dev.until != NULL && rest_ms > 0 && ota_online(&dev.agent) &&
        ota_activity(&dev.agent) == OTA_RESTING && strcmp(version, dev.until) == 0) {
        say("done");
        exit(EXIT_SUCCESS);
    }
}

static enum boot_cause run_agent(void)
{
    const struct ota_config config = {.map = &dev.flash.map,
                                      .roots = dev.roots,
                                      .trust = &dev.flash.trust,
                                      .settings = &dev.settings,
                                      .boot = &dev.record,
                                      .transport = &dev.transport,
                                      .clock = &dev.clock,
                                      .timing = &dev.timing,
                                      .random = random_word,
                                      .log = agent_says,
                                      .vitals = vitals,
                                      .reboot = reboot};

    dev.reset = false;
    if (ota_init(&dev.agent, &config)) {
        say("flash cannot be read");
        exit(EXIT_FAILURE);
    }
    for (;;) {
        uint32_t ms = ota_step(&dev.agent);

        if (dev.reset) {
            return BOOT_CAUSE_SOFT;
        }
        stop_if_done(ms);
        rest(ms);
        if (ota_activity(&dev.agent) == OTA_PROVING && now_ms() - dev.booted_ms > TRIAL_MS) {
            say("the server was not reached: giving this boot up");
            dev.transport.close(dev.transport.port);
            return BOOT_CAUSE_SOFT;
        }
    }
}

static enum boot_cause run_app(void)
{
    if (payload_says("behaviour=crashes")) {
        say("fault");
        return BOOT_CAUSE_FAULT;
    }
    return payload_says("behaviour=never-confirms") ? run_silent() : run_agent();
}

/* --- boot ------------------------------------------------------------------------------- */

static void say_boot(void)
{
    static const char *const decisions[] = {"?",        "run",     "swapped", "reverted",
                                            "repaired", "refused", "recovery"};
    static const char *const causes[] = {"?", "power", "soft", "watchdog", "fault", "other"};
    const struct boot_record *r = &dev.record;
    char version[24];

    version_text(version, sizeof version);
    fprintf(stderr, "%s: boot %s %s cause=%s trial=%u tries_left=%u\n", dev.settings.device_id,
            decisions[r->decision % 7], version, causes[r->cause % 6], (unsigned)r->on_trial,
            (unsigned)r->tries_left);
}

static void boot_for_ever(void)
{
    static const struct boot_hooks no_hooks = {0};
    const struct boot_record *previous = NULL;
    struct boot_record kept;
    enum boot_cause cause = BOOT_CAUSE_POWER;

    for (;;) {
        if (boot_run(&dev.flash.map, dev.roots, cause, previous, &no_hooks, &dev.record) !=
            IMAGE_GOOD) {
            say("nothing boots");
            exit(EXIT_NOTHING_BOOTS);
        }
        dev.booted_ms = now_ms();
        say_boot();
        cause = run_app();
        kept = dev.record;
        previous = &kept;
    }
}

/* --- start ------------------------------------------------------------------------------ */

enum option_id {
    OPT_FLASH = 1,
    OPT_ROOT,
    OPT_BOARD,
    OPT_FAST,
    OPT_POLL,
    OPT_HEARTBEAT,
    OPT_UNTIL,
    OPT_MAX,
    OPT_HELP
};

static const struct option options[] = {
    {"flash", required_argument, NULL, OPT_FLASH},
    {"boot-root", required_argument, NULL, OPT_ROOT},
    {"board", required_argument, NULL, OPT_BOARD},
    {"fast", no_argument, NULL, OPT_FAST},
    {"poll-ms", required_argument, NULL, OPT_POLL},
    {"heartbeat-ms", required_argument, NULL, OPT_HEARTBEAT},
    {"until-version", required_argument, NULL, OPT_UNTIL},
    {"max-seconds", required_argument, NULL, OPT_MAX},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0}};

static bool take_root(const char *path)
{
    const char *text = pem_file(path);

    if (dev.root_count == MANIFEST_ROOTS || text == NULL ||
        pem_root(text, &dev.roots[dev.root_count])) {
        fprintf(stderr, "ota-device: %s is no usable boot root\n", path);
        return false;
    }
    dev.root_count++;
    return true;
}

static void go_fast(void)
{
    dev.fast = true;
    dev.timing.poll_ms = 1000;
    dev.timing.start_ms = 50;
    dev.timing.heartbeat_ms = 5000;
    dev.timing.busy_poll_ms = 1000;
    dev.timing.progress_ms = 200;
    dev.timing.backoff_ms = 200;
    dev.timing.backoff_max_ms = 3000;
}

static bool take_number(uint32_t *out, const char *text)
{
    char *end;
    unsigned long v = strtoul(text, &end, 10);

    *out = (uint32_t)v;
    return *text != '\0' && *end == '\0' && v <= UINT32_MAX;
}

static bool take(int option, const char *value)
{
    switch ((enum option_id)option) {
    case OPT_FLASH:
        dev.flash_path = value;
        return true;
    case OPT_ROOT:
        return take_root(value);
    case OPT_BOARD:
        dev.board = value;
        return true;
    case OPT_FAST:
        go_fast();
        return true;
    case OPT_POLL:
        return take_number(&dev.timing.poll_ms, value);
    case OPT_HEARTBEAT:
        return take_number(&dev.timing.heartbeat_ms, value);
    case OPT_UNTIL:
        dev.until = value;
        return true;
    case OPT_MAX:
        return take_number(&dev.max_s, value);
    case OPT_HELP:
        break;
    }
    return false;
}

static bool start(void)
{
    static uint8_t scratch[OTA_SETTINGS_BYTES_MAX];

    dev.clock = host_clock();
    dev.link = host_link(&dev.socket);
    dev.started_ms = now_ms();
    dev.tls = (struct tls_ports){.link = &dev.link,
                                 .clock = &dev.clock,
                                 .unix_s = host_unix_s,
                                 .entropy = host_entropy,
                                 .refused = refused};
    if (flash_file_open(&dev.flash, dev.flash_path, dev.board, true)) {
        fprintf(stderr, "ota-device: cannot open %s\n", dev.flash_path);
        return false;
    }
    if (ota_settings_load(&dev.flash.map, scratch, &dev.settings)) {
        fprintf(stderr, "ota-device: %s holds no settings\n", dev.flash_path);
        return false;
    }
    if (tls_init(&dev.tls, &dev.transport)) {
        fprintf(stderr, "ota-device: no entropy\n");
        return false;
    }
    if (!dev.fast && dev.settings.poll_s != 0 && dev.timing.poll_ms == 0) {
        dev.timing.poll_ms = dev.settings.poll_s * 1000;
    }
    if (!dev.fast && dev.settings.heartbeat_s != 0) {
        dev.timing.heartbeat_ms = dev.settings.heartbeat_s * 1000;
    }
    return true;
}

int main(int argc, char **argv)
{
    int o;

    dev.timing = ota_timing_default();
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (o == OPT_HELP) {
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        }
        if (o == '?' || !take(o, optarg)) {
            fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    if (dev.flash_path == NULL || dev.root_count != MANIFEST_ROOTS || optind != argc) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (!start()) {
        return EXIT_FAILURE;
    }
    boot_for_ever();
}
