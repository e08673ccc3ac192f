/*
 * GET /metrics (SPEC 8.11).  Everything is counted where it happens and only read here; reading
 * costs no SQL and waits for no connection of the pool.
 */
#include "otad/metrics.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "handler.h"
#include "otad/auth/online_key.h"
#include "otad/fleet/download.h"
#include "otad/fleet/fleet.h"
#include "otad/fleet/link.h"
#include "otad/http/server.h"
#include "otad/process.h"

#define ONE(name, value) (const struct metric_label[]){{name, value}}, 1

struct sum {
    struct metrics_out *out;
    uint64_t polls;
};

static void add_route(void *arg, const struct http_route *route,
                      const uint64_t answers[HTTP_CLASSES])
{
    static const char *const class_name[HTTP_CLASSES] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
    struct sum *sum = arg;
    for (size_t i = 0; i < HTTP_CLASSES; i++) {
        const struct metric_label label[] = {
            {"route", route == NULL ? "none" : route->pattern},
            {"method", route == NULL ? "any" : http_method_name(route->method)},
            {"code", class_name[i]}};
        if (answers[i] > 0 || (i == 1 && route != NULL))
            metrics_sample(sum->out, label, 3, answers[i]);
    }
    if (route != NULL && (route->flags & HTTP_ROUTE_POLL) != 0)
        sum->polls += answers[1] + answers[2];
}

static void add_http(struct metrics_out *o, const struct http_server *server)
{
    struct sum sum = {.out = o};
    struct http_stats s;
    metrics_family(o, METRIC_COUNTER, "otad_http_requests_total",
                   "Requests answered, by route and class of status.");
    http_server_each_route(server, add_route, &sum);
    metrics_one(o, METRIC_COUNTER, "otad_polls_total",
                "Questions of devices for an update that were answered.", sum.polls);
    http_server_stats(server, &s);
    metrics_one(o, METRIC_COUNTER, "otad_http_refused_total",
                "Requests refused before their handler ran.", s.refused);
    metrics_one(o, METRIC_COUNTER, "otad_http_cut_total",
                "Connections ended because they were idle or too slow.", s.cut);
    metrics_one(o, METRIC_COUNTER, "otad_http_connections_total", "Connections accepted.",
                s.connections);
    metrics_one(o, METRIC_GAUGE, "otad_http_connections", "Connections open now.",
                s.connections_now);
    metrics_family(o, METRIC_COUNTER, "otad_tls_handshakes_total",
                   "TLS handshakes completed by clients that then sent a request.");
    metrics_sample(o, ONE("kind", "full"), s.handshakes_full);
    metrics_sample(o, ONE("kind", "resumed"), s.handshakes_resumed);
    metrics_family(o, METRIC_COUNTER, "otad_downloads_total",
                   "Answers with a file or a piece of one, by how they ended.");
    metrics_sample(o, ONE("end", "done"), s.downloads_done);
    metrics_sample(o, ONE("end", "cut"), s.downloads_cut);
    metrics_one(o, METRIC_COUNTER, "otad_download_bytes_total",
                "Bytes of the downloads that were sent to their end.", s.download_bytes);
}

static void add_fleet(struct metrics_out *o, struct otad *otad)
{
    struct fleet_stats s;
    fleet_stats(otad->fleet, api_now(), &s);
    metrics_family(o, METRIC_GAUGE, "otad_devices", "Devices known, by state.");
    for (int i = DEVICE_NEVER; i <= DEVICE_OFFLINE; i++)
        metrics_sample(o, ONE("state", device_state_name((enum device_state)i)), s.devices[i]);
    metrics_one(o, METRIC_GAUGE, "otad_devices_stale",
                "Devices that say that the signed metadata they trust has expired.", s.stale);
    metrics_family(o, METRIC_GAUGE, "otad_updates_open", "Updates under way, by state.");
    for (int i = UPDATE_PENDING; i <= UPDATE_CANCELLING; i++)
        metrics_sample(o, ONE("state", update_state_name((enum update_state)i)),
                       s.open_updates[i]);
    metrics_family(o, METRIC_COUNTER, "otad_updates_closed_total",
                   "Updates that devices ended at this server, by result.");
    metrics_sample(o, ONE("result", "succeeded"), atomic_load(&otad->count.updates_succeeded));
    metrics_sample(o, ONE("result", "failed"), atomic_load(&otad->count.updates_failed));
    metrics_sample(o, ONE("result", "cancelled"), atomic_load(&otad->count.updates_cancelled));
}

static void add_links(struct metrics_out *o, struct fleet *f)
{
    struct fleet_download_stats s;
    fleet_download_stats(f, &s);
    metrics_one(o, METRIC_GAUGE, "otad_links", "Download links that have not expired.",
                fleet_links_count(f));
    metrics_one(o, METRIC_GAUGE, "otad_download_log_waiting",
                "Entries of the download log that are not in the database yet.", s.waiting);
    metrics_one(o, METRIC_COUNTER, "otad_download_log_lost_total",
                "Entries of the download log that could not be kept.", s.lost);
}

static void add_database(struct metrics_out *o, struct db *db)
{
    struct db_stats s;
    db_stats(db, &s);
    metrics_family(o, METRIC_GAUGE, "otad_db_pool_connections",
                   "Connections of the database pool, by use.");
    metrics_sample(o, ONE("state", "used"), s.used);
    metrics_sample(o, ONE("state", "idle"), s.idle);
    metrics_one(o, METRIC_GAUGE, "otad_db_pool_connections_max",
                "Most connections that the pool may have.", s.connections_max);
}

struct key_row {
    struct metric_label label[2];
    bool is_ready;
    struct token_signer_stats stats; /* of a token */
};

/* All keys of ours, or those in tokens. */
static size_t key_rows(struct online_keys *keys, bool tokens_only,
                       struct key_row out[ONLINE_ROLES * ONLINE_KEYS_MAX])
{
    size_t n = 0;
    for (int role = 0; role < ONLINE_ROLES; role++)
        for (int place = 0; place < ONLINE_KEYS_MAX; place++) {
            struct key_row *row = &out[n];
            const enum online_keeper keeper =
                online_key_keeper(keys, (enum online_role)role, place, &row->stats);
            if (keeper == ONLINE_NONE || (tokens_only && keeper != ONLINE_TOKEN))
                continue;
            row->is_ready = keeper == ONLINE_FILE || row->stats.is_ready;
            row->label[0] =
                (struct metric_label){"role", online_role_name((enum online_role)role)};
            row->label[1] = (struct metric_label){"place", place == 0 ? "current" : "next"};
            n++;
        }
    return n;
}

/* A family of one number of each. */
static void add_token_counts(struct metrics_out *o, const struct key_row row[], size_t count,
                             size_t offset)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value;
        memcpy(&value, (const char *)&row[i].stats + offset, sizeof value);
        metrics_sample(o, row[i].label, 2, value);
    }
}

static void add_online_keys(struct metrics_out *o, struct online_keys *keys)
{
    struct key_row row[ONLINE_ROLES * ONLINE_KEYS_MAX];
    size_t count = key_rows(keys, false, row);
    metrics_family(o, METRIC_GAUGE, "otad_online_key_ready",
                   "1 when a key of otad's own can sign: a file, or a token that answers.");
    for (size_t i = 0; i < count; i++)
        metrics_sample(o, row[i].label, 2, row[i].is_ready);
    count = key_rows(keys, true, row);
    if (count == 0)
        return;
    metrics_family(o, METRIC_GAUGE, "otad_token_waiting",
                   "Requests that wait for a key in a token.");
    for (size_t i = 0; i < count; i++)
        metrics_sample(o, row[i].label, 2, row[i].stats.waiting);
    metrics_family(o, METRIC_COUNTER, "otad_token_signatures_total",
                   "Signatures made by keys in tokens.");
    add_token_counts(o, row, count, offsetof(struct token_signer_stats, signatures));
    metrics_family(o, METRIC_COUNTER, "otad_token_failures_total",
                   "How often a key in a token failed, or could not be opened.");
    add_token_counts(o, row, count, offsetof(struct token_signer_stats, failures));
    metrics_family(o, METRIC_COUNTER, "otad_token_refused_total",
                   "Signatures not asked for: the token was away, or too many waited.");
    add_token_counts(o, row, count, offsetof(struct token_signer_stats, refused));
    metrics_family(o, METRIC_COUNTER, "otad_token_sign_seconds_total",
                   "Time that the signatures of keys in tokens took.");
    for (size_t i = 0; i < count; i++)
        metrics_sample_milli(o, row[i].label, 2, row[i].stats.sign_us / 1000);
}

static void add_process(struct metrics_out *o)
{
    struct process_stats s;
    process_stats(&s);
    metrics_one_milli(o, METRIC_COUNTER, "process_cpu_seconds_total",
                      "User and system CPU time.", s.cpu_ms);
    metrics_one(o, METRIC_GAUGE, "process_resident_memory_bytes", "Memory in RAM.",
                s.resident_bytes);
    metrics_one(o, METRIC_GAUGE, "process_virtual_memory_bytes", "Address space.",
                s.virtual_bytes);
    metrics_one(o, METRIC_GAUGE, "process_threads", "Threads.", s.threads);
    metrics_one(o, METRIC_GAUGE, "process_open_fds", "Open file descriptors.", s.open_fds);
    metrics_one(o, METRIC_GAUGE, "process_max_fds", "Most open file descriptors.", s.max_fds);
    metrics_one_milli(o, METRIC_GAUGE, "process_start_time_seconds",
                      "Start of the process, since 1970 UTC.", s.started_unix_ms);
}

ota_err api_metrics_get(struct http_request *rq, struct http_response *rs)
{
    struct otad *otad = rq->otad;
    struct metrics_out o;
    const char *text = NULL;
    size_t len = 0;
    rq->quiet = true;
    metrics_begin(&o, rq->arena);
    metrics_family(&o, METRIC_GAUGE, "otad_build_info", "1, with the version as a label.");
    metrics_sample(&o, ONE("version", otad->version), 1);
    add_http(&o, otad->server);
    add_fleet(&o, otad);
    add_links(&o, otad->fleet);
    add_database(&o, otad->db);
    add_online_keys(&o, otad->online_keys);
    add_process(&o);
    const ota_err err = metrics_end(&o, &text, &len);
    if (err != OTA_OK)
        return err;
    http_bytes(rs, 200, METRICS_CONTENT_TYPE, text, len);
    http_header_add(rs, "Cache-Control", "no-store");
    return OTA_OK;
}
