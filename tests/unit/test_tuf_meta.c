/* link: tuf */
/* Metadata in parts: time, patterns, keys, thresholds, snapshots, the director's answers,
 * floors.  The files are tests/vectors/make_tuf.py's; test_tuf_client.py and
 * test_tuf_tampered.py do the whole workflow. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/tuf/device.h"
#include "firmware/tuf/spki.h"

enum { NOW = 1795183200 };

static struct canonical of(const char *text)
{
    return (struct canonical){(const uint8_t *)text, strlen(text)};
}

static size_t read_file(const char *name, uint8_t *buf, size_t max)
{
    char path[256];
    FILE *f;
    size_t n;

    (void)snprintf(path, sizeof path, "tests/vectors/tuf/%s", name);
    f = fopen(path, "rb");
    assert(f != NULL);
    n = fread(buf, 1, max, f);
    (void)fclose(f);
    return n;
}

static void times(void)
{
    static const struct {
        const char *text;
        uint64_t unix_s;
    } good[] = {
        {"\"1970-01-01T00:00:00Z\"", 0},           {"\"1972-02-29T23:59:59Z\"", 68255999},
        {"\"2000-02-29T00:00:00Z\"", 951782400},   {"\"2000-03-01T00:00:00Z\"", 951868800},
        {"\"2026-11-20T14:00:00Z\"", NOW},         {"\"2100-03-01T00:00:00Z\"", 4107542400},
        {"\"9999-12-31T23:59:59Z\"", 253402300799}};
    static const char *const bad[] = {
        "\"2100-02-29T00:00:00Z\"", "\"2023-02-29T00:00:00Z\"", "\"2026-13-01T00:00:00Z\"",
        "\"2026-00-01T00:00:00Z\"", "\"2026-01-00T00:00:00Z\"", "\"2026-04-31T00:00:00Z\"",
        "\"2026-01-01T24:00:00Z\"", "\"2026-01-01T00:60:00Z\"", "\"2026-01-01T00:00:60Z\"",
        "\"1969-12-31T23:59:59Z\"", "\"2026-01-01T00:00:00\"",  "\"2026-01-01T00:00:00.0Z\"",
        "\"2026-01-01 00:00:00Z\"", "\"2026-1-01T00:00:00Z\"",  "1795183200"};
    uint64_t t;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert(tuf_time(of(good[i].text), &t) == OTA_OK && t == good[i].unix_s);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert(tuf_time(of(bad[i]), &t) == OTA_E_FORMAT);
}

static void patterns(void)
{
    static const struct {
        const char *pattern, *path;
        bool matches;
    } cases[] = {{"\"*\"", "a", true},
                 {"\"*\"", "a/b", false},
                 {"\"*\"", "", true},
                 {"\"\"", "", true},
                 {"\"\"", "a", false},
                 {"\"*/*\"", "a/b", true},
                 {"\"*/*\"", "a/b/c", false},
                 {"\"*/*\"", "ab", false},
                 {"\"*/*\"", "/", true},
                 {"\"a*/*c\"", "ab/bc", true},
                 {"\"a*b*c\"", "aXbXbXc", true},
                 {"\"a*b*c\"", "aXbXbX", false},
                 {"\"a*b\"", "a/b", false},
                 {"\"?\"", "a", true},
                 {"\"?\"", "/", false},
                 {"\"?\"", "", false},
                 {"\"a?c\"", "abc", true},
                 {"\"a?b\"", "a/b", false},
                 {"\"**\"", "abc", true},
                 {"\"a**\"", "a", true},
                 {"\"*.bin\"", "x.bin.bin", true},
                 {"\"*.bin\"", "x.binx", false},
                 {"\"*a\"", "aaaaab", false},
                 {"\"[a]\"", "a", false},
                 {"\"[a]\"", "[a]", true},
                 {"\"../*\"", "a/../b", false},
                 {"1", "1", false}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert(tuf_path_matches(of(cases[i].pattern), cases[i].path) == cases[i].matches);
}

static void snapshots(void)
{
    static const struct {
        const char *was, *is;
        enum tuf_verdict v;
    } cases[] = {
        {"{}", "{}", TUF_GOOD},
        {"{}", "{\"a.json\":{\"version\":1}}", TUF_GOOD},
        {"{\"a.json\":{\"version\":1}}", "{}", TUF_VANISHED},
        {"{\"b.json\":{\"version\":1}}",
         "{\"a.json\":{\"version\":1},\"c.json\":{\"version\":1}}", TUF_VANISHED},
        {"{\"b.json\":{\"version\":2}}",
         "{\"a.json\":{\"version\":1},\"b.json\":{\"version\":2}}", TUF_GOOD},
        {"{\"b.json\":{\"version\":2}}",
         "{\"a.json\":{\"version\":1},\"b.json\":{\"version\":1}}", TUF_ROLLBACK},
        {"{\"a.json\":{\"version\":1},\"b.json\":{\"version\":2}}",
         "{\"b.json\":{\"version\":3}}", TUF_VANISHED},
    };
    struct tuf_listed l;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert(tuf_snapshot_follows(of(cases[i].was), of(cases[i].is)) == cases[i].v);
    assert(tuf_snapshot_find(of(cases[4].is), "b", &l) == TUF_GOOD && l.version == 2);
    assert(tuf_snapshot_find(of(cases[4].is), "", &l) == TUF_UNLISTED);
    assert(tuf_listed_read(of("{\"version\":0}"), &l) == TUF_MEMBER);
    assert(tuf_listed_read(of("{\"hashes\":{},\"version\":1}"), &l) == TUF_MEMBER);
}

static void p256_keys(void)
{
    /* The key of RFC 6979, A.2.5, as `openssl pkey -pubout` writes it. */
    static const char pem[] =
        "-----BEGIN PUBLIC KEY-----\n"
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7\n"
        "Yfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==\n"
        "-----END PUBLIC KEY-----\n";
    static const char hex[] =
        "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
        "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
    uint8_t key[64], same[64];
    char text[sizeof pem];

    assert(tuf_spki_p256((const uint8_t *)hex, sizeof hex - 1, same) == OTA_OK);
    assert(tuf_spki_p256((const uint8_t *)pem, sizeof pem - 1, key) == OTA_OK);
    assert(memcmp(key, same, 64) == 0); /* the point alone says the same */
    assert(tuf_spki_p256((const uint8_t *)pem, sizeof pem - 2, same) == OTA_OK);
    assert(memcmp(key, same, 64) == 0 && key[0] == 0x60 && key[63] == 0x99);
    assert(tuf_spki_p256((const uint8_t *)hex, sizeof hex - 2, same) == OTA_E_FORMAT);
    for (size_t i = 0; i < sizeof pem - 2; i++) { /* no character may be another */
        memcpy(text, pem, sizeof pem);
        text[i] = text[i] == '!' ? '?' : '!';
        assert(tuf_spki_p256((const uint8_t *)text, sizeof pem - 1, same) == OTA_E_FORMAT);
    }
    for (size_t len = 0; len < sizeof pem - 2; len++)
        assert(tuf_spki_p256((const uint8_t *)pem, len, same) == OTA_E_FORMAT);
}

/* --- a device: a store that keeps the root and versions only --------------------------------
 */

struct flash {
    uint8_t root[4096];
    size_t root_bytes;
    unsigned forgotten;
};

static ota_err load(void *arg, const char *name, uint8_t *buf, size_t max, size_t *out_len)
{
    const struct flash *f = arg;

    if (strcmp(name, "root.json") != 0 || f->root_bytes > max)
        return OTA_E_NOT_FOUND;
    memcpy(buf, f->root, f->root_bytes);
    *out_len = f->root_bytes;
    return OTA_OK;
}

static ota_err save(void *arg, const char *name, const uint8_t *bytes, size_t len)
{
    struct flash *f = arg;

    if (strcmp(name, "root.json") == 0) {
        memcpy(f->root, bytes, len);
        f->root_bytes = len;
    }
    return OTA_OK;
}

static ota_err forget(void *arg, const char *name)
{
    struct flash *f = arg;

    (void)name;
    f->forgotten++;
    return OTA_OK;
}

/* One cycle against tests/vectors/tuf; roots above `roots` are absent. */
static enum tuf_verdict cycle(struct tuf_device *d, struct flash *flash,
                              const struct tuf_versions *floor, uint64_t roots, uint64_t now)
{
    const struct tuf_store store = {flash, load, save, forget};
    struct tuf_setup setup;
    enum tuf_verdict v;
    char name[64];
    size_t max = 0;

    tuf_device_setup(d, &store, &setup);
    setup.floor = *floor;
    setup.now_unix_s = now;
    v = tuf_client_start(&d->client, &setup, "1.0.0/fw.bin");
    while (v == TUF_GOOD && tuf_client_wants(&d->client, name, sizeof name, &max)) {
        if (strstr(name, "root") != NULL && d->client.root.version >= roots)
            v = tuf_client_absent(&d->client);
        else
            v = tuf_client_got(&d->client, read_file(name, d->file, max));
    }
    return v;
}

static void device(void)
{
    static struct tuf_device d;
    static struct flash flash;
    struct tuf_versions floor = {.role_name = "nrf52840"}, after;

    flash.root_bytes = read_file("1.root.json", flash.root, sizeof flash.root);
    assert(cycle(&d, &flash, &floor, 1, NOW) == TUF_GOOD && d.client.found);
    assert(d.client.target.length == 360 && d.client.targets.version == 1);
    assert(canonical_is(canonical_member(d.client.target.custom, "channel"), "stable"));
    tuf_client_versions(&d.client, &after);
    assert(after.root == 1 && after.timestamp == 1 && after.snapshot == 1);
    assert(after.targets == 1 && after.role == 1);
    assert(cycle(&d, &flash, &after, 1, NOW) == TUF_GOOD);
    assert(cycle(&d, &flash, &after, 1, UINT64_C(4070908800)) == TUF_EXPIRED);
    for (int i = 0; i < 4; i++) { /* each floor alone holds */
        uint64_t *member[] = {&floor.timestamp, &floor.snapshot, &floor.targets, &floor.role};

        floor = (struct tuf_versions){.role_name = "nrf52840"};
        *member[i] = 2;
        assert(cycle(&d, &flash, &floor, 1, NOW) == TUF_ROLLBACK);
    }
    floor.role_name = "mps2";
    assert(cycle(&d, &flash, &floor, 1, NOW) == TUF_VANISHED);
    /* the root after it has another timestamp key: what was trusted goes, this timestamp too */
    assert(cycle(&d, &flash, &floor, 2, NOW) == TUF_THRESHOLD);
    assert(flash.forgotten == 2 && d.client.root.version == 2 && flash.root_bytes > 0);
    tuf_client_versions(&d.client, &after);
    assert(after.root == 2 && after.timestamp == 0 && after.role == 0);
}

static void director(void)
{
    static const struct tuf_key_rules *rules = &tuf_device_limits.keys;
    static const struct {
        const char *name;
        enum tuf_verdict v;
    } cases[] = {{"good", TUF_GOOD},
                 {"idle", TUF_GOOD},
                 {"device", TUF_DEVICE},
                 {"nonce", TUF_NONCE},
                 {"version", TUF_VERSION},
                 {"rollback", TUF_ROLLBACK},
                 {"expired", TUF_EXPIRED},
                 {"threshold", TUF_THRESHOLD},
                 {"threshold-timestamp", TUF_THRESHOLD},
                 {"type", TUF_TYPE},
                 {"spec-version", TUF_SPEC_VERSION},
                 {"member-two-targets", TUF_MEMBER},
                 {"member-no-time", TUF_MEMBER},
                 {"not-canonical", TUF_NOT_CANONICAL},
                 {"limit", TUF_LIMIT}};
    static struct tuf_device d;
    static struct flash flash;
    struct tuf_question q = {.device = "8f3c1d2e-0000-4000-8000-00000000beef",
                             .version_min = NOW};
    struct tuf_versions floor = {0};
    struct tuf_answer a;
    uint8_t text[2048];
    char name[64];

    for (uint8_t i = 0; i < TUF_NONCE_BYTES; i++)
        q.nonce[i] = i;
    flash.root_bytes = read_file("1.root.json", flash.root, sizeof flash.root);
    assert(cycle(&d, &flash, &floor, 1, NOW) == TUF_GOOD && d.client.has_director);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)snprintf(name, sizeof name, "director/%s.json", cases[i].name);
        struct canonical t = {text, read_file(name, text, sizeof text)};

        assert(tuf_director_check(t, &d.client.s.memory.keys, &d.client.role[TUF_ROLE_DIRECTOR],
                                  rules, &q, &a) == cases[i].v);
        if (strcmp(cases[i].name, "idle") == 0) {
            assert(a.path.len == 0 && a.version == NOW && t.len <= 640);
            assert(tuf_assigned_keep(&a, &d.assigned) == TUF_NO_TARGET);
        }
    }
    size_t len = read_file("director/good.json", text, sizeof text);

    assert(tuf_director_check((struct canonical){text, len}, &d.client.s.memory.keys,
                              &d.client.role[TUF_ROLE_DIRECTOR], rules, &q, &a) == TUF_GOOD);
    assert(tuf_assigned_keep(&a, &d.assigned) == TUF_GOOD);
    assert(strcmp(d.assigned.path, "1.0.0/fw.bin") == 0);
    assert(tuf_assigned_is(&d.assigned, &d.client.target) == TUF_GOOD);
    d.client.target.length++;
    assert(tuf_assigned_is(&d.assigned, &d.client.target) == TUF_OTHER_TARGET);
    d.client.target.length--;
    d.client.target.hashes.sha256[31] ^= 1;
    assert(tuf_assigned_is(&d.assigned, &d.client.target) == TUF_OTHER_TARGET);
    d.client.target.hashes.sha256[31] ^= 1;
    d.client.target.custom.len--;
    assert(tuf_assigned_is(&d.assigned, &d.client.target) == TUF_OTHER_TARGET);
}

static void names(void)
{
    char name[16];

    assert(tuf_file_name("a/..", 10, name, sizeof name) == OTA_OK);
    assert(strcmp(name, "10.a%2F...json") == 0);
    assert(tuf_file_name("a/..", 10, name, strlen(name)) == OTA_E_LIMIT);
    for (int v = 0; v < TUF_VERDICTS; v++) {
        assert(strcmp(tuf_verdict_name((enum tuf_verdict)v), "unknown") != 0);
        assert((tuf_verdict_err((enum tuf_verdict)v) == OTA_OK) == (v == TUF_GOOD));
    }
}

int main(void)
{
    times();
    patterns();
    snapshots();
    p256_keys();
    names();
    device();
    director();
    return 0;
}
