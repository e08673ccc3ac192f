#ifndef OTAD_CONFIG_H
#define OTAD_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "firmware/image/err.h"
#include "otad/arena.h"

/*
 * The one configuration file: `key = value` lines, '#' comments.  config.c holds one table
 * (key, type, default, range, text) that is the parser, the documentation (--print-config) and
 * the check.  Unknown and repeated keys are refused.  Durations are seconds unless a name says
 * more.
 */
struct config {
    struct arena arena; /* owns all strings */

    /* network */
    const char *listen; /* "host:port", "[v6]:port" or the path of a Unix socket            */
    const char
        *public_url;      /* "https://host[:port]", no slash at the end; source of every link */
    const char *tls_cert; /* PEM chain; "" = no TLS (only behind a proxy)                     */
    const char *tls_key;  /* PEM */
    const char *tls_priorities;
    const char *trusted_proxies; /* addresses, comma separated, whose X-Forwarded-For counts;
                                    "unix" = whoever connects to the Unix socket */
    const char *accel_prefix; /* where a trusted proxy finds artifacts_dir (X-Accel-Redirect) */
    int64_t connection_limit;
    int64_t connection_limit_per_ip; /* 0 = none (NATed fleets) */
    int64_t thread_stack_bytes;

    /* database */
    const char *database; /* libpq conninfo of the role that owns nothing                 */
    const char *database_owner; /* libpq conninfo of the migrating role; "" = do not migrate */
    const char *database_jobs; /* conninfo of the role for cross-tenant jobs (feed, loading)  */
    int64_t database_pool;
    int64_t database_timeout_ms; /* of one statement */

    /* files */
    const char *artifacts_dir;
    const char *web_dir;   /* built web interface; "" = none      */
    const char *state_dir; /* pepper and other secrets, 0700      */

    /* online keys: "" = of state_dir, else a file or a pkcs11: URI */
    const char *snapshot_key, *snapshot_key_next;
    const char *timestamp_key, *timestamp_key_next;
    const char *director_key, *director_key_next;
    int64_t director_sessions; /* processes that sign with a director key in a token */
    int64_t token_timeout_ms;  /* of one signature */
    const char *token_pin_file, *online_key_passphrase_file; /* "" = systemd's, if any */

    /* limits */
    int64_t request_bytes_max;  /* of one JSON body             */
    int64_t artifact_bytes_max; /* of one uploaded file         */
    int64_t uploads_max;        /* at the same time             */

    /* time */
    int64_t timeout_headers_s;    /* TLS handshake and request headers, in total             */
    int64_t timeout_request_s;    /* ordinary request: its body, and then its answer         */
    int64_t timeout_idle_s;       /* kept connection without request                         */
    int64_t transfer_bytes_per_s; /* slower uploads and downloads are cut                    */
    int64_t stop_s;               /* for requests in flight when told to stop                */
    int64_t poll_interval_s;      /* told to idle devices                                    */
    int64_t poll_busy_interval_s; /* told to devices with an open update                     */
    int64_t tuf_timestamp_s, tuf_snapshot_s; /* how long they count */
    int64_t device_late_s;    /* without a poll for so long: late                        */
    int64_t device_offline_s; /* and so long: offline                                    */
    int64_t session_hours;
    int64_t download_log_days; /* older entries of the download log are deleted            */
    int64_t session_silence_s; /* sessions of the plain door that hear nothing are closed    */
    int64_t plain_devices_max; /* devices that such sessions make known                      */

    /* what is told */
    const char *log_level; /* debug, info, warn, error */
    const char *tenant;    /* name of the default tenant; DDI's {tenant} */
    const char *metrics;   /* who may read /metrics: loopback (or an API key), key, off */
};

struct config_fault {
    int line;       /* 0 = no certain line */
    char text[240]; /* one English sentence that says what to do */
};

/*
 * Defaults, then the file at path.  c must be released by config_done, also after an error.
 * Errors: OTA_E_IO (unreadable), OTA_E_FORMAT, OTA_E_LIMIT (a value out of its range).
 */
OTA_MUST_CHECK ota_err config_load(const char *path, struct config *c,
                                   struct config_fault *fault);

/* The same from len bytes of text. */
OTA_MUST_CHECK ota_err config_parse(const char *text, size_t len, struct config *c,
                                    struct config_fault *fault);

void config_done(struct config *c);

/* The documented default file. */
void config_print(FILE *to);

#endif
