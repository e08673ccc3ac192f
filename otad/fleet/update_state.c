/* The life of an update, without any I/O. */
#include "update_state.h"

#include <string.h>

static const char *const execution_word[] = {[0] = NULL,
                                             [EXECUTION_CLOSED] = "closed",
                                             [EXECUTION_PROCEEDING] = "proceeding",
                                             [EXECUTION_CANCELED] = "canceled",
                                             [EXECUTION_SCHEDULED] = "scheduled",
                                             [EXECUTION_REJECTED] = "rejected",
                                             [EXECUTION_RESUMED] = "resumed",
                                             [EXECUTION_DOWNLOADED] = "downloaded",
                                             [EXECUTION_DOWNLOAD] = "download"};
static const char *const result_word[] = {[0] = NULL,
                                          [RESULT_NONE] = "none",
                                          [RESULT_SUCCESS] = "success",
                                          [RESULT_FAILURE] = "failure"};

enum {
    EXECUTION_COUNT = sizeof execution_word / sizeof execution_word[0],
    RESULT_COUNT = sizeof result_word / sizeof result_word[0]
};

/* 0 for no word. */
static unsigned find(const char *const *words, unsigned count, const char *text)
{
    for (unsigned i = 1; text != NULL && i < count; i++) {
        if (strcmp(words[i], text) == 0)
            return i;
    }
    return 0;
}

enum execution execution_parse(const char *text)
{
    return (enum execution)find(execution_word, EXECUTION_COUNT, text);
}

enum result result_parse(const char *text)
{
    return (enum result)find(result_word, RESULT_COUNT, text);
}

const char *execution_name(enum execution e)
{
    return (unsigned)e < EXECUTION_COUNT ? execution_word[e] : NULL;
}

const char *result_name(enum result r)
{
    return (unsigned)r < RESULT_COUNT ? result_word[r] : NULL;
}

bool update_state_is_open(enum update_state s)
{
    return s >= UPDATE_PENDING && s <= UPDATE_CANCELLING;
}

int32_t feedback_percent(const struct feedback *f)
{
    if (f->progress_of <= 0 || f->progress_cnt < 0)
        return -1;
    if (f->progress_cnt >= f->progress_of)
        return 100;
    /* cnt < of: where the product could overflow, of is large enough to be divided first. */
    const int64_t percent = f->progress_cnt <= INT64_MAX / 100
                                ? f->progress_cnt * 100 / f->progress_of
                                : f->progress_cnt / (f->progress_of / 100);
    return percent < 99 ? (int32_t)percent : 99;
}

/* Something is going on: what, follows from what was going on before. */
static enum update_state proceeds(enum update_state now, const struct feedback *f)
{
    if (now == UPDATE_DOWNLOADED)
        return UPDATE_INSTALLING;
    if (now == UPDATE_PENDING || now == UPDATE_RETRIEVED)
        return feedback_percent(f) >= 0 ? UPDATE_DOWNLOADING : UPDATE_RETRIEVED;
    return now;
}

enum update_state update_state_next(enum update_state now, const struct feedback *f)
{
    if (!update_state_is_open(now))
        return now;
    if (f->execution == EXECUTION_CLOSED)
        return f->result == RESULT_FAILURE ? UPDATE_FAILED : UPDATE_SUCCEEDED;
    if (now == UPDATE_CANCELLING)
        return f->execution == EXECUTION_CANCELED ? UPDATE_CANCELLED : now;
    switch (f->execution) {
    case EXECUTION_DOWNLOAD:
        return UPDATE_DOWNLOADING;
    case EXECUTION_DOWNLOADED:
        return UPDATE_DOWNLOADED;
    case EXECUTION_PROCEEDING:
    case EXECUTION_RESUMED:
        return proceeds(now, f);
    case EXECUTION_CANCELED:
    case EXECUTION_SCHEDULED:
    case EXECUTION_REJECTED:
    case EXECUTION_CLOSED:
        break;
    }
    return now == UPDATE_PENDING ? UPDATE_RETRIEVED : now;
}

enum update_state update_state_next_cancel(enum update_state now, enum update_state before,
                                           const struct feedback *f)
{
    if (now != UPDATE_CANCELLING)
        return now;
    if (f->execution == EXECUTION_REJECTED)
        return before;
    if (f->execution == EXECUTION_CLOSED)
        return f->result == RESULT_FAILURE ? before : UPDATE_CANCELLED;
    return now;
}
