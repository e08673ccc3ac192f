/* Sessions, API keys and gateway tokens as JSON (SPEC 8.4, 8.8).  Secrets are never part. */
#include "write.h"

#include "otad/auth/permission.h"

static void write_names(struct json_out *o, const char *key, const struct db_names *names)
{
    json_open_array(o, key);
    for (size_t i = 0; i < names->count; i++)
        json_put_string(o, NULL, names->v[i]);
    json_close_array(o);
}

static void write_permissions(struct json_out *o, permission_set set)
{
    json_open_array(o, "permissions");
    for (unsigned p = 0; p < PERM_COUNT; p++)
        if (permission_in(set, (enum permission)p))
            json_put_string(o, NULL, permission_name((enum permission)p));
    json_close_array(o);
}

void write_grants(struct json_out *o, const struct principal *who)
{
    json_open_array(o, "grants");
    for (uint32_t i = 0; i <= who->grant_count; i++) {
        const permission_set set = i == 0 ? who->everywhere : who->grants[i - 1].rights;
        if (set == 0)
            continue;
        json_open_object(o, NULL);
        json_put_string(o, "platform", i == 0 ? "*" : who->grants[i - 1].platform);
        write_permissions(o, set);
        json_close_object(o);
    }
    json_close_array(o);
}

void write_session(struct json_out *o, const struct session *s, const struct principal *who)
{
    json_open_object(o, NULL);
    json_open_object(o, "user");
    json_put_string(o, "name", s->user.name);
    write_names(o, "roles", &s->user.roles);
    json_close_object(o);
    json_put_string(o, "csrf_token", s->csrf_token);
    write_permissions(o, permission_anywhere(who));
    write_grants(o, who);
    json_put_time(o, "expires_at", s->expires_at_unix_s);
    json_close_object(o);
}

void write_role(struct json_out *o, const char *key, const struct role_info *r)
{
    json_open_object(o, key);
    json_put_string(o, "name", r->name);
    json_put_string(o, "title", r->title);
    json_put_bool(o, "builtin", r->builtin);
    write_grants(o, r->rights);
    json_put_int(o, "user_count", r->user_count);
    json_close_object(o);
}

void write_api_key(struct json_out *o, const char *key, const struct api_key *k)
{
    json_open_object(o, key);
    json_put_int(o, "id", k->id);
    json_put_string(o, "name", k->name);
    write_names(o, "scopes", &k->scopes);
    write_names(o, "platforms", &k->platforms);
    json_put_time(o, "created_at", k->created_at_unix_s);
    json_put_string(o, "created_by", k->created_by);
    json_put_time(o, "last_used_at", k->last_used_at_unix_s);
    json_put_time(o, "expires_at", k->expires_at_unix_s);
    json_put_time(o, "revoked_at", k->revoked_at_unix_s);
    json_close_object(o);
}

void write_gateway(struct json_out *o, const char *key, const struct gateway *g)
{
    json_open_object(o, key);
    json_put_int(o, "id", g->id);
    json_put_string(o, "name", g->name);
    json_put_string(o, "platform", g->platform);
    json_put_time(o, "created_at", g->created_at_unix_s);
    json_put_string(o, "created_by", g->created_by);
    json_put_time(o, "revoked_at", g->revoked_at_unix_s);
    json_close_object(o);
}
