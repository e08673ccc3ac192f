/*
 * The daemon: read the configuration, bring up what is needed in order, serve until told to
 * stop, take it down in reverse.  Each part logs its own reason when it cannot start.
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "keys/pem.h"
#include "otad/api/api.h"
#include "otad/auth/auth.h"
#include "otad/auth/online_key.h"
#include "otad/auth/token_worker.h"
#include "otad/config.h"
#include "otad/db/db.h"
#include "otad/db/feed.h"
#include "otad/device/device.h"
#include "otad/fleet/fleet.h"
#include "otad/http/events.h"
#include "otad/http/server.h"
#include "otad/http/tls.h"
#include "otad/http/web.h"
#include "otad/log.h"
#include "otad/otad.h"
#include "otad/store/artifacts.h"
#include "otad/systemd.h"

enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

enum { DATABASE_WAIT_MS = 5000, STATE_DIR_MODE = 0700, MAPPED_FROM_BYTES = 256 * 1024 };

static const char usage[] =
    "otad: firmware updates over the air, the server\n"
    "\n"
    "  otad --config FILE                  serve until SIGTERM\n"
    "  otad --config FILE --check-config   read the configuration, say what is wrong, exit\n"
    "  otad --print-config                 print a configuration file with all defaults\n"
    "  otad --version\n"
    "  otad --help\n"
    "\n"
    "SIGHUP reads certificate and key, and the online keys and what the file says of them, "
    "again.\n"
    "Exit status: 0 stopped as asked, 1 failed, 2 wrong usage or configuration.\n";

struct arguments {
    const char *config;
    bool check;
};

/* ---- the parts ---- */

static ota_err open_database(struct otad *o)
{
    const struct config *c = o->config;
    struct db_config db = {.conninfo = c->database,
                           .jobs_conninfo = c->database_jobs,
                           .connections_max = (uint32_t)c->database_pool,
                           .wait_ms = DATABASE_WAIT_MS,
                           .statement_ms = (uint32_t)c->database_timeout_ms,
                           .download_log_days = (uint32_t)c->download_log_days,
                           .silence_s = (uint32_t)c->session_silence_s,
                           .plain_devices_max = (uint32_t)c->plain_devices_max};
    int from, to;

    if (*c->database_owner != '\0') {
        ota_err e = db_migrate(c->database_owner, &from, &to);

        if (e != OTA_OK)
            return e;
        log_info("database-schema", LOG_INT("from", from), LOG_INT("to", to));
    }
    return db_open(&db, &o->db);
}

static ota_err open_fleet(struct otad *o)
{
    struct fleet_config fleet = {
        .lateness = {.late_s = (uint32_t)o->config->device_late_s,
                     .offline_s = (uint32_t)o->config->device_offline_s},
        .event = api_publish,
        .event_arg = o};
    ota_err e = fleet_new(&fleet, &o->fleet);

    return e == OTA_OK ? feed_start(o->db, o->fleet, &o->feed) : e;
}

static ota_err open_auth(struct otad *o)
{
    const char *folder = o->config->state_dir;

    if (mkdir(folder, STATE_DIR_MODE) != 0 && errno != EEXIST) {
        log_error("state-dir-failed", LOG_STR("path", folder), LOG_STR("why", strerror(errno)));
        return OTA_E_IO;
    }
    return auth_new(folder, &o->auth);
}

static struct online_config online_config(const struct config *c)
{
    return (struct online_config){
        .state_dir = c->state_dir,
        .key = {[ONLINE_SNAPSHOT] = {c->snapshot_key, c->snapshot_key_next},
                [ONLINE_TIMESTAMP] = {c->timestamp_key, c->timestamp_key_next},
                [ONLINE_DIRECTOR] = {c->director_key, c->director_key_next}},
        .pin_file = c->token_pin_file,
        .passphrase_file = c->online_key_passphrase_file,
        .director_sessions = (unsigned)c->director_sessions,
        .token_timeout_ms = (int)c->token_timeout_ms};
}

static ota_err online_said(ota_err e, const struct why *why)
{
    if (e != OTA_OK)
        log_error("online-keys-failed", LOG_STR("why", why->text), LOG_STR("hint", why->hint),
                  LOG_ERR(e));
    return e;
}

static ota_err open_online_keys(struct otad *o)
{
    const struct online_config config = online_config(o->config);
    struct why why = {0};

    return online_said(online_keys_open(&config, &o->online_keys, &why), &why);
}

static ota_err open_store(struct otad *o)
{
    return store_open(o->config->artifacts_dir, &o->store);
}

static ota_err open_events(struct otad *o)
{
    return events_new(&o->events);
}

static ota_err open_server(struct otad *o)
{
    struct http_setup setup = {
        .config = o->config,
        .otad = o,
        .tables = {{api_routes, api_route_count},
                   {api_service_routes, api_service_route_count},
                   {device_routes, device_route_count},
                   {http_health_routes, http_health_route_count}},
        .table_count = 4,
        .guard = api_admit,
        .fallback = web_get,
    };

    return http_server_start(&setup, &o->server);
}

/* In this order; taken down in the reverse. */
static const struct {
    const char *name;
    ota_err (*open)(struct otad *o);
} part_table[] = {
    {"secrets", open_auth},
    {"artifacts", open_store},
    {"events", open_events},
    {"database", open_database},
    {"fleet", open_fleet},
    {"setup", api_start},
    {"online keys", open_online_keys},
    {"renewal", renewal_start},
    {"http", open_server},
};

static ota_err start(struct otad *o)
{
    for (size_t i = 0; i < sizeof part_table / sizeof part_table[0]; i++) {
        ota_err e = part_table[i].open(o);

        if (e != OTA_OK) {
            log_error("start-failed", LOG_STR("part", part_table[i].name), LOG_ERR(e));
            return e;
        }
    }
    return OTA_OK;
}

static void stop(struct otad *o)
{
    if (o->events != NULL)
        events_stop(o->events);
    if (o->server != NULL)
        http_server_stop(o->server);
    renewal_stop(o);
    if (o->feed != NULL)
        feed_stop(o->feed);
    if (o->db != NULL)
        db_close(o->db);
    if (o->fleet != NULL)
        fleet_free(o->fleet);
    events_free(o->events);
    store_close(o->store);
    online_keys_close(o->online_keys);
    if (o->auth != NULL)
        auth_free(o->auth);
}

static ota_err ready(struct otad *o, const char **out_what)
{
    ota_err e = db_ready(o->db);

    *out_what = "database";
    if (e == OTA_OK && !fleet_is_loaded(o->fleet)) {
        *out_what = "fleet";
        e = OTA_E_BUSY;
    }
    if (e == OTA_OK) {
        *out_what = "artifact store";
        e = store_check(o->store);
    }
    return e;
}

/* ---- the process ---- */

static void set_log_level(const char *name)
{
    static const struct {
        const char *name;
        enum log_level level;
    } table[] = {{"debug", LOG_LEVEL_DEBUG},
                 {"info", LOG_LEVEL_INFO},
                 {"warn", LOG_LEVEL_WARN},
                 {"error", LOG_LEVEL_ERROR}};

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].name, name) == 0)
            log_level_set(table[i].level);
    }
}

/* Every thread inherits this: signals are only taken by sigwait below. */
static void block_signals(sigset_t *out)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    (void)sigemptyset(out);
    (void)sigaddset(out, SIGTERM);
    (void)sigaddset(out, SIGINT);
    (void)sigaddset(out, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, out, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
}

/* Of the file only what it says of online keys is taken over. */
static ota_err reload_online_keys(struct otad *o, const char *path)
{
    struct online_config keys;
    struct config config;
    struct config_fault fault;
    struct why why = {0};
    ota_err e = config_load(path, &config, &fault);

    if (e != OTA_OK)
        why_tell(&why, "%s:%d: %s", path, fault.line, fault.text);
    keys = online_config(&config);
    keys.state_dir = o->config->state_dir;
    if (e == OTA_OK)
        e = online_keys_reload(o->online_keys, &keys, &why);
    config_done(&config);
    return online_said(e, &why);
}

/* Each part keeps what it has when it cannot read anew. */
static void reload(struct otad *o, const char *path)
{
    const ota_err keys = reload_online_keys(o, path);

    if (http_server_reload(o->server) == OTA_OK && keys == OTA_OK)
        log_info("reloaded", LOG_NONE);
}

static void serve(struct otad *o, const char *path, const sigset_t *signals)
{
    int number = 0;

    log_info("ready", LOG_STR("listen", o->config->listen),
             LOG_STR("url", o->config->public_url), LOG_STR("version", OTAD_VERSION));
    systemd_notify("READY=1");
    while (sigwait(signals, &number) == 0 && number == SIGHUP) {
        systemd_notify("RELOADING=1");
        reload(o, path);
        systemd_notify("READY=1");
    }
    log_info("stopping", LOG_INT("signal", number));
    systemd_notify("STOPPING=1");
}

static enum exit_status run(const char *path, const struct config *config)
{
    struct otad o = {.config = config, .ready = ready, .version = OTAD_VERSION};
    struct http_stats stats = {0};
    sigset_t signals;
    ota_err e;

    /* Else glibc keeps what argon2 took for the rest of the process's life. */
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_FROM_BYTES);
    block_signals(&signals);
    set_log_level(config->log_level);
    e = start(&o);
    if (e == OTA_OK) {
        serve(&o, path, &signals);
        http_server_stats(o.server, &stats);
    }
    stop(&o);
    if (e != OTA_OK)
        return EXIT_FAILED;
    log_info("stopped", LOG_INT("requests", stats.requests),
             LOG_INT("idle_polls", stats.quiet_requests), LOG_INT("refused", stats.refused),
             LOG_INT("cut", stats.cut));
    return EXIT_DONE;
}

static bool parse_arguments(int count, char **text, struct arguments *out)
{
    *out = (struct arguments){0};
    for (int i = 1; i < count; i++) {
        if (strcmp(text[i], "--config") == 0 && i + 1 < count)
            out->config = text[++i];
        else if (strcmp(text[i], "--check-config") == 0)
            out->check = true;
        else
            return false;
    }
    return out->config != NULL;
}

/* Beyond the file itself: certificate, key and priorities. */
static enum exit_status check(const char *path, const struct config *config)
{
    const struct online_config keys = online_config(config);
    const char *why = "tls_priorities are not understood";
    struct why of_keys = {0};
    struct tls *tls;
    ota_err e = online_keys_check(&keys, &of_keys);

    if (e != OTA_OK)
        why = of_keys.text;
    if (e == OTA_OK && *config->tls_cert != '\0') {
        e = tls_check_priorities(config->tls_priorities);
        if (e == OTA_OK)
            e = tls_open(config->tls_cert, config->tls_key, &tls, &why);
        if (e == OTA_OK)
            tls_close(tls);
    }
    if (e != OTA_OK) {
        (void)fprintf(stderr, "otad: %s: %s\n", path, why);
        return EXIT_USAGE;
    }
    (void)printf("%s is good.\n", path);
    return EXIT_DONE;
}

static enum exit_status configured(const struct arguments *args)
{
    struct config config;
    struct config_fault fault;
    ota_err e = config_load(args->config, &config, &fault);
    enum exit_status status = EXIT_DONE;

    if (e != OTA_OK) {
        if (fault.line > 0)
            (void)fprintf(stderr, "otad: %s:%d: %s\n", args->config, fault.line, fault.text);
        else
            (void)fprintf(stderr, "otad: %s: %s\n", args->config, fault.text);
        status = EXIT_USAGE;
    } else if (args->check) {
        status = check(args->config, &config);
    } else {
        status = run(args->config, &config);
    }
    config_done(&config);
    return status;
}

int main(int argc, char **argv)
{
    struct arguments args;

    if (argc == 2 && strcmp(argv[1], TOKEN_WORKER_ARGUMENT) == 0)
        token_worker_run();
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        (void)fputs(usage, stdout);
        return EXIT_DONE;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        (void)puts("otad " OTAD_VERSION);
        return EXIT_DONE;
    }
    if (argc == 2 && strcmp(argv[1], "--print-config") == 0) {
        config_print(stdout);
        return EXIT_DONE;
    }
    if (!parse_arguments(argc, argv, &args)) {
        (void)fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (pem_init() != OTA_OK) {
        (void)fputs("otad: libcrypto cannot start\n", stderr);
        return EXIT_FAILED;
    }
    return (int)configured(&args);
}
