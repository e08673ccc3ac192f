#ifndef OTAD_API_EXPORT_H
#define OTAD_API_EXPORT_H

#include "handler.h"

/*
 * Lists as files: everything that matches, as CSV or as JSON lines, streamed page by page so
 * that neither its length nor a slow reader takes memory.  One writer per noun serves list,
 * JSON lines and CSV alike: a row is the JSON object that the list has too, and a cell of CSV
 * is a member of it.
 *
 * CSV is RFC 4180's (a line of names first, CRLF, UTF-8); null is an empty cell, lists and
 * objects are their JSON.  Texts that a spreadsheet would take for a formula (= + - @, tab or
 * line break first) begin with an apostrophe.
 */
enum export_kind { EXPORT_NONE, EXPORT_JSONL, EXPORT_CSV };

/* ?format=: absent, empty and "json" are EXPORT_NONE, a list as always.  Answers and returns
 * the error for any other word than "jsonl" and "csv". */
OTA_MUST_CHECK ota_err export_format(struct http_request *rq, struct http_response *rs,
                                     enum export_kind *out);

/* A page in the making. */
struct export_page {
    struct db_scope scope; /* with the page's own arena: rows are gone with the page */
    uint32_t limit;      /* rows to ask for                                                  */
    int64_t after_id;    /* 0 at first, then what export_next said                           */
    struct arena *arena; /* of the scope                                                     */
    struct export_rows *rows;
};

/*
 * Read one page from the database and write its rows.  For each: struct json_out *o =
 * export_row(page), one object with key NULL written to it, export_row_end.  At last
 * export_next, if there may be more.  Errors: as db_*; the first page's is answered as a
 * problem, a later one breaks the connection off, so that nobody takes half a file for the
 * whole.
 */
typedef ota_err export_page_fn(struct export_page *page, void *arg);

struct json_out *export_row(struct export_page *page);
OTA_MUST_CHECK ota_err export_row_end(struct export_page *page);
/* The page was full: ask again for what comes after this id. */
void export_next(struct export_page *page, int64_t last_id);

struct export_list {
    const char *name;          /* of the file, without ending: "downloads" */
    const char *const *column; /* members of a row, in the order of CSV */
    size_t column_count;
    export_page_fn *page;
    void *arg; /* lives in the request's arena or is constant */
};

/* Answer with the file.  The route's deadline is HTTP_TRANSFER.  Errors: answered. */
ota_err export_send(struct http_request *rq, struct http_response *rs, enum export_kind kind,
                    const struct export_list *list);

#endif
