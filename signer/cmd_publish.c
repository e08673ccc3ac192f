/*
 * signer publish: sign a release and bring it to otad (SPEC 5, 8.6).  Every step may be done
 * again: the lists have the same bytes each time, and the server takes what it has already.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "cmd.h"
#include "http.h"
#include "json.h"
#include "key.h"
#include "release.h"
#include "report.h"
#include "say.h"
#include "server.h"

enum {
    OPT_SERVER,
    OPT_CA,
    OPT_API_KEY_FILE,
    OPT_PLATFORM,
    OPT_VERSION,
    OPT_COUNTER,
    OPT_RELEASE_KEY,
    OPT_CHANNEL,
    OPT_NOTES,
    OPT_SBOM,
    OPT_OUT,
    OPT_DRY_RUN,
    OPT_RETRIES,
    OPT_RETRY_WAIT,
};

static const struct arg_spec options[] = {
    [OPT_SERVER] = {0, "server", "URL", "otad, https://HOST:PORT"},
    [OPT_CA] = {0, "ca", "FILE", "the CA of its certificate, and no other (PEM)"},
    [OPT_API_KEY_FILE] = {0, "api-key-file", "FILE", "API key (else OTAD_API_KEY is read)"},
    [OPT_PLATFORM] = {'p', "platform", "NAME", "platform the release is for"},
    [OPT_VERSION] = {'v', "version", "VERSION", "version of the release and of its images"},
    [OPT_COUNTER] = {0, "counter", "N", "security counter when there is no image (default 0)"},
    [OPT_RELEASE_KEY] = {'k', "release-key", "KEY",
                         "private release key (Ed25519): PEM or pkcs11:"},
    [OPT_CHANNEL] = {0, "channel", "stable|beta",
                     "release it at once, or promote it; else a draft"},
    [OPT_NOTES] = {0, "notes", "TEXT", "what is new, for people"},
    [OPT_SBOM] = {0, "sbom", "FILE", "bill of materials, *.cdx.json or *.spdx.json"},
    [OPT_OUT] = {'o', "out", "DIR", "write SHA256SUMS, .minisig and .sig there"},
    [OPT_DRY_RUN] = {'n', "dry-run", NULL, "check and sign, but send and write nothing"},
    [OPT_RETRIES] = {0, "retries", "N", "after a lost connection, 429 or 5xx (default 5)"},
    [OPT_RETRY_WAIT] = {0, "retry-wait", "MS",
                        "before the first retry, then doubled (default 1000)"},
    {0, NULL, NULL, NULL},
};

static const struct verb_spec verb = {
    "publish [OPTION]... --platform NAME --version V --release-key KEY FILE...",
    "Sign the list of a release's files (SHA256SUMS) and upload list, signature and files.\n"
    "Doing it twice changes nothing.  With --out and no --server nothing is uploaded.",
    options,
    "The lists verify with `sha256sum -c SHA256SUMS`, `minisign -V -p KEY.minisign.pub -m\n"
    "SHA256SUMS` and `signify-openbsd -C -p KEY.minisign.pub -x SHA256SUMS.sig`.",
};

struct request {
    struct http_config http;
    const char *api_key_file, *release_key, *channel, *notes, *out;
    struct minisig_release what;
    const char *paths[SUMS_ENTRIES_MAX];
    size_t count;
    bool counter_given, dry_run;
};

static bool take_name(const char *option, const char *value,
                      char out[MINISIG_NAME_BYTES_MAX + 1])
{
    size_t len = strlen(value);

    if (len == 0 || len > MINISIG_NAME_BYTES_MAX) {
        say_error("--%s: 1 to %d characters", option, MINISIG_NAME_BYTES_MAX);
        return false;
    }
    (void)snprintf(out, MINISIG_NAME_BYTES_MAX + 1, "%s", value);
    return true;
}

static bool take_number(const char *name, const char *value, uint32_t max, unsigned *out)
{
    uint64_t v;

    if (!args_number(name, value, max, &v))
        return false;
    *out = (unsigned)v;
    return true;
}

static bool take_channel(struct request *q, const char *value)
{
    q->channel = value;
    if (strcmp(value, "stable") == 0 || strcmp(value, "beta") == 0)
        return true;
    say_error("--channel is stable or beta");
    return false;
}

static bool take_file(struct request *q, const char *path)
{
    if (q->count == SUMS_ENTRIES_MAX) {
        say_error("too many files: %d are the most", SUMS_ENTRIES_MAX);
        return false;
    }
    q->paths[q->count++] = path;
    return true;
}

static bool ends_in(const char *text, const char *ending)
{
    const size_t len = strlen(text), n = strlen(ending);

    return len > n && strcmp(text + len - n, ending) == 0;
}

/* A file of the release like the others; its name tells the server what it is. */
static bool take_sbom(struct request *q, const char *path)
{
    if (ends_in(path, ".cdx.json") || ends_in(path, ".spdx.json"))
        return take_file(q, path);
    say_error("--sbom %s: a CycloneDX file is called *.cdx.json, an SPDX file *.spdx.json",
              path);
    return false;
}

static bool take(struct args *a, void *request, int option, const char *value)
{
    struct request *q = request;

    (void)a;
    switch (option) {
    case ARGS_OPERAND:
        return take_file(q, value);
    case OPT_SERVER:
        q->http.server = value;
        return true;
    case OPT_CA:
        q->http.ca = value;
        return true;
    case OPT_API_KEY_FILE:
        q->api_key_file = value;
        return true;
    case OPT_PLATFORM:
        return take_name("platform", value, q->what.platform);
    case OPT_VERSION:
        return take_name("version", value, q->what.version);
    case OPT_COUNTER:
        q->counter_given = true;
        return take_number("counter", value, UINT32_MAX, &q->what.counter);
    case OPT_RELEASE_KEY:
        q->release_key = value;
        return true;
    case OPT_CHANNEL:
        return take_channel(q, value);
    case OPT_NOTES:
        q->notes = value;
        return true;
    case OPT_SBOM:
        return take_sbom(q, value);
    case OPT_OUT:
        q->out = value;
        return true;
    case OPT_DRY_RUN:
        q->dry_run = true;
        return true;
    case OPT_RETRIES:
        return take_number("retries", value, 100, &q->http.retries);
    default:
        return take_number("retry-wait", value, 60000, &q->http.wait_ms);
    }
}

static const char *missing(const struct request *q)
{
    if (q->what.platform[0] == '\0')
        return "--platform NAME is missing";
    if (q->what.version[0] == '\0')
        return "--version VERSION is missing";
    if (q->release_key == NULL)
        return "--release-key KEY is missing";
    if (q->count == 0)
        return "which files?";
    if (q->http.server == NULL && q->out == NULL && !q->dry_run)
        return "give --server URL, --out DIR or --dry-run";
    if (q->http.server != NULL && q->http.ca == NULL && !q->dry_run)
        return "--ca FILE is missing: which CA vouches for the server?";
    return NULL;
}

static bool complete(const struct args *a, void *request)
{
    const char *lacks = missing(request);

    if (lacks != NULL)
        args_complain(a, "%s", lacks);
    return lacks == NULL;
}

static const struct args_reader reader = {take, complete};

/* --- talking to otad ------------------------------------------------------------------------
 */

/* Send, and take nothing but success. */
static ota_err ask(struct http *h, const char *method, const char *path,
                   const struct http_body *body, const char *what, struct http_reply *out)
{
    ota_err e = http_send(h, method, path, body, out);

    if (e == OTA_OK && out->status != 200) {
        e = server_refused(what, out);
        http_reply_free(out);
    }
    return e;
}

static ota_err ask_json(struct http *h, const char *method, const char *path, char *text,
                        const char *what, struct json_release *out)
{
    struct http_body body = {"application/json", text, NULL, 0};
    struct http_reply reply;
    ota_err e;

    if (text == NULL)
        return say_fail(OTA_E_FORMAT, "the notes must be UTF-8 text");
    body.len = strlen(text);
    e = ask(h, method, path, &body, what, &reply);
    free(text);
    if (e != OTA_OK)
        return e;
    e = json_release_read(reply.text == NULL ? "" : reply.text, reply.len, out);
    http_reply_free(&reply);
    return e == OTA_OK ? OTA_OK : say_fail(e, "%s: the server's answer is no release", what);
}

static void hex(const uint8_t sha256[CRYPTO_DIGEST_BYTES], char out[65])
{
    for (size_t i = 0; i < CRYPTO_DIGEST_BYTES; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", sha256[i]);
}

static ota_err send_file(struct http *h, const char *base, const struct release_file *f)
{
    struct http_body body = {"application/octet-stream", NULL, f->path, f->size};
    struct http_reply reply;
    char path[1024];
    ota_err e;

    (void)snprintf(path, sizeof path, "%s/artifacts/%s", base, f->entry.name);
    if (!say_json())
        (void)fprintf(stderr, "sending %s (%llu bytes)\n", f->entry.name,
                      (unsigned long long)f->size);
    e = ask(h, "PUT", path, &body, f->entry.name, &reply);
    if (e == OTA_OK)
        http_reply_free(&reply);
    return e;
}

static ota_err upload(const struct request *q, struct http *h, const struct release_file *files,
                      const struct release_lists *lists, bool *sent, struct json_release *out)
{
    char platform[256], version[256], base[640], path[672];
    ota_err e;

    if (!http_escape(q->what.platform, platform, sizeof platform) ||
        !http_escape(q->what.version, version, sizeof version))
        return say_fail(OTA_E_LIMIT, "platform or version is too long");
    (void)snprintf(base, sizeof base, "/api/v1/platforms/%s/releases/%s", platform, version);
    e = ask_json(
        h, "PUT", base,
        json_release_body((char *)lists->sums.data, (char *)lists->minisig.data, q->notes),
        "release", out);
    for (size_t i = 0; e == OTA_OK && i < q->count; i++) {
        char sha256[65];

        hex(files[i].entry.sha256, sha256);
        sent[i] = !json_release_has(out, files[i].entry.name, sha256);
        if (sent[i])
            e = send_file(h, base, &files[i]);
    }
    if (e != OTA_OK || q->channel == NULL)
        return e;
    const bool released = strcmp(out->state, "released") == 0;
    if (released && strcmp(out->channel, q->channel) == 0)
        return OTA_OK; /* nothing left to do */
    json_release_free(out);
    (void)snprintf(path, sizeof path, "%s/%s", base, released ? "promote" : "release");
    return ask_json(h, "POST", path, json_channel_body(q->channel), "release", out);
}

static ota_err connect_and_upload(const struct request *q, const struct release_file *files,
                                  const struct release_lists *lists, bool *sent,
                                  struct json_release *out)
{
    char *key = key_secret_alloc(SERVER_KEY_ROOM);
    struct http_config config = q->http;
    struct http *h = NULL;
    ota_err e = key == NULL ? OTA_E_NO_MEMORY : server_key_read(q->api_key_file, key);

    config.key = key;
    config.progress = isatty(STDERR_FILENO) == 1 && !say_json();
    if (e == OTA_OK)
        e = http_open(&config, &h);
    if (e == OTA_OK)
        e = upload(q, h, files, lists, sent, out);
    http_close(h);
    key_secret_free(key);
    return e;
}

/* --- all of it ------------------------------------------------------------------------------
 */

static ota_err tell(const struct request *q, const struct release_file *files,
                    const struct release_lists *lists, const bool *sent,
                    const struct json_release *server)
{
    char number[MINISIG_NUMBER_TEXT_BYTES];
    struct report r;

    minisig_number_text(lists->key_number, number);
    report_init(&r);
    report_text(&r, "platform", "%s", q->what.platform);
    report_text(&r, "version", "%s", q->what.version);
    report_number(&r, "security_counter", q->what.counter);
    report_text(&r, "sums_signed_by", "%s", number);
    report_list(&r, "artifacts");
    for (size_t i = 0; i < q->count; i++) {
        report_object(&r, NULL);
        report_text(&r, "name", "%s", files[i].entry.name);
        report_number(&r, "size", files[i].size);
        report_hex(&r, "sha256", files[i].entry.sha256, CRYPTO_DIGEST_BYTES);
        report_text(&r, "kind", files[i].is_image ? "mcuboot" : "file");
        report_flag(&r, "sent", sent[i]);
        report_end(&r);
    }
    report_end(&r);
    if (server->root != NULL) {
        report_text(&r, "server", "%s", q->http.server);
        report_text(&r, "state", "%s", server->state);
        if (server->channel[0] != '\0')
            report_text(&r, "channel", "%s", server->channel);
    }
    if (q->out != NULL && !q->dry_run)
        report_text(&r, "lists_in", "%s", q->out);
    report_flag(&r, "dry_run", q->dry_run);
    return report_print(&r) ? OTA_OK : OTA_E_IO;
}

static ota_err release_make(struct request *q, struct release_file *files,
                            struct release_lists *lists)
{
    struct key *key = NULL;
    ota_err e = release_scan(q->paths, q->count, files);

    if (e == OTA_OK)
        e = release_check(files, q->count, q->what.version, q->counter_given, &q->what.counter);
    if (e == OTA_OK)
        e = key_read(q->release_key, &key);
    if (e == OTA_OK)
        e = release_sign(files, q->count, &q->what, key, lists);
    key_free(key);
    return e;
}

static ota_err run(struct request *q)
{
    struct release_file *files = calloc(q->count + 1, sizeof *files);
    bool *sent = calloc(q->count + 1, sizeof *sent);
    struct release_lists lists;
    struct json_release server = {.root = NULL};
    ota_err e = OTA_E_NO_MEMORY;

    memset(&lists, 0, sizeof lists);
    if (files == NULL || sent == NULL)
        say_error("no memory");
    else
        e = release_make(q, files, &lists);
    if (e == OTA_OK && q->out != NULL && !q->dry_run)
        e = release_write(&lists, q->out);
    if (e == OTA_OK && q->http.server != NULL && !q->dry_run)
        e = connect_and_upload(q, files, &lists, sent, &server);
    if (e == OTA_OK)
        e = tell(q, files, &lists, sent, &server);
    json_release_free(&server);
    release_lists_free(&lists);
    free(sent);
    free(files);
    return e;
}

enum exit_status cmd_publish(int argc, char **argv)
{
    struct request q = {.http = {.retries = 5, .wait_ms = 1000}};
    enum exit_status s;
    struct args a;

    args_init(&a, &verb, argc, argv);
    return args_read(&a, &reader, &q, &s) ? exit_of(run(&q)) : s;
}
