#ifndef OTAD_LOG_H
#define OTAD_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "firmware/image/err.h"

/*
 * Structured lines on stderr: `level=info event=upload req=... key=value ...`, one write per
 * line, values quoted where needed.  Under journald each line carries its syslog priority.
 * Never a secret, a token or a body.  Only edges log; library code returns.
 *
 *   log_info("upload", LOG_STR("platform", p), LOG_INT("bytes", n));
 *   log_warn("database-lost", LOG_NONE);
 */
enum log_level {
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_INFO,  /* what happened                            */
    LOG_LEVEL_WARN,  /* their fault, or it will heal by itself   */
    LOG_LEVEL_ERROR, /* somebody must look                       */
    LOG_LEVEL_BUG    /* ours                                     */
};

enum log_kind { LOG_KIND_NONE, LOG_KIND_STR, LOG_KIND_INT, LOG_KIND_ERR };

struct log_field {
    const char *key;
    enum log_kind kind;
    const char *str;
    int64_t num;
};

#define LOG_NONE      ((struct log_field){NULL, LOG_KIND_NONE, NULL, 0})
#define LOG_STR(k, v) ((struct log_field){(k), LOG_KIND_STR, (v), 0})
#define LOG_INT(k, v) ((struct log_field){(k), LOG_KIND_INT, NULL, (int64_t)(v)})
#define LOG_ERR(e)    ((struct log_field){"err", LOG_KIND_ERR, NULL, (int64_t)(e)})
#define LOG_AT(lvl, ev, ...)                                                                   \
    log_write((lvl), (ev), (const struct log_field[]){__VA_ARGS__},                            \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
#define log_debug(ev, ...) LOG_AT(LOG_LEVEL_DEBUG, ev, __VA_ARGS__)
#define log_info(ev, ...)  LOG_AT(LOG_LEVEL_INFO, ev, __VA_ARGS__)
#define log_warn(ev, ...)  LOG_AT(LOG_LEVEL_WARN, ev, __VA_ARGS__)
#define log_error(ev, ...) LOG_AT(LOG_LEVEL_ERROR, ev, __VA_ARGS__)
#define log_bug(ev, ...)   LOG_AT(LOG_LEVEL_BUG, ev, __VA_ARGS__)

enum { LOG_LINE_BYTES = 2048 }; /* longer lines are cut, visibly */

void log_level_set(enum log_level lowest);

/* Lines of this thread carry req=id until it is set to NULL.  id must outlive that. */
void log_request_set(const char *id);

/* Strings may be NULL ("-"); control characters are escaped. */
void log_write(enum log_level level, const char *event, const struct log_field *field,
               size_t count);

#endif
