/* One connection to otad, for the verbs of `signer repo` that need one. */
#include "repo_session.h"

#include <stdio.h>
#include <string.h>

#include "key.h"
#include "say.h"

ota_err repo_exchange(const struct repo_session *s, const char *method, const char *path,
                      const struct http_body *body, const char *what, json_t **out)
{
    struct http_reply reply;
    json_error_t why;
    ota_err e = http_send(s->http, method, path, body, &reply);

    if (e != OTA_OK)
        return e;
    if (reply.status != 200) {
        e = server_refused(what, &reply);
    } else {
        *out = json_loadb(reply.text == NULL ? "" : reply.text, reply.len,
                          JSON_REJECT_DUPLICATES, &why);
        if (*out == NULL) {
            say_error("%s: the server's answer is no JSON", what);
            say_hint("does --server name otad itself, and not something in front of it?");
            e = OTA_E_FORMAT;
        }
    }
    http_reply_free(&reply);
    return e;
}

static ota_err base_of(const char *platform, char out[REPO_URL_BYTES])
{
    char name[3 * REPO_NAME_BYTES_MAX + 4];

    if (!http_escape(platform, name, sizeof name))
        return say_fail(OTA_E_LIMIT, "'%s' is too long for a platform", platform);
    (void)snprintf(out, REPO_URL_BYTES, "/api/v1/platforms/%s/tuf", name);
    return OTA_OK;
}

ota_err repo_session_open(const struct repo_request *q, const char *platform,
                          struct repo_session *out)
{
    struct http_config config = {.server = q->server,
                                 .ca = q->ca,
                                 .retries = (unsigned)q->retries,
                                 .wait_ms = (unsigned)q->retry_wait_ms,
                                 .timeout_s = (unsigned)q->timeout_s};
    ota_err e;

    *out = (struct repo_session){.key = key_secret_alloc(SERVER_KEY_ROOM)};
    if (out->key == NULL)
        return say_fail(OTA_E_NO_MEMORY, "no locked memory (ulimit -l)");
    e = server_key_read(q->api_key_file, out->key);
    if (e == OTA_OK)
        e = base_of(platform, out->base);
    config.key = out->key;
    if (e == OTA_OK)
        e = http_open(&config, &out->http);
    if (e == OTA_OK)
        e = repo_exchange(out, "GET", out->base, NULL, "repository", &out->there);
    return e;
}

void repo_session_close(struct repo_session *s)
{
    json_decref(s->there);
    http_close(s->http);
    key_secret_free(s->key);
    *s = (struct repo_session){.http = NULL};
}
