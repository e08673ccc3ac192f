/* What the handlers about people share. */
#include "person.h"

#include <string.h>

#include "sign_in.h"
#include "write_people.h"

bool person_name_valid(const char *name)
{
    static const char *const taken[] = {"otad", "device", ".", ".."};
    const size_t len = strlen(name);
    if (len == 0 || name[0] == ' ' || name[len - 1] == ' ' || strpbrk(name, "/:") != NULL)
        return false;
    for (const char *c = name; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == '\x7f')
            return false;
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (strcmp(name, taken[i]) == 0)
            return false;
    return true;
}

ota_err api_stronger(struct http_request *rq, struct http_response *rs)
{
    return http_problem(rq, rs, OTA_E_DENIED, "forbidden",
                        "It is about a role with rights that you lack.");
}

ota_err api_sign_in_list(struct http_request *rq, struct http_response *rs,
                         struct db_scope *scope, const char *name)
{
    const struct principal *who = rq->principal;
    struct db_page page;
    struct session *s = NULL;
    size_t count = 0;
    ota_err err = api_page(rq, rs, API_BY_ID, &page);
    if (err != OTA_OK)
        return err;
    err = db_session_list(scope, name, &page, &s, &count);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, scope, "user");
    struct json_out o;
    api_list_begin(rq, &o);
    for (size_t i = 0; i < count; i++)
        write_sign_in(&o, &s[i],
                      who->kind == PRINCIPAL_USER &&
                          memcmp(s[i].hash, who->credential, sizeof s[i].hash) == 0);
    return api_list_end(rq, rs, &o, count == page.limit, count > 0 ? s[count - 1].id : 0, NULL);
}

ota_err api_sign_in_end(struct http_request *rq, struct http_response *rs,
                        struct db_scope *scope, const char *name, int capture)
{
    int64_t id = 0;
    ota_err err = api_id(rq, rs, capture, INT64_MAX, &id);
    if (err != OTA_OK)
        return err;
    err = db_session_end(scope, name, id);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, scope, "sign-in");
    api_catch_up(rq, scope);
    http_empty(rs, 204);
    return OTA_OK;
}
