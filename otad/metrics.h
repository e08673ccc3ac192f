#ifndef OTAD_METRICS_H
#define OTAD_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/image/err.h"
#include "otad/arena.h"

/*
 * Prometheus' text format 0.0.4, built in an arena: a family is opened once with its HELP and
 * TYPE, then come its samples.  Names end in their unit, counters in _total.
 */
#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE };

enum { METRIC_LABELS_MAX = 4 };

struct metrics_out {
    struct arena *arena;
    const char *family; /* that was opened last */
    char *text;
    size_t len, room;
    bool failed;
};

struct metric_label {
    const char *name, *value;
};

void metrics_begin(struct metrics_out *o, struct arena *arena);

/* All samples that follow, until the next call, are name's. */
void metrics_family(struct metrics_out *o, enum metric_type type, const char *name,
                    const char *help);

/* Values of labels may be any text; it is escaped. */
void metrics_sample(struct metrics_out *o, const struct metric_label *label, size_t count,
                    uint64_t value);

/* The same with thousandths of the unit: 1250 stands there as 1.250. */
void metrics_sample_milli(struct metrics_out *o, const struct metric_label *label, size_t count,
                          uint64_t thousandths);

/* A family of one sample without labels. */
void metrics_one(struct metrics_out *o, enum metric_type type, const char *name,
                 const char *help, uint64_t value);

void metrics_one_milli(struct metrics_out *o, enum metric_type type, const char *name,
                       const char *help, uint64_t thousandths);

/* Errors: OTA_E_LIMIT (the arena is full). */
OTA_MUST_CHECK ota_err metrics_end(struct metrics_out *o, const char **out, size_t *out_len);

#endif
