/* Only text is made here; what is counted, and who may read it, is decided elsewhere. */
#include "otad/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_BYTES = 16 * 1024, NUMBER_BYTES = 32 };

void metrics_begin(struct metrics_out *o, struct arena *arena)
{
    *o = (struct metrics_out){.arena = arena, .family = ""};
}

static void add(struct metrics_out *o, const char *text, size_t len)
{
    if (!o->failed && len >= o->room - o->len) {
        size_t room = o->room == 0 ? FIRST_BYTES : 2 * o->room;
        char *bigger;

        while (room <= o->len + len)
            room *= 2;
        bigger = arena_alloc(o->arena, room);
        o->failed = bigger == NULL;
        if (bigger != NULL) {
            if (o->len > 0)
                memcpy(bigger, o->text, o->len);
            o->text = bigger;
            o->room = room;
        }
    }
    if (o->failed)
        return;
    memcpy(o->text + o->len, text, len);
    o->len += len;
    o->text[o->len] = '\0';
}

static void add_text(struct metrics_out *o, const char *text)
{
    add(o, text, strlen(text));
}

/* HELP escapes backslash and line feed, label values also the quote. */
static void add_escaped(struct metrics_out *o, const char *text, bool quoted)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            add_text(o, "\\n");
        else if (*text == '\\')
            add_text(o, "\\\\");
        else if (*text == '"' && quoted)
            add_text(o, "\\\"");
        else
            add(o, text, 1);
    }
}

void metrics_family(struct metrics_out *o, enum metric_type type, const char *name,
                    const char *help)
{
    o->family = name;
    add_text(o, "# HELP ");
    add_text(o, name);
    add_text(o, " ");
    add_escaped(o, help, false);
    add_text(o, "\n# TYPE ");
    add_text(o, name);
    add_text(o, type == METRIC_COUNTER ? " counter\n" : " gauge\n");
}

static void add_labels(struct metrics_out *o, const struct metric_label *label, size_t count)
{
    add_text(o, o->family);
    for (size_t i = 0; i < count; i++) {
        add_text(o, i == 0 ? "{" : ",");
        add_text(o, label[i].name);
        add_text(o, "=\"");
        add_escaped(o, label[i].value, true);
        add_text(o, i + 1 == count ? "\"}" : "\"");
    }
}

void metrics_sample(struct metrics_out *o, const struct metric_label *label, size_t count,
                    uint64_t value)
{
    char number[NUMBER_BYTES];

    add_labels(o, label, count);
    (void)snprintf(number, sizeof number, " %" PRIu64 "\n", value);
    add_text(o, number);
}

void metrics_sample_milli(struct metrics_out *o, const struct metric_label *label, size_t count,
                          uint64_t thousandths)
{
    char number[NUMBER_BYTES];

    add_labels(o, label, count);
    (void)snprintf(number, sizeof number, " %" PRIu64 ".%03" PRIu64 "\n", thousandths / 1000,
                   thousandths % 1000);
    add_text(o, number);
}

void metrics_one(struct metrics_out *o, enum metric_type type, const char *name,
                 const char *help, uint64_t value)
{
    metrics_family(o, type, name, help);
    metrics_sample(o, NULL, 0, value);
}

void metrics_one_milli(struct metrics_out *o, enum metric_type type, const char *name,
                       const char *help, uint64_t thousandths)
{
    metrics_family(o, type, name, help);
    metrics_sample_milli(o, NULL, 0, thousandths);
}

ota_err metrics_end(struct metrics_out *o, const char **out, size_t *out_len)
{
    if (o->failed || o->text == NULL)
        return OTA_E_LIMIT;
    *out = o->text;
    *out_len = o->len;
    return OTA_OK;
}
