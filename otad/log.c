/*
 * A line is put together on the stack and written with one write(2), so lines of different
 * threads never mix.
 */
#include "otad/log.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static _Atomic int lowest_level = LOG_LEVEL_INFO;
static _Thread_local const char *request_id;

struct line {
    char text[LOG_LINE_BYTES];
    size_t len;
};

static const struct {
    const char *name;
    char priority; /* syslog's, for journald */
} level_table[] = {
    [LOG_LEVEL_DEBUG] = {"debug", '7'}, [LOG_LEVEL_INFO] = {"info", '6'},
    [LOG_LEVEL_WARN] = {"warn", '4'},   [LOG_LEVEL_ERROR] = {"error", '3'},
    [LOG_LEVEL_BUG] = {"bug", '2'},
};

void log_level_set(enum log_level lowest)
{
    atomic_store(&lowest_level, (int)lowest);
}

void log_request_set(const char *id)
{
    request_id = id;
}

static void put_char(struct line *l, char c)
{
    if (l->len < sizeof l->text - 5) /* room for "...\n" and the zero */
        l->text[l->len] = c;
    if (l->len < sizeof l->text - 4)
        l->len++;
}

static void put_text(struct line *l, const char *text)
{
    for (; *text != '\0'; text++)
        put_char(l, *text);
}

static bool is_bare(const char *text)
{
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text <= ' ' || *text == '"' || *text == '=' || *text == '\\' ||
            *text == 0x7f)
            return false;
    }
    return true;
}

static void put_quoted(struct line *l, const char *text)
{
    static const char hex[] = "0123456789abcdef";

    put_char(l, '"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < ' ' || c == 0x7f) {
            put_text(l, "\\x");
            put_char(l, hex[c >> 4]);
            put_char(l, hex[c & 15]);
            continue;
        }
        if (c == '"' || c == '\\')
            put_char(l, '\\');
        put_char(l, (char)c);
    }
    put_char(l, '"');
}

static void put_value(struct line *l, const char *text)
{
    if (text == NULL)
        put_char(l, '-');
    else if (is_bare(text))
        put_text(l, text);
    else
        put_quoted(l, text);
}

static void put_field(struct line *l, const struct log_field *f)
{
    char number[24];

    if (f->kind == LOG_KIND_NONE)
        return;
    put_char(l, ' ');
    put_text(l, f->key);
    put_char(l, '=');
    switch (f->kind) {
    case LOG_KIND_STR:
        put_value(l, f->str);
        break;
    case LOG_KIND_INT:
        (void)snprintf(number, sizeof number, "%" PRId64, f->num);
        put_text(l, number);
        break;
    case LOG_KIND_ERR:
        put_text(l, ota_err_name((ota_err)f->num));
        break;
    case LOG_KIND_NONE:
        break;
    }
}

static void put_time(struct line *l)
{
    struct timespec now;
    struct tm tm;
    char text[100];

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &tm);
    (void)snprintf(text, sizeof text, "time=%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ ",
                   tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                   tm.tm_sec, now.tv_nsec / 1000000);
    put_text(l, text);
}

void log_write(enum log_level level, const char *event, const struct log_field *field,
               size_t count)
{
    struct line l = {.len = 0};

    if ((int)level < atomic_load(&lowest_level))
        return;
    if (getenv("JOURNAL_STREAM") != NULL) {
        put_char(&l, '<');
        put_char(&l, level_table[level].priority);
        put_char(&l, '>');
    } else {
        put_time(&l);
    }
    put_text(&l, "level=");
    put_text(&l, level_table[level].name);
    put_text(&l, " event=");
    put_value(&l, event);
    if (request_id != NULL) {
        put_text(&l, " req=");
        put_text(&l, request_id);
    }
    for (size_t i = 0; i < count; i++)
        put_field(&l, &field[i]);
    if (l.len >= sizeof l.text - 4) {
        l.len = sizeof l.text - 5;
        memcpy(l.text + l.len, "...", 3);
        l.len += 3;
    }
    l.text[l.len++] = '\n';
    (void)!write(STDERR_FILENO, l.text, l.len);
}
