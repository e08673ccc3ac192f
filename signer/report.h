#ifndef SIGNER_REPORT_H
#define SIGNER_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The result of a verb, said once and printed as a table for people or, with --json, as one
 * JSON object.  Keys are string literals; values are copied.
 */
enum report_kind {
    REPORT_TEXT,
    REPORT_NUMBER,
    REPORT_FLAG,
    REPORT_OBJECT,
    REPORT_LIST,
    REPORT_END
};

struct report_node {
    enum report_kind kind;
    const char *key; /* NULL inside a list */
    char *text;
    uint64_t number;
};

struct report {
    struct report_node *node;
    size_t count, room;
    bool failed; /* no memory: nothing is printed, report_print says so */
};

void report_init(struct report *r);
void report_text(struct report *r, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void report_hex(struct report *r, const char *key, const void *data, size_t len);
void report_number(struct report *r, const char *key, uint64_t value);
void report_flag(struct report *r, const char *key, bool value);
void report_object(struct report *r, const char *key); /* until report_end */
void report_list(struct report *r, const char *key);   /* until report_end */
void report_end(struct report *r);

/* Print to stdout and free.  false: no memory or stdout is broken. */
bool report_print(struct report *r);
void report_free(struct report *r);

#endif
