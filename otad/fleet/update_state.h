#ifndef OTAD_FLEET_UPDATE_STATE_H
#define OTAD_FLEET_UPDATE_STATE_H

#include "model.h"

/*
 * The life of an update as a pure function of its state and of one feedback (DDI, SPEC 6).
 * Closed states never change; unknown words change nothing.
 */
enum execution {
    EXECUTION_CLOSED = 1,
    EXECUTION_PROCEEDING,
    EXECUTION_CANCELED,
    EXECUTION_SCHEDULED,
    EXECUTION_REJECTED,
    EXECUTION_RESUMED,
    EXECUTION_DOWNLOADED,
    EXECUTION_DOWNLOAD
};

enum result { RESULT_NONE = 1, RESULT_SUCCESS, RESULT_FAILURE };

/* 0 for any other text. */
enum execution execution_parse(const char *text);
enum result result_parse(const char *text);
const char *execution_name(enum execution e);
const char *result_name(enum result r);

/* One feedback.  Details beyond FLEET_DETAILS_MAX or longer than 512 bytes are cut by db/. */
struct feedback {
    enum execution execution;
    enum result result;
    int64_t progress_cnt, progress_of; /* of 0 = not told */
    size_t detail_count;
    const char *const *details;
};

bool update_state_is_open(enum update_state s);

/* -1 if not told; else 0 to 100. */
int32_t feedback_percent(const struct feedback *f);

/* The state after feedback on the deployment. */
enum update_state update_state_next(enum update_state now, const struct feedback *f);

/*
 * The state after feedback on the cancellation; before is the state the cancellation came in.
 * closed with success or none: cancelled.  closed with failure, rejected: back to before.
 */
enum update_state update_state_next_cancel(enum update_state now, enum update_state before,
                                           const struct feedback *f);

#endif
