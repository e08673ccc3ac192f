#ifndef OTA_AGENT_H
#define OTA_AGENT_H

#include "ota.h"
#include "outcome.h"
#include "text.h"

/* What the agent's own files share; nobody else includes it. */

enum work {
    WORK_NONE,
    WORK_POLL,
    WORK_CONFIG,
    WORK_REPORT,
    WORK_CANCEL,
    WORK_CANCEL_REPLY,
    WORK_FETCH,
    WORK_BEAT,
    WORK_PROGRESS,
    WORK_DOWNLOAD,
    WORK_DOWNLOADED,
    WORK_INSTALL,
    WORK_DIRECTOR,
    WORK_WALK
};

enum { OTA_SOON = 0 };

/* Do one thing. */
void agent_do(struct ota_agent *a, enum work w);

uint64_t agent_now(const struct ota_agent *a);

/* Log "what detail". detail may be NULL. */
void agent_log(struct ota_agent *a, enum ota_level level, const char *what, const char *detail);

/* {base}tail into a->line, base being /tenant/controller/v1/device. */
const char *agent_path(struct ota_agent *a, const char *tail);
/* {base}/kind/id/feedback */
const char *agent_feedback_path(struct ota_agent *a, const char *kind, uint32_t id);

/*
 * One exchange: connects if needed, asks again once when a kept connection turned out to be
 * stale, reads the answer's body into a->block (*out_len bytes).  body may be NULL.
 * Errors: those of transport and http1; the connection is then closed.
 */
OTA_MUST_CHECK ota_err agent_exchange(struct ota_agent *a, const char *method, const char *path,
                                      const char *body, struct http1_answer *out,
                                      size_t *out_len);

/* As above up to the head of an answer whose body the caller reads; rq's host and credential
 * are filled in here. */
OTA_MUST_CHECK ota_err agent_ask(struct ota_agent *a, const struct http1_request *rq,
                                 uint64_t deadline_ms, struct http1_answer *out);
void agent_disconnect(struct ota_agent *a);

/* GET of at most max bytes, which is not above sizeof a->block; a longer answer is OTA_E_LIMIT,
 * and cut off. */
OTA_MUST_CHECK ota_err agent_fetch(struct ota_agent *a, const char *path, size_t max,
                                   struct http1_answer *out, size_t *out_len);

/* The server could not be reached, or answered nonsense or an error: begin or lengthen the
 * back-off. */
void agent_failed(struct ota_agent *a, const char *what, ota_err e,
                  const struct http1_answer *answer);
void agent_succeeded(struct ota_agent *a);

/* Save the notes; a log line if flash refuses (the agent goes on: they are a convenience). */
void agent_save(struct ota_agent *a);

/* The update is over: report it. */
void agent_finish(struct ota_agent *a, bool success, uint16_t reason);

/* What feedback says.  cnt and of are left out when of is 0, detail when NULL. */
struct feedback {
    const char *kind; /* "deploymentBase" or "cancelAction" */
    uint32_t id;
    const char *execution, *finished, *detail;
    uint32_t cnt, of;
};
OTA_MUST_CHECK ota_err agent_feedback(struct ota_agent *a, const struct feedback *f,
                                      struct http1_answer *out);

/* Is there a download to go on with, and the next block of it (download.c)? */
bool download_due(const struct ota_agent *a);
void download_step(struct ota_agent *a);
/* An offered deployment: resume, begin, or refuse it; or wait, if there were too many. */
void download_begin(struct ota_agent *a, const struct ddi_deployment *d);
/* Sequence of the newest key manifest held, in force or pending; 0 = none (keys.c). */
uint32_t agent_keys(struct ota_agent *a);
/* Fetch the key manifest that the last poll offered, and store it as pending. */
void agent_fetch_keys(struct ota_agent *a);
/* Everything verified and the server asked again: request the image and reset. */
void download_install(struct ota_agent *a);

/* Trust (vouch.c).  May a byte of the update be written, and may it be installed? */
bool agent_vouched(const struct ota_agent *a);
bool agent_may_install(const struct ota_agent *a);
/* After each poll: the signed answer is due, or the server gives none. */
void agent_polled(struct ota_agent *a);
void agent_director(struct ota_agent *a);
/* A walk through the repository, one file a step. */
bool agent_walk_due(const struct ota_agent *a, uint64_t now);
void agent_walk(struct ota_agent *a);
/* What is trusted, and own time, into flash: a reset comes. */
void agent_keep_now(struct ota_agent *a);
/* Raise or lower the stale state. */
void agent_watch_stale(struct ota_agent *a);

#endif
