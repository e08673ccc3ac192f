/*
 * One page at a time: its rows are read, written and sent, then its arena is given back and the
 * next page read.  The first page is made before the answer begins, so that what goes wrong
 * with the database is an answer like any other; afterwards only breaking off is honest.
 */
#include "export.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_ROWS = 200, PAGE_BYTES_MAX = 64 * 1024 * 1024, TEXT_BYTES_FIRST = 16 * 1024 };

struct export_rows {
    enum export_kind kind;
    const struct export_list *list;
    struct arena *arena;
    struct json_out row; /* the one being written */
    struct json_cell *cell;
    char *text; /* of the page */
    size_t len, room;
    bool more;
};

struct export
{
    struct export_list list;
    struct export_rows rows;
    struct export_page page;
    struct arena arena; /* of the page */
    size_t sent;
};

ota_err export_format(struct http_request *rq, struct http_response *rs, enum export_kind *out)
{
    const char *word = api_query(rq, "format");
    *out = EXPORT_NONE;
    if (word == NULL || strcmp(word, "json") == 0)
        return OTA_OK;
    if (strcmp(word, "jsonl") == 0)
        *out = EXPORT_JSONL;
    else if (strcmp(word, "csv") == 0)
        *out = EXPORT_CSV;
    else
        return http_problem(rq, rs, OTA_E_FORMAT, "bad-query",
                            "The parameter 'format' must be 'json', 'jsonl' or 'csv'.");
    return OTA_OK;
}

/* ---- text ------------------------------------------------------------------------------ */

static ota_err put(struct export_rows *r, const char *text, size_t len)
{
    if (len > r->room - r->len) {
        size_t room = r->room == 0 ? TEXT_BYTES_FIRST : 2 * r->room;
        while (room - r->len < len)
            room *= 2;
        char *grown = arena_alloc(r->arena, room);
        if (grown == NULL)
            return OTA_E_LIMIT;
        if (r->len > 0)
            memcpy(grown, r->text, r->len);
        r->text = grown;
        r->room = room;
    }
    memcpy(r->text + r->len, text, len);
    r->len += len;
    return OTA_OK;
}

/* A spreadsheet calculates what begins like this. */
static bool is_formula(const char *text)
{
    return text[0] != '\0' && strchr("=+-@\t\r\n", text[0]) != NULL;
}

static bool needs_quotes(const char *text)
{
    const size_t len = strlen(text);
    return strpbrk(text, ",\"\r\n") != NULL ||
           (len > 0 && (text[0] == ' ' || text[len - 1] == ' '));
}

static ota_err put_quoted(struct export_rows *r, const char *text)
{
    ota_err err = OTA_OK;
    while (err == OTA_OK && *text != '\0') {
        const size_t len = strcspn(text, "\"");
        err = put(r, text, len);
        text += len;
        if (err == OTA_OK && *text == '"') {
            err = put(r, "\"\"", 2);
            text++;
        }
    }
    return err;
}

static ota_err put_cell(struct export_rows *r, const struct json_cell *cell)
{
    if (cell->text == NULL)
        return OTA_OK;
    const bool formula = cell->is_string && is_formula(cell->text);
    const bool quotes = needs_quotes(cell->text);
    ota_err err = quotes ? put(r, "\"", 1) : OTA_OK;
    if (err == OTA_OK && formula)
        err = put(r, "'", 1);
    if (err == OTA_OK)
        err = put_quoted(r, cell->text);
    return err == OTA_OK && quotes ? put(r, "\"", 1) : err;
}

static ota_err put_line(struct export_rows *r, const struct json_cell *cell)
{
    ota_err err = OTA_OK;
    for (size_t i = 0; err == OTA_OK && i < r->list->column_count; i++) {
        err = i > 0 ? put(r, ",", 1) : OTA_OK;
        if (err == OTA_OK)
            err = put_cell(r, &cell[i]);
    }
    return err == OTA_OK ? put(r, "\r\n", 2) : err;
}

static ota_err put_names(struct export_rows *r)
{
    for (size_t i = 0; i < r->list->column_count; i++)
        r->cell[i] = (struct json_cell){.text = r->list->column[i], .is_string = true};
    return put_line(r, r->cell);
}

/* ---- rows ------------------------------------------------------------------------------ */

struct json_out *export_row(struct export_page *page)
{
    json_out_begin(&page->rows->row, page->arena);
    return &page->rows->row;
}

ota_err export_row_end(struct export_page *page)
{
    struct export_rows *r = page->rows;
    const char *text = NULL;
    size_t len = 0;
    ota_err err = json_out_end(&r->row, &text, &len);
    if (err != OTA_OK)
        return err;
    if (r->kind == EXPORT_JSONL) {
        err = put(r, text, len);
        return err == OTA_OK ? put(r, "\n", 1) : err;
    }
    err = json_cells(page->arena, text, len, r->list->column, r->list->column_count, r->cell);
    return err == OTA_OK ? put_line(r, r->cell) : err;
}

void export_next(struct export_page *page, int64_t last_id)
{
    page->rows->more = true;
    page->after_id = last_id;
}

/* ---- pages ----------------------------------------------------------------------------- */

/* The next page in place of the last one. */
static ota_err page_make(struct export *x)
{
    const bool is_first = x->page.after_id == 0;
    arena_done(&x->arena);
    arena_init(&x->arena, PAGE_BYTES_MAX);
    x->sent = 0;
    x->page.arena = x->page.scope.arena = &x->arena;
    x->rows = (struct export_rows){
        .kind = x->rows.kind,
        .list = &x->list,
        .arena = &x->arena,
        .cell = arena_array(&x->arena, x->list.column_count, sizeof(struct json_cell))};
    ota_err err = x->rows.cell == NULL ? OTA_E_LIMIT : OTA_OK;
    if (err == OTA_OK && is_first && x->rows.kind == EXPORT_CSV)
        err = put_names(&x->rows);
    return err == OTA_OK ? x->list.page(&x->page, x->list.arg) : err;
}

static ssize_t export_read(void *arg, char *buf, size_t room)
{
    struct export *x = arg;
    while (x->sent == x->rows.len) {
        if (!x->rows.more)
            return -1;
        if (page_make(x) != OTA_OK)
            return -2;
    }
    const size_t left = x->rows.len - x->sent, len = left < room ? left : room;
    memcpy(buf, x->rows.text + x->sent, len);
    x->sent += len;
    return (ssize_t)len;
}

static void export_free(void *arg)
{
    struct export *x = arg;
    arena_done(&x->arena);
    free(x);
}

ota_err export_send(struct http_request *rq, struct http_response *rs, enum export_kind kind,
                    const struct export_list *list)
{
    struct export *x = calloc(1, sizeof *x);
    if (x == NULL)
        return OTA_E_NO_MEMORY;
    x->list = *list;
    x->rows.kind = kind;
    x->page =
        (struct export_page){.scope = api_scope(rq), .limit = PAGE_ROWS, .rows = &x->rows};
    const ota_err err = page_make(x);
    if (err != OTA_OK) {
        const struct db_scope scope = x->page.scope;
        export_free(x);
        return api_db_problem(rq, rs, err, &scope, "list");
    }
    const struct http_stream stream = {.read = export_read, .free = export_free, .arg = x};
    const bool is_csv = kind == EXPORT_CSV;
    http_send_stream(rs,
                     is_csv ? "text/csv; charset=utf-8; header=present"
                            : "application/jsonl; charset=utf-8",
                     &stream);
    http_header_add(rs, "Cache-Control", "no-store");
    http_header_add(rs, "Content-Disposition",
                    arena_printf(rq->arena, "attachment; filename=\"%s.%s\"", list->name,
                                 is_csv ? "csv" : "jsonl"));
    return OTA_OK;
}
