/*
 * Two queries, each in the order of platforms: files first, then what each of them lists.  Both
 * see the same moment, so that no publication comes between them and memory never holds the
 * files of one set with the targets of another.
 */
#include "feed_metadata.h"

#include <string.h>

#include "otad/fleet/metadata.h"
#include "otad/tuf/repository.h"
#include "queries.h"
#include "read.h"

struct lists {
    struct fleet_metadata_row *row;
    size_t count;
    struct fleet_metadata_target *target;
    int64_t *target_platform;
    size_t target_count;
};

static ota_err ask(struct pg *pg, int query, int64_t tenant_id, const char *keys,
                   struct pg_rows *out)
{
    struct pg_args a = {0};
    arg_int(&a, tenant_id);
    arg_text(&a, keys);
    return pg_query(pg, query, &a, out);
}

static ota_err read_files(const struct pg_rows *rows, struct arena *arena, struct lists *out)
{
    out->row = arena_array(arena, (size_t)rows->count, sizeof *out->row);
    if (out->row == NULL)
        return OTA_E_LIMIT;
    for (int i = 0; i < rows->count; i++) {
        struct pg_row row = pg_row(rows, i, arena);
        const int64_t platform_id = row_int(&row);
        const enum repo_role role = repo_role_parse(row_text_or_empty(&row));
        struct fleet_metadata_file file = {.version = row_int(&row)};
        file.bytes = row_blob(&row, &file.len);
        file.expires_unix_s = row_int(&row);
        file.at_unix_s = row_int(&row);
        if (out->count == 0 || out->row[out->count - 1].platform_id != platform_id)
            out->row[out->count++].platform_id = platform_id;
        struct fleet_metadata_row *to = &out->row[out->count - 1];
        to->public_targets = row_bool(&row);
        row_bytes(&row, to->director_key, sizeof to->director_key);
        if (row.err != OTA_OK || role == REPO_ROLES)
            return row.err == OTA_OK ? OTA_E_INTERNAL : row.err;
        to->file[role] = file;
    }
    return OTA_OK;
}

static ota_err read_targets(const struct pg_rows *rows, struct arena *arena, struct lists *out)
{
    out->target = arena_array(arena, (size_t)rows->count, sizeof *out->target);
    out->target_platform = arena_array(arena, (size_t)rows->count, sizeof(int64_t));
    if (out->target == NULL || out->target_platform == NULL)
        return OTA_E_LIMIT;
    for (; out->target_count < (size_t)rows->count; out->target_count++) {
        struct pg_row row = pg_row(rows, (int)out->target_count, arena);
        struct fleet_metadata_target *to = &out->target[out->target_count];
        out->target_platform[out->target_count] = row_int(&row);
        to->path = row_text_or_empty(&row);
        to->release_id = row_int(&row);
        row_bytes(&row, to->sha256, sizeof to->sha256);
        to->entry = row_text_or_empty(&row);
        to->beta_alone = row_bool(&row);
        if (row.err != OTA_OK)
            return row.err;
    }
    return OTA_OK;
}

/* Its targets lie one behind the other. */
static void give_targets(const struct lists *l, struct fleet_metadata_row *row)
{
    size_t at = 0;
    while (at < l->target_count && l->target_platform[at] != row->platform_id)
        at++;
    row->target = l->target + at;
    while (at + row->target_count < l->target_count &&
           l->target_platform[at + row->target_count] == row->platform_id)
        row->target_count++;
}

static ota_err read_both(struct pg *pg, int64_t tenant_id, const char *keys,
                         struct arena *arena, struct lists *out)
{
    struct pg_rows rows;
    ota_err err = ask(pg, Q_FEED_REPOSITORIES, tenant_id, keys, &rows);
    if (err == OTA_OK)
        err = read_files(&rows, arena, out);
    if (err == OTA_OK && out->count > 0)
        err = ask(pg, Q_FEED_TARGETS, tenant_id, keys, &rows);
    return err == OTA_OK && out->count > 0 ? read_targets(&rows, arena, out) : err;
}

ota_err feed_metadata_read(struct pg *pg, struct fleet *fleet, int64_t tenant_id,
                           const char *keys, struct arena *arena)
{
    struct lists lists = {0};
    ota_err err = pg_simple(pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    if (err != OTA_OK)
        return err;
    err = read_both(pg, tenant_id, keys, arena, &lists);
    const ota_err ended = pg_simple(pg, err == OTA_OK ? "COMMIT" : "ROLLBACK");
    if (err == OTA_OK)
        err = ended;
    for (size_t i = 0; err == OTA_OK && i < lists.count; i++) {
        give_targets(&lists, &lists.row[i]);
        err = fleet_put_metadata(fleet, tenant_id, &lists.row[i]);
    }
    return err;
}
