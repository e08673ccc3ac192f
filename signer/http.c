/*
 * libcurl, kept short: one handle, one connection, every option that matters set in one place.
 *
 * It is loaded when it is needed: with the 30 libraries behind it, it takes longer to load than
 * an image takes to sign.
 */
#include "http.h"

#define CURL_DISABLE_TYPECHECK /* its macros cannot be called through a table */
#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "key.h"
#include "say.h"

enum {
    CONNECT_TIMEOUT_S = 15,
    STALL_BYTES_PER_S = 100, /* slower than this ...                                          */
    STALL_S = 60,            /* ... for so long is a lost connection                          */
    REPLY_BYTES_MAX = 1 << 20,
    WAIT_MS_MAX = 30000,
    BAR_WIDTH = 30,
};

/* What we use of it. */
struct curl_api {
    __typeof__(curl_global_init) *global_init;
    __typeof__(curl_global_cleanup) *global_cleanup;
    __typeof__(curl_easy_init) *init;
    __typeof__(curl_easy_cleanup) *cleanup;
    __typeof__(curl_easy_reset) *reset;
    __typeof__(curl_easy_setopt) *setopt;
    __typeof__(curl_easy_perform) *perform;
    __typeof__(curl_easy_getinfo) *getinfo;
    __typeof__(curl_easy_strerror) *strerror;
    __typeof__(curl_slist_append) *slist_append;
    __typeof__(curl_slist_free_all) *slist_free_all;
};

struct http {
    struct http_config config;
    struct curl_api api;
    char server[1024]; /* without a slash at the end */
    CURL *curl;
};

/* One try of one request. */
struct exchange {
    const struct http_body *body;
    FILE *file;
    uint64_t sent;
    struct http_reply reply;
    size_t reply_bytes_max;
    long retry_after_s;
    bool overflow, progress, drawn;
};

static ota_err api_load(struct curl_api *api)
{
    static const struct {
        const char *name;
        size_t offset;
    } functions[] = {
        {"curl_global_init", offsetof(struct curl_api, global_init)},
        {"curl_global_cleanup", offsetof(struct curl_api, global_cleanup)},
        {"curl_easy_init", offsetof(struct curl_api, init)},
        {"curl_easy_cleanup", offsetof(struct curl_api, cleanup)},
        {"curl_easy_reset", offsetof(struct curl_api, reset)},
        {"curl_easy_setopt", offsetof(struct curl_api, setopt)},
        {"curl_easy_perform", offsetof(struct curl_api, perform)},
        {"curl_easy_getinfo", offsetof(struct curl_api, getinfo)},
        {"curl_easy_strerror", offsetof(struct curl_api, strerror)},
        {"curl_slist_append", offsetof(struct curl_api, slist_append)},
        {"curl_slist_free_all", offsetof(struct curl_api, slist_free_all)},
    };
    void *lib = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);

    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        void *f = lib == NULL ? NULL : dlsym(lib, functions[i].name);

        if (f == NULL) {
            say_error("libcurl cannot be loaded: %s", dlerror());
            say_hint("apt-get install libcurl4");
            return OTA_E_NOT_FOUND;
        }
        memcpy((char *)api + functions[i].offset, &f, sizeof f);
    }
    return OTA_OK;
}

/* The URL and the CA, before anything is loaded. */
static ota_err config_check(const struct http_config *config)
{
    FILE *ca;

    if (strncmp(config->server, "https://", 8) != 0 || config->server[8] == '\0') {
        say_error("'%s' is no https URL", config->server);
        say_hint("--server https://HOST:PORT; keys and firmware are never sent without TLS");
        return OTA_E_FORMAT;
    }
    ca = fopen(config->ca, "r");
    if (ca == NULL)
        return say_fail(OTA_E_IO, "cannot open the CA %s: %s", config->ca, strerror(errno));
    (void)fclose(ca);
    return OTA_OK;
}

ota_err http_open(const struct http_config *config, struct http **out)
{
    size_t len = strlen(config->server);
    struct http *h = NULL;
    ota_err e = config_check(config);

    if (e == OTA_OK) {
        h = calloc(1, sizeof *h);
        if (h == NULL || len >= sizeof h->server)
            e = say_fail(OTA_E_LIMIT, "the URL is too long");
        else
            e = api_load(&h->api);
    }
    if (e == OTA_OK && (h->api.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
                        (h->curl = h->api.init()) == NULL))
        e = say_fail(OTA_E_NO_MEMORY, "libcurl cannot start");
    if (e != OTA_OK) {
        free(h);
        return e;
    }
    h->config = *config;
    while (config->server[len - 1] == '/')
        len--;
    memcpy(h->server, config->server, len);
    *out = h;
    return OTA_OK;
}

void http_close(struct http *h)
{
    if (h == NULL)
        return;
    h->api.cleanup(h->curl);
    h->api.global_cleanup();
    free(h);
}

/* --- callbacks ------------------------------------------------------------------------------
 */

static size_t read_body(char *buf, size_t size, size_t count, void *arg)
{
    struct exchange *x = arg;
    uint64_t left = x->body->len - x->sent;
    size_t n = size * count < left ? size * count : (size_t)left;

    if (x->body->data != NULL)
        memcpy(buf, (const char *)x->body->data + x->sent, n);
    else if (fread(buf, 1, n, x->file) != n)
        return CURL_READFUNC_ABORT; /* the file became shorter */
    x->sent += n;
    return n;
}

static int seek_body(void *arg, curl_off_t offset, int origin)
{
    struct exchange *x = arg;

    if (origin != SEEK_SET || offset < 0)
        return CURL_SEEKFUNC_FAIL;
    if (x->file != NULL && fseeko(x->file, offset, SEEK_SET) != 0)
        return CURL_SEEKFUNC_FAIL;
    x->sent = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static size_t write_reply(char *data, size_t size, size_t count, void *arg)
{
    struct exchange *x = arg;
    size_t n = size * count;
    char *text;

    if (n > x->reply_bytes_max - x->reply.len) {
        x->overflow = true;
        return 0;
    }
    text = realloc(x->reply.text, x->reply.len + n + 1);
    if (text == NULL)
        return 0;
    memcpy(text + x->reply.len, data, n);
    x->reply.text = text;
    x->reply.len += n;
    text[x->reply.len] = '\0';
    return n;
}

static size_t read_header(char *data, size_t size, size_t count, void *arg)
{
    static const char name[] = "Retry-After:";
    struct exchange *x = arg;
    size_t n = size * count;
    char value[16];

    if (n > sizeof name && n < sizeof name + sizeof value &&
        strncasecmp(data, name, sizeof name - 1) == 0) {
        size_t len = n - (sizeof name - 1);

        memcpy(value, data + sizeof name - 1, len);
        value[len] = '\0';
        x->retry_after_s = strtol(value, NULL, 10);
    }
    return n;
}

static int draw(void *arg, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal,
                curl_off_t ulnow)
{
    static const char full[] = "##############################";
    static const char empty[] = "------------------------------";
    struct exchange *x = arg;
    uint64_t of = x->body->len, sent = (uint64_t)ulnow;
    int filled = of == 0 ? BAR_WIDTH : (int)(sent * BAR_WIDTH / of);

    (void)dltotal;
    (void)dlnow;
    if (!x->progress || ultotal <= 0 || sent > of)
        return 0;
    x->drawn = true;
    (void)fprintf(stderr, "\r  [%.*s%.*s] %3d %%  %.1f of %.1f KiB ", filled, full,
                  BAR_WIDTH - filled, empty, of == 0 ? 100 : (int)(sent * 100 / of),
                  (double)sent / 1024, (double)of / 1024);
    return 0;
}

/* --- one try --------------------------------------------------------------------------------
 */

static void set_connection(const struct http *h)
{
    __typeof__(curl_easy_setopt) *set = h->api.setopt;
    CURL *c = h->curl;

    h->api.reset(c); /* keeps the connection */
    (void)set(c, CURLOPT_NOSIGNAL, 1L);
    (void)set(c, CURLOPT_PROTOCOLS_STR, "https");
    (void)set(c, CURLOPT_FOLLOWLOCATION, 0L);
    (void)set(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)set(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)set(c, CURLOPT_SSL_VERIFYPEER, 1L);
    (void)set(c, CURLOPT_SSL_VERIFYHOST, 2L);
    (void)set(c, CURLOPT_CAINFO, h->config.ca);
    (void)set(c, CURLOPT_CAPATH, NULL);
    (void)set(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
    (void)set(c, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES_PER_S);
    (void)set(c, CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
    (void)set(c, CURLOPT_TIMEOUT, (long)h->config.timeout_s);
    (void)set(c, CURLOPT_PATH_AS_IS, 1L);
    (void)set(c, CURLOPT_USERAGENT, "signer/" SIGNER_VERSION);
}

static void set_request(const struct http *h, const char *method, const char *url,
                        struct exchange *x)
{
    __typeof__(curl_easy_setopt) *set = h->api.setopt;
    CURL *c = h->curl;

    (void)set(c, CURLOPT_URL, url);
    (void)set(c, CURLOPT_UPLOAD, x->body->type == NULL ? 0L : 1L);
    (void)set(c, CURLOPT_CUSTOMREQUEST, method);
    (void)set(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)x->body->len);
    (void)set(c, CURLOPT_READFUNCTION, read_body);
    (void)set(c, CURLOPT_READDATA, x);
    (void)set(c, CURLOPT_SEEKFUNCTION, seek_body);
    (void)set(c, CURLOPT_SEEKDATA, x);
    (void)set(c, CURLOPT_WRITEFUNCTION, write_reply);
    (void)set(c, CURLOPT_WRITEDATA, x);
    (void)set(c, CURLOPT_HEADERFUNCTION, read_header);
    (void)set(c, CURLOPT_HEADERDATA, x);
    (void)set(c, CURLOPT_XFERINFOFUNCTION, draw);
    (void)set(c, CURLOPT_XFERINFODATA, x);
    (void)set(c, CURLOPT_NOPROGRESS, 0L);
}

/* The headers; libcurl copies them, so they are wiped when freed. */
static struct curl_slist *headers_new(const struct http *h, const struct http_body *body)
{
    struct curl_slist *list = NULL, *longer;
    char line[512];
    int n = snprintf(line, sizeof line, "Authorization: Bearer %s", h->config.key);

    if (n > 0 && (size_t)n < sizeof line)
        list = h->api.slist_append(NULL, line);
    key_wipe(line, sizeof line);
    if (list == NULL)
        return NULL;
    longer = h->api.slist_append(list, "Accept: application/json");
    if (longer != NULL && body->type != NULL) {
        (void)snprintf(line, sizeof line, "Content-Type: %s", body->type);
        longer = h->api.slist_append(longer, line);
    }
    return longer == NULL ? list : longer;
}

static void headers_free(const struct http *h, struct curl_slist *list)
{
    if (list != NULL)
        key_wipe(list->data, strlen(list->data));
    h->api.slist_free_all(list);
}

static CURLcode try_once(struct http *h, const char *method, const char *url,
                         struct exchange *x)
{
    struct curl_slist *headers = headers_new(h, x->body);
    CURLcode code = CURLE_OUT_OF_MEMORY;

    if (headers != NULL) {
        set_connection(h);
        set_request(h, method, url, x);
        (void)h->api.setopt(h->curl, CURLOPT_HTTPHEADER, headers);
        code = h->api.perform(h->curl);
        (void)h->api.getinfo(h->curl, CURLINFO_RESPONSE_CODE, &x->reply.status);
        (void)h->api.setopt(h->curl, CURLOPT_HTTPHEADER, NULL);
    }
    headers_free(h, headers);
    if (x->drawn)
        (void)fprintf(stderr, "\r%*s\r", 70, "");
    return code;
}

/* --- tries ----------------------------------------------------------------------------------
 */

static bool worth_a_retry(CURLcode code, const struct exchange *x)
{
    if (code == CURLE_OK)
        return x->reply.status >= 500 || x->reply.status == 429;
    return !x->overflow &&
           (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
            code == CURLE_OPERATION_TIMEDOUT || code == CURLE_SEND_ERROR ||
            code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING ||
            code == CURLE_PARTIAL_FILE || code == CURLE_SSL_CONNECT_ERROR);
}

static ota_err explain(const struct http *h, CURLcode code, const struct exchange *x)
{
    if (code == CURLE_PEER_FAILED_VERIFICATION) {
        say_error("%s is not the server that it should be: %s", h->server,
                  h->api.strerror(code));
        say_hint("is %s the CA of that server, and the host name the one in its certificate?",
                 h->config.ca);
        return OTA_E_AUTH;
    }
    if (x->overflow)
        return say_fail(OTA_E_LIMIT, "%s answered more than the %zu bytes that this may have",
                        h->server, x->reply_bytes_max);
    say_error("%s: %s", h->server, h->api.strerror(code));
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
        say_hint("is otad running there, and the address right?");
    else if (code == CURLE_SSL_CACERT_BADFILE)
        say_hint("%s must hold the CA's certificate (PEM)", h->config.ca);
    return OTA_E_IO;
}

static void wait_before(const struct http *h, unsigned tries, const struct exchange *x,
                        const char *why)
{
    uint64_t ms = (uint64_t)h->config.wait_ms << (tries < 10 ? tries : 10);
    struct timespec t;

    if (ms > WAIT_MS_MAX)
        ms = WAIT_MS_MAX;
    ms += key_random((uint32_t)ms / 2 + 1);
    if (x->retry_after_s > 0 && x->retry_after_s <= WAIT_MS_MAX / 1000 &&
        ms < (uint64_t)x->retry_after_s * 1000)
        ms = (uint64_t)x->retry_after_s * 1000;
    say_warning("%s; trying again in %.1f s (%u of %u)", why, (double)ms / 1000, tries + 1,
                h->config.retries);
    t.tv_sec = (time_t)(ms / 1000);
    t.tv_nsec = (long)(ms % 1000) * 1000000;
    (void)nanosleep(&t, NULL);
}

static ota_err tries(struct http *h, const char *method, const char *url, struct exchange *x)
{
    char why[96];
    CURLcode code;

    for (unsigned n = 0;; n++) {
        free(x->reply.text);
        x->reply = (struct http_reply){0};
        x->retry_after_s = 0;
        if (seek_body(x, 0, SEEK_SET) != CURL_SEEKFUNC_OK)
            return say_fail(OTA_E_IO, "cannot read %s again", x->body->path);
        code = try_once(h, method, url, x);
        if (n >= h->config.retries || !worth_a_retry(code, x))
            break;
        if (code == CURLE_OK)
            (void)snprintf(why, sizeof why, "the server says %ld", x->reply.status);
        else
            (void)snprintf(why, sizeof why, "%s", h->api.strerror(code));
        wait_before(h, n, x, why);
    }
    return code == CURLE_OK ? OTA_OK : explain(h, code, x);
}

static ota_err request(struct http *h, const char *method, const char *path, struct exchange *x,
                       struct http_reply *out)
{
    char url[4096];
    int n = snprintf(url, sizeof url, "%s%s", h->server, path);
    ota_err e;

    if (n < 0 || (size_t)n >= sizeof url)
        return say_fail(OTA_E_LIMIT, "the URL is too long");
    if (x->body->data == NULL) {
        x->progress = h->config.progress;
        x->file = fopen(x->body->path, "rb");
        if (x->file == NULL)
            return say_fail(OTA_E_IO, "cannot open %s: %s", x->body->path, strerror(errno));
    }
    e = tries(h, method, url, x);
    if (x->file != NULL)
        (void)fclose(x->file);
    if (e == OTA_OK)
        *out = x->reply;
    else
        free(x->reply.text);
    return e;
}

static const struct http_body nothing = {NULL, "", NULL, 0};

ota_err http_send(struct http *h, const char *method, const char *path,
                  const struct http_body *body, struct http_reply *out)
{
    struct exchange x = {.body = body == NULL ? &nothing : body,
                         .reply_bytes_max = REPLY_BYTES_MAX};

    return request(h, method, path, &x, out);
}

ota_err http_get(struct http *h, const char *path, size_t bytes_max, struct http_reply *out)
{
    struct exchange x = {.body = &nothing, .reply_bytes_max = bytes_max};

    return request(h, "GET", path, &x, out);
}

void http_reply_free(struct http_reply *r)
{
    free(r->text);
    *r = (struct http_reply){0};
}

bool http_escape(const char *text, char *out, size_t room)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    size_t used = 0;

    for (; *text != '\0'; text++) {
        if (used + 4 > room)
            return false;
        if (strchr(plain, *text) != NULL)
            out[used++] = *text;
        else
            used += (size_t)snprintf(out + used, room - used, "%%%02X",
                                     (unsigned)(unsigned char)*text);
    }
    if (used >= room)
        return false;
    out[used] = '\0';
    return true;
}
