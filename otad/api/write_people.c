/* People as JSON (SPEC 8.13).  Of secrets only those that the answer is there to show. */
#include "write_people.h"

static void put_user(struct json_out *o, const struct user *u)
{
    json_put_string(o, "name", u->name);
    json_open_array(o, "roles");
    for (size_t i = 0; i < u->roles.count; i++)
        json_put_string(o, NULL, u->roles.v[i]);
    json_close_array(o);
    json_put_string(o, "state", user_state(u));
    json_put_bool(o, "totp", u->totp);
    json_put_time(o, "created_at", u->created_at_unix_s);
    json_put_string(o, "created_by", u->created_by);
    json_put_time(o, "last_sign_in_at", u->last_sign_in_at_unix_s);
}

void write_user(struct json_out *o, const char *key, const struct user *u)
{
    json_open_object(o, key);
    put_user(o, u);
    json_close_object(o);
}

void write_account(struct json_out *o, const struct user *u, int64_t recovery_codes_left)
{
    json_open_object(o, NULL);
    put_user(o, u);
    json_put_int(o, "recovery_codes_left", recovery_codes_left);
    json_close_object(o);
}

void write_sign_in(struct json_out *o, const struct session *s, bool current)
{
    json_open_object(o, NULL);
    json_put_int(o, "id", s->id);
    json_put_time(o, "created_at", s->created_at_unix_s);
    json_put_time(o, "last_used_at", s->last_used_at_unix_s);
    json_put_time(o, "expires_at", s->expires_at_unix_s);
    json_put_string(o, "address", s->address);
    json_put_string(o, "agent", s->agent);
    json_put_bool(o, "current", current);
    json_close_object(o);
}

void write_invitation(struct json_out *o, const struct user *u, const char *link,
                      int64_t expires_at_unix_s)
{
    json_open_object(o, NULL);
    if (u != NULL)
        write_user(o, "user", u);
    json_put_string(o, "link", link);
    json_put_time(o, "expires_at", expires_at_unix_s);
    json_close_object(o);
}

void write_join(struct json_out *o, const struct user *u, enum join_kind kind)
{
    json_open_object(o, NULL);
    json_put_string(o, "name", u->name);
    json_put_string(o, "kind", kind == JOIN_RESET ? "reset" : "invitation");
    json_put_bool(o, "totp", u->totp);
    json_close_object(o);
}

void write_totp(struct json_out *o, const char *secret, const char *uri)
{
    json_open_object(o, NULL);
    json_put_string(o, "secret", secret);
    json_put_string(o, "uri", uri);
    json_close_object(o);
}

void write_recovery_codes(struct json_out *o, const struct recovery_codes *codes)
{
    json_open_object(o, NULL);
    json_open_array(o, "recovery_codes");
    for (size_t i = 0; i < RECOVERY_CODES; i++)
        json_put_string(o, NULL, codes->code[i]);
    json_close_array(o);
    json_close_object(o);
}
