/*
 * The agent's state machine: next_work says what is due, ota_step has it done (talk.c,
 * download.c) and says when to come again.
 */
#include "agent.h"

#include <string.h>

enum {
    MS_PER_S = 1000,
    REBOOT_WAIT_MS = 1000,
    REST_MAX_MS = 3600 * 1000,
    PROGRESS_PERCENT = 5
};

struct ota_timing ota_timing_default(void)
{
    return (struct ota_timing){.poll_ms = 0,
                               .start_ms = 30 * MS_PER_S,
                               .heartbeat_ms = 30 * MS_PER_S,
                               .busy_poll_ms = 10 * MS_PER_S,
                               .progress_ms = 2 * MS_PER_S,
                               .backoff_ms = MS_PER_S,
                               .backoff_max_ms = 300 * MS_PER_S,
                               .connect_ms = 30 * MS_PER_S,
                               .answer_ms = 30 * MS_PER_S,
                               .idle_ms = 30 * MS_PER_S,
                               .piece_bytes = 64 * 1024};
}

/* --- what is due ------------------------------------------------------------------------ */

static bool beat_due(const struct ota_agent *a, uint64_t now)
{
    return a->config.timing->heartbeat_ms != 0 && !a->no_heartbeat && now >= a->beat_at_ms;
}

static bool progress_due(const struct ota_agent *a, uint64_t now)
{
    return download_due(a) && now >= a->told_at_ms &&
           (a->told_at_ms == 0 ||
            ota_progress_percent(a) >= a->told_percent + PROGRESS_PERCENT);
}

static enum work next_update_work(const struct ota_agent *a, uint64_t now)
{
    if (!a->has_job) {
        return WORK_NONE;
    }
    if (progress_due(a, now)) {
        return WORK_PROGRESS;
    }
    if (download_due(a)) {
        return WORK_DOWNLOAD;
    }
    if (a->verified && !a->downloaded_told) {
        return WORK_DOWNLOADED;
    }
    return a->verified && a->job.may_install && agent_may_install(a) ? WORK_INSTALL : WORK_NONE;
}

static enum work next_work(const struct ota_agent *a, uint64_t now)
{
    if (a->piece_open || a->walking) {
        return a->walking ? WORK_WALK : WORK_DOWNLOAD;
    }
    if (!a->contact) { /* the server has to know us before it takes anything from us */
        return now >= a->poll_at_ms ? WORK_POLL : WORK_NONE;
    }
    if (a->config_due) {
        return WORK_CONFIG;
    }
    if (a->notes.phase == OTA_REPORT) {
        return WORK_REPORT;
    }
    if (a->cancel_reply != 0) {
        return WORK_CANCEL_REPLY;
    }
    if (now >= a->poll_at_ms) {
        return WORK_POLL;
    }
    if (a->director_due) {
        return WORK_DIRECTOR;
    }
    if (a->poll.cancel_path[0] != '\0') {
        return WORK_CANCEL;
    }
    if (a->want_job) {
        return WORK_FETCH;
    }
    if (agent_walk_due(a, now)) {
        return WORK_WALK;
    }
    return beat_due(a, now) ? WORK_BEAT : next_update_work(a, now);
}

/* --- the public face -------------------------------------------------------------------- */

static ota_err check_geometry(const struct ota_config *c)
{
    uint32_t erase = c->map->flash->erase_bytes;
    uint32_t piece = c->timing->piece_bytes;

    if (erase < 1024 || piece == 0 || piece % erase != 0 || piece % OTA_BLOCK_BYTES != 0) {
        return OTA_E_FORMAT;
    }
    return OTA_BLOCK_BYTES % erase == 0 || erase % OTA_BLOCK_BYTES == 0 ? OTA_OK : OTA_E_FORMAT;
}

static void settle(struct ota_agent *a, const struct slot_state *slot)
{
    struct ota_boot boot = {.slot = *slot, .has_running = a->has_running};

    memcpy(boot.running_digest, a->running.digest, sizeof boot.running_digest);
    if (ota_outcome(&boot, &a->notes)) {
        agent_save(a);
        if (a->notes.phase == OTA_REPORT) {
            agent_log(a, a->notes.success ? OTA_INFO : OTA_WARN,
                      a->notes.success ? "update succeeded" : "update failed:",
                      a->notes.success ? NULL : ota_reason_name(a->notes.reason));
        }
    }
    a->trial = slot->phase == SLOT_TRIAL;
    if (slot->phase == SLOT_REQUESTED && slot_request_withdraw(a->config.map)) {
        agent_log(a, OTA_WARN, "a standing request cannot be withdrawn", NULL);
    }
}

/* What has something to prove or to tell comes at once. */
static void spread_first_poll(struct ota_agent *a)
{
    const struct ota_timing *t = a->config.timing;
    uint32_t most = t->poll_ms != 0 && t->poll_ms < t->start_ms ? t->poll_ms : t->start_ms;

    if (!a->trial && a->notes.phase != OTA_REPORT && a->notes.phase != OTA_REQUESTED) {
        a->poll_at_ms = agent_now(a) + a->config.random(a->config.port) % ((uint64_t)most + 1);
    }
}

ota_err ota_init(struct ota_agent *a, const struct ota_config *config)
{
    struct image_source src = slot_running(config->map);
    struct slot_state state;
    enum image_verdict why;
    ota_err e = check_geometry(config);

    if (e) {
        return e;
    }
    memset(a, 0, sizeof *a);
    a->config = *config;
    if (a->config.boot != NULL && !boot_record_valid(a->config.boot)) {
        a->config.boot = NULL;
    }
    a->config_due = true;
    trust_init(&a->trust, config->trust, a->block, agent_now(a));
    a->has_running = image_parse(&src, &a->running, &why) == OTA_OK;
    e = ota_notes_load(config->map, &a->notes);
    if (e == OTA_OK) {
        e = slot_state_get(config->map, &state);
    }
    if (e) {
        return e;
    }
    settle(a, &state);
    spread_first_poll(a);
    return OTA_OK;
}

static uint32_t rest_ms(const struct ota_agent *a, uint64_t now)
{
    uint64_t until = a->poll_at_ms;

    if (now < a->quiet_until_ms) {
        until = a->quiet_until_ms;
    } else if (next_work(a, now) != WORK_NONE) {
        return OTA_SOON;
    } else if (a->contact && a->config.timing->heartbeat_ms != 0 && !a->no_heartbeat &&
               a->beat_at_ms < until) {
        until = a->beat_at_ms;
    }
    until = until < now ? now : until;
    return until - now > REST_MAX_MS ? REST_MAX_MS : (uint32_t)(until - now);
}

uint32_t ota_step(struct ota_agent *a)
{
    uint64_t now = agent_now(a);

    if (a->rebooting) {
        return REBOOT_WAIT_MS;
    }
    agent_watch_stale(a);
    if (now >= a->quiet_until_ms) {
        agent_do(a, next_work(a, now));
    }
    return a->rebooting ? REBOOT_WAIT_MS : rest_ms(a, agent_now(a));
}

enum ota_activity ota_activity(const struct ota_agent *a)
{
    if (a->trial) {
        return OTA_PROVING;
    }
    if (a->rebooting || a->notes.phase == OTA_REQUESTED) {
        return OTA_INSTALLING;
    }
    if (a->notes.phase == OTA_REPORT) {
        return OTA_REPORTING;
    }
    return a->has_job ? OTA_FETCHING : OTA_RESTING;
}

uint8_t ota_progress_percent(const struct ota_agent *a)
{
    if (!a->has_job || a->job.size_bytes == 0) {
        return 0;
    }
    return (uint8_t)((uint64_t)a->at * 100 / a->job.size_bytes);
}

bool ota_stale(const struct ota_agent *a)
{
    return a->stale;
}

bool ota_online(const struct ota_agent *a)
{
    return a->online;
}
