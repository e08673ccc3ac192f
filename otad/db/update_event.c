/* The history of updates: appended, compared with its end, read back. */
#include "update_event.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "queries.h"
#include "read.h"

enum { DETAIL_BYTES_MAX = 512 };
#define DETAIL_SEPARATOR '\x1f' /* as query update_events puts it; never inside a detail */

/* A copy without control characters, cut between characters. */
static char *detail_copy(struct arena *arena, const char *text)
{
    size_t len = strlen(text);
    if (len > DETAIL_BYTES_MAX) {
        len = DETAIL_BYTES_MAX;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
            len--;
    }
    char *copy = arena_memdup(arena, text, len);
    for (size_t i = 0; copy != NULL && i < len; i++) {
        if ((unsigned char)copy[i] < 0x20 || copy[i] == 0x7f)
            copy[i] = ' ';
    }
    return copy;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " ")] == '\0';
}

ota_err event_from_feedback(struct arena *arena, const struct feedback *f, int32_t update_id,
                            bool of_cancel, struct event_new *out)
{
    const size_t count =
        f->detail_count < FLEET_DETAILS_MAX ? f->detail_count : FLEET_DETAILS_MAX;
    const char **copies = arena_array(arena, count, sizeof *copies);
    if (copies == NULL)
        return OTA_E_LIMIT;
    for (size_t i = 0; i < count; i++) {
        copies[i] = detail_copy(arena, f->details[i]);
        if (copies[i] == NULL)
            return OTA_E_LIMIT;
    }
    *out = (struct event_new){
        .update_id = update_id,
        .execution = execution_name(f->execution),
        .result = result_name(f->result),
        .progress_percent = feedback_percent(f),
        .of_cancel = of_cancel,
        .details = tx_array(arena, copies, count),
        .first_detail = count > 0 && !is_blank(copies[0]) ? copies[0] : NULL,
    };
    out->progress_told = out->progress_percent >= 0;
    return out->details == NULL ? OTA_E_LIMIT : OTA_OK;
}

static void event_args(struct pg_args *a, const struct event_new *e)
{
    arg_int(a, e->update_id);
    arg_text(a, e->execution);
    arg_text(a, e->result == NULL ? "none" : e->result);
    if (e->progress_told)
        arg_int(a, e->progress_percent);
    else
        arg_text(a, NULL);
    arg_text(a, e->details == NULL ? "{}" : e->details);
    arg_bool(a, e->of_cancel);
}

ota_err event_number(struct db_tx *tx, struct event_new *e, bool *out_repeated)
{
    struct pg_args a = {0};
    struct pg_row row;
    event_args(&a, e);
    *out_repeated = false;
    e->number = 1;
    const ota_err err = tx_one(tx, Q_UPDATE_EVENT_LAST, &a, &row);
    if (err != OTA_OK)
        return err == OTA_E_NOT_FOUND ? OTA_OK : err;
    e->number = (int32_t)row_int(&row) + 1;
    *out_repeated = row_bool(&row);
    return row.err;
}

ota_err event_put(struct db_tx *tx, const struct event_new *e)
{
    struct pg_args a = {0};
    event_args(&a, e);
    arg_int(&a, e->number);
    return tx_query(tx, Q_UPDATE_EVENT_PUT, &a, NULL);
}

/* ---- reading ------------------------------------------------------------------------- */

struct event_row {
    int32_t update_id;
    struct update_event event;
};

static void event_read(struct pg_row *row, void *out_event)
{
    struct event_row *out = out_event;
    struct update_event *e = &out->event;
    *out = (struct event_row){.update_id = (int32_t)row_int(row)};
    e->at_unix_s = row_int(row);
    e->execution = row_text(row);
    e->result = row_text(row);
    e->progress_percent = (int32_t)row_int(row);
    const size_t count = (size_t)row_int(row);
    char *text = arena_strdup(row->arena, row_text_or_empty(row));
    const char **details = arena_array(row->arena, count, sizeof *details);
    if (text == NULL || details == NULL) {
        row->err = OTA_E_LIMIT;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        details[i] = text;
        text += strcspn(text, "\x1f");
        if (*text == DETAIL_SEPARATOR)
            *text++ = '\0';
    }
    e->detail_count = count;
    e->details = details;
}

static const char *id_array(struct arena *arena, const struct update *updates, size_t count)
{
    enum { ID_BYTES = 12 };
    char *text = arena_alloc(arena, count * ID_BYTES + 3);
    if (text == NULL)
        return NULL;
    size_t len = 0;
    text[len++] = '{';
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(text + len, ID_BYTES + 1, "%s%" PRId32, i == 0 ? "" : ",",
                                updates[i].id);
    text[len++] = '}';
    text[len] = '\0';
    return text;
}

ota_err events_get(struct db_tx *tx, struct update *updates, size_t count)
{
    const char *ids = id_array(tx->arena, updates, count);
    if (ids == NULL)
        return OTA_E_LIMIT;
    struct pg_args a = {0};
    struct pg_rows rows;
    void *list = NULL;
    size_t total = 0;
    arg_text(&a, ids);
    ota_err err = tx_query(tx, Q_UPDATE_EVENTS, &a, &rows);
    if (err == OTA_OK)
        err = tx_list(tx, &rows, sizeof(struct event_row), event_read, &list, &total);
    struct update_event *events = arena_array(tx->arena, total, sizeof *events);
    if (err != OTA_OK || events == NULL)
        return err == OTA_OK ? OTA_E_LIMIT : err;
    const struct event_row *row = list;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        updates[i].events = events + at;
        for (; at < total && row[at].update_id == updates[i].id; at++) {
            events[at] = row[at].event;
            updates[i].event_count++;
        }
    }
    return OTA_OK;
}
