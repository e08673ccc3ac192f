/*
 * Entries of the audit log.  They wait in the arena until the transaction's own statements are
 * done, because appending locks the tenant's chain until commit.
 */
#include "audit.h"

#include "otad/json.h"

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
