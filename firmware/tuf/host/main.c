/*
 * tuf-client: a TUF client as a command, with the interface that the tuf-conformance suite asks
 * of a client under test.  Exit status 0 or 1; the reason of a refusal is the last line on
 * standard error, "refused: REASON: FILE".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../device.h"
#include "fetch.h"
#include "files.h"
#include "target.h"

enum {
    TARGETS_MAX = 64,
    VISITS = 64,
    NAME_BYTES = 3 * TUF_NAME_MAX + 32,
    URL_BYTES = 4096,
    PATIENCE_S = 30,
    PATIENCE_S_MAX = 3600,
};

static const char usage[] =
    "usage: tuf-client --metadata-dir D init ROOT\n"
    "       tuf-client --metadata-url U --metadata-dir D refresh\n"
    "       tuf-client --metadata-url U --metadata-dir D --target-name P... --target-dir T\n"
    "                  --target-base-url B download\n"
    "  --patience S      give a file up that stalls for so many seconds (30)\n"
    "  --opaque-keyids   keyids are names, not digests of their keys (TAP 12)\n"
    "  --device          the limits and the memory of a device; canonical files only\n";

struct options {
    const char *metadata_dir, *metadata_url, *target_dir, *target_base_url, *command, *root;
    const char *target[TARGETS_MAX];
    const char *patience;
    unsigned targets, patience_s;
    bool opaque_keyids, device;
};

/* Everything that a run needs. */
struct run {
    struct options o;
    struct tuf_limits limits;
    struct files files;
    struct tuf_store store;
    struct tuf_setup setup;
    struct tuf_client client;
    struct tuf_device *device;
    struct fetch *fetch;
    char name[NAME_BYTES]; /* of the file that is looked at */
};

static bool patience_parse(struct options *o)
{
    char *end;
    unsigned long s = o->patience == NULL ? PATIENCE_S : strtoul(o->patience, &end, 10);

    o->patience_s = (unsigned)s;
    return o->patience == NULL || (o->patience[0] >= '1' && o->patience[0] <= '9' &&
                                   *end == '\0' && s <= PATIENCE_S_MAX);
}

static bool options_parse(int argc, char **argv, struct options *o)
{
    const struct {
        const char *name;
        const char **value;
    } texts[] = {
        {"--metadata-dir", &o->metadata_dir}, {"--metadata-url", &o->metadata_url},
        {"--target-dir", &o->target_dir},     {"--target-base-url", &o->target_base_url},
        {"--patience", &o->patience},
    };
    int i = 1;

    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        const char **value = NULL;

        if (strcmp(argv[i], "--opaque-keyids") == 0 || strcmp(argv[i], "--device") == 0) {
            *(argv[i][2] == 'o' ? &o->opaque_keyids : &o->device) = true;
            continue;
        }
        if (strcmp(argv[i], "--target-name") == 0 && o->targets < TARGETS_MAX)
            value = &o->target[o->targets++];
        for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++)
            if (strcmp(argv[i], texts[k].name) == 0)
                value = texts[k].value;
        if (value == NULL || ++i == argc)
            return false;
        *value = argv[i];
    }
    if (i < argc)
        o->command = argv[i++];
    if (i < argc)
        o->root = argv[i++];
    return i == argc && o->command != NULL && o->metadata_dir != NULL && patience_parse(o);
}

/* A host's memory; pages that nothing is put in cost nothing. */
static ota_err host_memory(struct run *r)
{
    struct tuf_memory *m = &r->setup.memory;
    size_t longest = r->limits.targets_bytes;
    const size_t keys = (size_t)(VISITS + 1) * TUF_ROLE_KEYS_MAX;
    struct tuf_key *key = calloc(keys, sizeof *key);
    struct crypto_rsa *rsa = calloc(keys, sizeof *rsa);

    *m = (struct tuf_memory){
        .file = calloc(1, longest),
        .file_bytes = longest,
        .text = calloc(1, longest),
        .copy = calloc(1, longest),
        .slot = calloc(longest / 4, sizeof *m->slot), /* "":0 and a comma is the least */
        .slots = longest / 4,
        .meta = calloc(1, r->limits.snapshot_bytes),
        .meta_bytes = r->limits.snapshot_bytes,
        .keys = {key, 0, TUF_ROLE_KEYS_MAX, rsa},
        .visit = calloc(VISITS, sizeof *m->visit),
        .visits = VISITS,
    };
    if (key == NULL || rsa == NULL || m->file == NULL || m->text == NULL || m->copy == NULL ||
        m->slot == NULL || m->meta == NULL || m->visit == NULL)
        return OTA_E_NO_MEMORY;
    for (size_t i = 0; i < VISITS; i++) {
        const size_t first = (i + 1) * TUF_ROLE_KEYS_MAX;

        m->visit[i].keys = (struct tuf_keys){key + first, 0, TUF_ROLE_KEYS_MAX, rsa + first};
    }
    return OTA_OK;
}

static ota_err run_open(struct run *r)
{
    ota_err e = OTA_OK;

    r->limits = r->o.device ? tuf_device_limits : tuf_host_limits;
    r->limits.keys.keyids_opaque = r->o.opaque_keyids;
    r->files.folder = r->o.metadata_dir;
    files_store(&r->files, &r->store);
    if (r->o.device) {
        r->device = calloc(1, sizeof *r->device);
        if (r->device == NULL)
            return OTA_E_NO_MEMORY;
        tuf_device_setup(r->device, &r->store, &r->setup);
    } else {
        e = host_memory(r);
    }
    r->setup.limits = &r->limits;
    r->setup.store = &r->store;
    r->setup.now_unix_s = (uint64_t)time(NULL);
    return e;
}

/* Memory is the program's until its end. */
static int finish(struct run *r, enum tuf_verdict v)
{
    if (v != TUF_GOOD)
        (void)fprintf(stderr, "refused: %s: %s\n", tuf_verdict_name(v), r->name);
    fetch_close(r->fetch);
    return v == TUF_GOOD ? 0 : 1;
}

struct buffer {
    uint8_t *at;
    size_t len;
};

static ota_err keep(void *arg, const uint8_t *bytes, size_t len)
{
    struct buffer *b = arg;

    memcpy(b->at + b->len, bytes, len); /* fetch_get stops at the limit that it was given */
    b->len += len;
    return OTA_OK;
}

/* Fetch what the client wants, as long as it wants something. */
static enum tuf_verdict feed(struct run *r, enum tuf_verdict v)
{
    size_t max = 0;

    while (v == TUF_GOOD && tuf_client_wants(&r->client, r->name, sizeof r->name, &max)) {
        struct buffer b = {r->setup.memory.file, 0};
        struct fetch_sink sink = {&b, keep};
        char url[URL_BYTES];
        const char *base = r->o.metadata_url;
        size_t n = strlen(base);
        ota_err e = OTA_E_NOT_FOUND;

        if (n > 0 && base[n - 1] == '/')
            n--;
        if (r->name[0] != '\0' &&
            (size_t)snprintf(url, sizeof url, "%.*s/%s", (int)n, base, r->name) < sizeof url)
            e = fetch_get(r->fetch, url, max, &sink);
        if (e == OTA_OK)
            v = tuf_client_got(&r->client, b.len);
        else if (e == OTA_E_LIMIT)
            v = tuf_client_got(&r->client, max + 1);
        else
            v = e == OTA_E_NOT_FOUND ? tuf_client_absent(&r->client) : TUF_FETCH;
    }
    return v;
}

static enum tuf_verdict init(struct run *r)
{
    size_t len = 0;
    enum tuf_verdict v = TUF_STORE;

    (void)snprintf(r->name, sizeof r->name, "root.json");
    if (files_read(r->o.root, r->setup.memory.file, r->limits.root_bytes, &len) == OTA_OK)
        v = tuf_client_root(&r->client, &r->setup, len);
    if (v == TUF_GOOD &&
        r->store.save(r->store.arg, "root.json", r->setup.memory.file, len) != OTA_OK)
        v = TUF_STORE;
    return v;
}

static enum tuf_verdict refresh(struct run *r)
{
    (void)snprintf(r->name, sizeof r->name, "root.json");
    if (fetch_open(r->o.patience_s, &r->fetch) != OTA_OK)
        return TUF_FETCH;
    return feed(r, tuf_client_start(&r->client, &r->setup, NULL));
}

static enum tuf_verdict download(struct run *r)
{
    const struct target_places places = {r->o.target_base_url, r->o.target_dir};
    enum tuf_verdict v = refresh(r);

    for (unsigned i = 0; i < r->o.targets && v == TUF_GOOD; i++) {
        v = feed(r, tuf_client_find(&r->client, r->o.target[i]));
        if (v == TUF_GOOD || v == TUF_NO_TARGET)
            (void)snprintf(r->name, sizeof r->name, "%s", r->o.target[i]);
        if (v == TUF_GOOD)
            v = target_download(&r->client, r->fetch, &places);
    }
    return v;
}

int main(int argc, char **argv)
{
    static struct run r;
    const struct options *o = &r.o;
    enum tuf_verdict v;

    if (!options_parse(argc, argv, &r.o)) {
        (void)fputs(usage, stderr);
        return 1;
    }
    if (run_open(&r) != OTA_OK) {
        (void)fputs("out of memory\n", stderr);
        return 1;
    }
    if (strcmp(o->command, "init") == 0 && o->root != NULL) {
        v = init(&r);
    } else if (strcmp(o->command, "refresh") == 0 && o->metadata_url != NULL) {
        v = refresh(&r);
    } else if (strcmp(o->command, "download") == 0 && o->metadata_url != NULL &&
               o->target_dir != NULL && o->target_base_url != NULL && o->targets > 0) {
        v = download(&r);
    } else {
        (void)fputs(usage, stderr);
        return 1;
    }
    return finish(&r, v);
}
