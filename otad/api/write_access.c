/* API keys and gateway tokens as JSON (SPEC 8.8).  Secrets are never part of them. */
#include "write.h"

static void write_names(struct json_out *o, const char *key, const struct db_names *names)
{
    json_array_begin(o, key);
    for (size_t i = 0; i < names->count; i++)
        json_string(o, NULL, names->v[i]);
    json_array_end(o);
}

void write_api_key(struct json_out *o, const char *key, const struct api_key *k)
{
    json_object_begin(o, key);
    json_int(o, "id", k->id);
    json_string(o, "name", k->name);
    write_names(o, "scopes", &k->scopes);
    write_names(o, "platforms", &k->platforms);
    json_time(o, "created_at", k->created_at_unix_s);
    json_string(o, "created_by", k->created_by);
    json_time(o, "last_used_at", k->last_used_at_unix_s);
    json_time(o, "expires_at", k->expires_at_unix_s);
    json_time(o, "revoked_at", k->revoked_at_unix_s);
    json_object_end(o);
}

void write_gateway(struct json_out *o, const char *key, const struct gateway *g)
{
    json_object_begin(o, key);
    json_int(o, "id", g->id);
    json_string(o, "name", g->name);
    json_string(o, "platform", g->platform);
    json_time(o, "created_at", g->created_at_unix_s);
    json_string(o, "created_by", g->created_by);
    json_time(o, "revoked_at", g->revoked_at_unix_s);
    json_object_end(o);
}
