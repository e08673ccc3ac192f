/*
 * Entries of the audit log.  They wait in the arena until the transaction's own statements are
 * done, because appending locks the tenant's chain until commit.
 */
#include "audit.h"

#include "otad/json.h"
#include "queries.h"

static void put_list(struct json_out *o, const struct audit_field *f)
{
    json_open_array(o, f->name);
    for (size_t i = 0; f->list != NULL && i < f->list->count; i++)
        json_put_string(o, NULL, f->list->v[i]);
    json_close_array(o);
}

static void put_field(struct json_out *o, const struct audit_field *f)
{
    switch (f->kind) {
    case AUDIT_KIND_TEXT:
        json_put_string(o, f->name, f->text);
        break;
    case AUDIT_KIND_INT:
        json_put_int(o, f->name, f->number);
        break;
    case AUDIT_KIND_BOOL:
        json_put_bool(o, f->name, f->number != 0);
        break;
    case AUDIT_KIND_TIME:
        json_put_time(o, f->name, f->number);
        break;
    case AUDIT_KIND_LIST:
        put_list(o, f);
        break;
    case AUDIT_KIND_HEX:
        json_put_hex(o, f->name, f->text, (size_t)f->number);
        break;
    case AUDIT_KIND_RAW:
        json_put_raw(o, f->name, f->text);
        break;
    case AUDIT_KIND_END:
        break;
    }
}

const char *audit_object(struct arena *arena, const struct audit_field *field)
{
    struct json_out o;
    const char *text = NULL;
    size_t len = 0;
    json_out_begin(&o, arena);
    json_open_object(&o, NULL);
    for (const struct audit_field *f = field; f->kind != AUDIT_KIND_END; f++)
        put_field(&o, f);
    json_close_object(&o);
    return json_out_end(&o, &text, &len) == OTA_OK ? text : NULL;
}

ota_err tx_audit(struct db_tx *tx, const struct audit *entry)
{
    struct tx_audits *list = tx->audits;
    if (list == NULL)
        list = tx->audits = ARENA_NEW(tx->arena, struct tx_audits);
    if (list == NULL || tx->arena->full || list->count == AUDIT_TX_MAX)
        return OTA_E_LIMIT;
    list->entry[list->count++] = *entry;
    return OTA_OK;
}

/* ---- to the database
 * -------------------------------------------------------------------------
 */

static ota_err append(struct db_tx *tx, const struct audit *e)
{
    struct pg_args a = {0};
    arg_text(&a, tx_actor(tx));
    arg_text(&a, tx->scope->address);
    arg_text(&a, e->action);
    arg_text(&a, e->object);
    arg_text(&a, e->platform);
    arg_text(&a, e->before);
    arg_text(&a, e->after);
    return tx_query(tx, Q_AUDIT_APPEND, &a, NULL);
}

ota_err audit_flush(struct db_tx *tx)
{
    ota_err err = OTA_OK;
    for (int i = 0; tx->audits != NULL && i < tx->audits->count && err == OTA_OK; i++)
        err = append(tx, &tx->audits->entry[i]);
    return err;
}

static ota_err put_fn(struct db_tx *tx, void *arg)
{
    return tx_audit(tx, arg);
}

ota_err db_audit_put(struct db_scope *s, const struct audit *entry)
{
    struct audit copy = *entry;
    return db_run(s, put_fn, &copy);
}

/* ---- what something is like
 * ------------------------------------------------------------------
 */

ota_err tx_audit_look(struct db_tx *tx, int query, int64_t id, struct audit_look *out)
{
    struct pg_args a = {0};
    struct pg_row row;
    *out = (struct audit_look){0};
    arg_int(&a, id);
    const ota_err err = tx_one(tx, query, &a, &row);
    if (err != OTA_OK)
        return err == OTA_E_NOT_FOUND ? OTA_OK : err;
    out->object = row_text(&row);
    out->platform = row_text(&row);
    out->json = row_text(&row);
    return row.err;
}

ota_err tx_audit_since(struct db_tx *tx, const char *action, const struct audit_look *before,
                       int query, int64_t id)
{
    struct audit_look now;
    const ota_err err = tx_audit_look(tx, query, id, &now);
    if (err != OTA_OK)
        return err;
    const struct audit_look *named = now.json != NULL || before == NULL ? &now : before;
    return tx_audit(tx, &(struct audit){.action = action,
                                        .object = named->object,
                                        .platform = named->platform,
                                        .before = before == NULL ? NULL : before->json,
                                        .after = now.json});
}
