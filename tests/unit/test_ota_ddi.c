/* link: ota slot image */
/* DDI answers: those of real servers, those of careless ones, and nonsense. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "firmware/ota/ddi.h"

static struct ddi_scratch scratch;

static ota_err poll(const char *json, struct ddi_poll *p)
{
    return ddi_poll_parse(json, strlen(json), &scratch, p);
}

static ota_err deployment(const char *json, struct ddi_deployment *d)
{
    return ddi_deployment_parse(json, strlen(json), &scratch, d);
}

static ota_err cancel(const char *json, struct ddi_cancel *c)
{
    return ddi_cancel_parse(json, strlen(json), &scratch, c);
}

static void test_poll(void)
{
    struct ddi_poll p;

    assert(poll("{}", &p) == OTA_OK && p.sleep_ms == 0 && p.deployment_path[0] == '\0');
    assert(
        poll(
            "{\"config\":{\"polling\":{\"sleep\":\"01:02:03\"}},\"_links\":{"
            "\"deploymentBase\":{\"href\":\"https://h:8443/t/controller/v1/d/deploymentBase/8?"
            "c=-5\"},\"configData\":{\"href\":\"/t/controller/v1/d/configData\"},"
            "\"installedBase\":{\"href\":3},\"cancelAction\":{\"href\":\"http:\\/\\/h\\/c\"}}}",
            &p) == OTA_OK);
    assert(p.sleep_ms == 3723000);
    assert(strcmp(p.deployment_path, "/t/controller/v1/d/deploymentBase/8?c=-5") == 0);
    assert(strcmp(p.config_path, "/t/controller/v1/d/configData") == 0);
    assert(strcmp(p.cancel_path, "/c") == 0);
}

static void test_poll_refuses(void)
{
    static const char *const bad[] = {
        "",
        "[]",
        "null",
        "{",
        "{\"a\"}",
        "{\"config\":{\"polling\":{\"sleep\":\"1:2:3\"}}}",
        "{\"config\":{\"polling\":{\"sleep\":\"aa:bb:cc\"}}}",
        "{\"config\":{\"polling\":{\"sleep\":300}}}",
        "{\"_links\":{\"configData\":\"/x\"}}",
        "{\"_links\":{\"configData\":{}}}",
        "{\"_links\":{\"configData\":{\"href\":5}}}",
        "{\"_links\":{\"configData\":{\"href\":\"\"}}}",
        "{\"_links\":{\"configData\":{\"href\":\"https://h\"}}}",
        "{\"_links\":{\"configData\":{\"href\":\"https://h/a b\"}}}",
        "{\"_links\":{\"configData\":{\"href\":\"https://h/a\\r\\nX: y\"}}}",
        "{\"_links\":{\"configData\":{\"href\":\"https://h/a\\u0000\"}}}",
        "{\"_links\":{\"configData\":{\"href\":\"/a#b\"}}}",
    };
    struct ddi_poll p = {.sleep_ms = 7};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (poll(bad[i], &p) == OTA_OK) {
            fprintf(stderr, "taken: %s\n", bad[i]);
            assert(false);
        }
    }
    assert(p.sleep_ms == 7);
}

#define SHA "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define ARTIFACT(name, path)                                                                   \
    "{\"filename\":\"" name "\",\"hashes\":{\"sha1\":\"x\",\"sha256\":\"" SHA                  \
    "\"},\"size\":1234,\"_links\":{\"download\":{\"href\":\"https://h" path "\"}}}"
#define DOWNLOAD "\"_links\":{\"download\":{\"href\":\"/x\"}}"
#define ONE_ARTIFACT(members)                                                                  \
    "{\"id\":\"8\",\"deployment\":{\"chunks\":[{\"artifacts\":[{" members "}]}]}}"
#define CHUNK(artifacts)                                                                       \
    "{\"part\":\"os\",\"version\":\"1\",\"name\":\"n\",\"artifacts\":[" artifacts "]}"
#define DEPLOYMENT(id, chunks)                                                                 \
    "{\"id\":" id                                                                              \
    ",\"deployment\":{\"download\":\"forced\",\"update\":\"attempt\",\"chunks\":[" chunks      \
    "]},\"actionHistory\":{\"status\":\"RUNNING\"}}"

static void test_deployment(void)
{
    struct ddi_deployment d;

    assert(deployment(DEPLOYMENT("\"8\"", CHUNK(ARTIFACT("fw", "/f"))), &d) == OTA_OK);
    assert(d.action == 8 && d.size_bytes == 1234 && d.may_download && d.may_install);
    assert(d.sha256[0] == 0 && d.sha256[31] == 31 && strcmp(d.path, "/f") == 0);
    assert(deployment(DEPLOYMENT("2147483647",
                                 CHUNK("") "," CHUNK(ARTIFACT("a.txt", "/a") "," ARTIFACT(
                                     "b.bin", "/b") "," ARTIFACT("c.bin", "/c"))),
                      &d) == OTA_OK);
    assert(d.action == INT32_MAX && strcmp(d.path, "/b") == 0);
    assert(deployment("{\"id\":\"1\",\"deployment\":{\"update\":\"skip\",\"download\":\"skip\","
                      "\"chunks\":[" CHUNK(ARTIFACT("a", "/a")) "]}}",
                      &d) == OTA_OK);
    assert(!d.may_download && !d.may_install);
    assert(deployment("{\"id\":\"1\",\"deployment\":{\"chunks\":[{\"artifacts\":[{\"hashes\":{"
                      "\"sha256\":\"" SHA "\"},\"size\":\"77\",\"_links\":{\"download-http\":{"
                      "\"href\":\"https://h/x\"}}}]}]}}",
                      &d) == OTA_OK);
    assert(d.size_bytes == 77 && strcmp(d.path, "/x") == 0);
}

static void test_deployment_refuses(void)
{
    static const char *const bad[] = {
        DEPLOYMENT("\"0\"", CHUNK(ARTIFACT("fw", "/f"))),
        DEPLOYMENT("\"-1\"", CHUNK(ARTIFACT("fw", "/f"))),
        DEPLOYMENT("\"2147483648\"", CHUNK(ARTIFACT("fw", "/f"))),
        DEPLOYMENT("\"99999999999\"", CHUNK(ARTIFACT("fw", "/f"))),
        DEPLOYMENT("\"8x\"", CHUNK(ARTIFACT("fw", "/f"))),
        DEPLOYMENT("true", CHUNK(ARTIFACT("fw", "/f"))),
        DEPLOYMENT("\"8\"", CHUNK("")),
        DEPLOYMENT("\"8\"", ""),
        DEPLOYMENT("\"8\"", "5"),
        DEPLOYMENT("\"8\"", CHUNK("7")),
        DEPLOYMENT("\"8\"", "{\"artifacts\":{}}"),
        "{\"id\":\"8\",\"deployment\":{\"chunks\":{}}}",
        "{\"id\":\"8\",\"deployment\":7}",
        "{\"id\":\"8\"}",
        ONE_ARTIFACT("\"size\":1"),
        ONE_ARTIFACT("\"size\":1.5,\"hashes\":{\"sha256\":\"" SHA "\"}," DOWNLOAD),
        ONE_ARTIFACT("\"size\":1,\"hashes\":{\"sha256\":\"ABCD\"}," DOWNLOAD),
        ONE_ARTIFACT("\"size\":1,\"hashes\":{\"sha256\":\"" SHA "\"}"),
        ONE_ARTIFACT("\"size\":4294967296,\"hashes\":{\"sha256\":\"" SHA "\"}," DOWNLOAD),
    };
    struct ddi_deployment d = {.action = 7};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (deployment(bad[i], &d) == OTA_OK) {
            fprintf(stderr, "taken: %s\n", bad[i]);
            assert(false);
        }
    }
    assert(d.action == 7);
}

static void test_cancel(void)
{
    struct ddi_cancel c;

    assert(cancel("{\"id\":\"11\",\"cancelAction\":{\"stopId\":\"10\"}}", &c) == OTA_OK);
    assert(c.id == 11 && c.stop == 10);
    assert(cancel("{\"id\":\"11\",\"cancelAction\":{}}", &c) == OTA_E_FORMAT);
    assert(cancel("{\"cancelAction\":{\"stopId\":\"10\"}}", &c) == OTA_E_FORMAT);
    assert(cancel("{\"id\":11,\"cancelAction\":[\"stopId\",10]}", &c) == OTA_E_FORMAT);
}

static void test_limits(void)
{
    static char json[8192];
    struct ddi_poll p;
    size_t n = (size_t)snprintf(json, sizeof json,
                                "{\"_links\":{\"configData\":{\"href\":\"https://h/");

    memset(json + n, 'a', DDI_PATH_MAX);
    memcpy(json + n + DDI_PATH_MAX, "\"}}}", 5);
    assert(poll(json, &p) == OTA_E_LIMIT);
    n = 0;
    for (int i = 0; i < DDI_TOKENS_MAX; i++) {
        n += (size_t)snprintf(json + n, sizeof json - n, "%c\"a\":%d", i == 0 ? '{' : ',', i);
    }
    memcpy(json + n, "}", 2);
    assert(poll(json, &p) == OTA_E_LIMIT);
    memset(json, '[', 4000); /* depth costs neither stack nor more than its values */
    json[4000] = '\0';
    assert(poll(json, &p) != OTA_OK);
}

/* Every prefix of a good answer is refused or at least harmless; sanitizers watch. */
static void test_cut_anywhere(void)
{
    static const char json[] = DEPLOYMENT("\"8\"", CHUNK(ARTIFACT("fw", "/f")));
    struct ddi_deployment d;

    for (size_t n = 0; n < sizeof json - 1; n++) {
        assert(ddi_deployment_parse(json, n, &scratch, &d) != OTA_OK);
    }
}

int main(void)
{
    test_poll();
    test_poll_refuses();
    test_deployment();
    test_deployment_refuses();
    test_cancel();
    test_limits();
    test_cut_anywhere();
    return 0;
}
