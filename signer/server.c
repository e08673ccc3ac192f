/* What verbs that talk to otad have in common. */
#include "server.h"

#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "json.h"
#include "say.h"

static const char *advice(long status, const char *code)
{
    if (status == 401)
        return "is the API key right, and neither revoked nor expired?";
    if (status == 403)
        return "the API key's scopes or platforms do not cover this";
    if (strcmp(code, "release-differs") == 0)
        return "this version exists with other files; a version is never changed: take a new "
               "one";
    if (status == 404)
        return "does the platform exist there?";
    return NULL;
}

ota_err server_refused(const char *what, const struct http_reply *reply)
{
    struct json_problem p;
    const char *hint;

    json_problem_read(reply->text == NULL ? "" : reply->text, reply->len, &p);
    if (p.code[0] == '\0')
        say_error("%s: the server answers %ld", what, reply->status);
    else
        say_error("%s: %s (%s, %ld)%s%s", what, p.detail[0] == '\0' ? p.title : p.detail,
                  p.code, reply->status, p.pointer[0] == '\0' ? "" : " at ", p.pointer);
    hint = advice(reply->status, p.code);
    if (hint != NULL)
        say_hint("%s", hint);
    return reply->status == 401 || reply->status == 403 ? OTA_E_DENIED : OTA_E_IO;
}

static bool printable(const char *key)
{
    for (; *key != '\0'; key++) {
        if (*key <= ' ' || *key > '~')
            return false;
    }
    return true;
}

ota_err server_key_read(const char *path, char *out)
{
    const char *env = getenv("OTAD_API_KEY");
    size_t len = 0;

    if (path != NULL) {
        ota_err e = file_read_secret(path, out, SERVER_KEY_ROOM, &len);

        if (e != OTA_OK)
            return e;
        while (len > 0 && (out[len - 1] == '\n' || out[len - 1] == '\r' || out[len - 1] == ' '))
            len--;
    } else if (env != NULL) {
        len = strlen(env) < SERVER_KEY_ROOM ? strlen(env) : 0;
        memcpy(out, env, len);
    }
    out[len] = '\0';
    if (len > 0 && len < 400 && printable(out))
        return OTA_OK;
    if (path == NULL && env == NULL)
        say_error("no API key");
    else
        say_error("that is no API key: one line of printable characters is expected");
    say_hint("make one in otad's web page (Keys) and give --api-key-file FILE or OTAD_API_KEY");
    return OTA_E_AUTH;
}
