/* libcurl, loaded when it is needed, as it takes longer to load than metadata to verify. */
#include "fetch.h"

#define CURL_DISABLE_TYPECHECK /* its macros cannot be called through a table */
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_TIMEOUT_S = 15,
    STALL_BYTES_PER_S =
        100,       /* slower than this for the caller's patience is not served at all */
    TOTAL_S = 600, /* and for the whole file so long, ...                            */
    TOTAL_BYTES_PER_S = 1024, /* ... and what its limit takes at this pace, ... */
    TOTAL_S_MAX = 7 * 86400 /* ... which is less than libcurl can count                       */
};

struct fetch {
    __typeof__(curl_easy_init) *init;
    __typeof__(curl_easy_cleanup) *cleanup;
    __typeof__(curl_easy_setopt) *setopt;
    __typeof__(curl_easy_perform) *perform;
    __typeof__(curl_easy_getinfo) *getinfo;
    CURL *curl;
    long patience_s;
};

struct transfer {
    const struct fetch_sink *sink;
    size_t left;
    ota_err e;
};

static ota_err load(struct fetch *f)
{
    static const struct {
        const char *name;
        size_t offset;
    } functions[] = {
        {"curl_easy_init", offsetof(struct fetch, init)},
        {"curl_easy_cleanup", offsetof(struct fetch, cleanup)},
        {"curl_easy_setopt", offsetof(struct fetch, setopt)},
        {"curl_easy_perform", offsetof(struct fetch, perform)},
        {"curl_easy_getinfo", offsetof(struct fetch, getinfo)},
    };
    void *lib = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);

    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        void *p = lib == NULL ? NULL : dlsym(lib, functions[i].name);

        if (p == NULL)
            return OTA_E_NOT_FOUND;
        memcpy((char *)f + functions[i].offset, &p, sizeof p);
    }
    return OTA_OK;
}

ota_err fetch_open(unsigned patience_s, struct fetch **out)
{
    struct fetch *f = calloc(1, sizeof *f);
    ota_err e = f == NULL ? OTA_E_NO_MEMORY : load(f);

    if (e == OTA_OK && (f->curl = f->init()) == NULL)
        e = OTA_E_NO_MEMORY;
    if (e != OTA_OK) {
        free(f);
        return e;
    }
    f->patience_s = (long)patience_s;
    *out = f;
    return OTA_OK;
}

void fetch_close(struct fetch *f)
{
    if (f == NULL)
        return;
    f->cleanup(f->curl);
    free(f);
}

static long seconds_for(size_t max)
{
    return max / TOTAL_BYTES_PER_S < TOTAL_S_MAX - TOTAL_S
               ? (long)(TOTAL_S + max / TOTAL_BYTES_PER_S)
               : (long)TOTAL_S_MAX;
}

static size_t receive(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *t = arg;
    size_t n = size * count;

    if (n > t->left) {
        t->e = OTA_E_LIMIT;
        return 0;
    }
    t->left -= n;
    t->e = t->sink->put(t->sink->arg, (const uint8_t *)data, n);
    return t->e == OTA_OK ? n : 0;
}

ota_err fetch_get(struct fetch *f, const char *url, size_t max, const struct fetch_sink *sink)
{
    struct transfer t = {sink, max, OTA_OK};
    CURL *c = f->curl;
    long status = 0;
    CURLcode code;

    (void)f->setopt(c, CURLOPT_URL, url);
    (void)f->setopt(c, CURLOPT_NOSIGNAL, 1L);
    (void)f->setopt(c, CURLOPT_PROTOCOLS_STR, "http,https,file");
    (void)f->setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    (void)f->setopt(c, CURLOPT_PATH_AS_IS, 1L);
    (void)f->setopt(c, CURLOPT_PROXY, "");
    (void)f->setopt(c, CURLOPT_FAILONERROR, 1L);
    (void)f->setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
    (void)f->setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES_PER_S);
    (void)f->setopt(c, CURLOPT_LOW_SPEED_TIME, f->patience_s);
    (void)f->setopt(c, CURLOPT_TIMEOUT, seconds_for(max));
    (void)f->setopt(c, CURLOPT_WRITEFUNCTION, receive);
    (void)f->setopt(c, CURLOPT_WRITEDATA, &t);
    code = f->perform(c);
    (void)f->getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    if (t.e != OTA_OK)
        return t.e;
    if (code == CURLE_OK) /* a redirection is no file; file:// has no status */
        return status == 200 || status == 0 ? OTA_OK : OTA_E_IO;
    return code == CURLE_FILE_COULDNT_READ_FILE || status == 403 || status == 404
               ? OTA_E_NOT_FOUND
               : OTA_E_IO;
}
