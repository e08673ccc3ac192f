/* link: keys */
/* pkcs11: URIs (RFC 7512): what they mean, and what is refused instead of guessed. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "keys/token_uri.h"

static struct token_uri good(const char *text)
{
    struct token_uri uri;
    char why[160] = "";

    if (token_uri_parse(text, &uri, why, sizeof why) != OTA_OK)
        printf("%s: %s\n", text, why);
    assert(why[0] == '\0');
    return uri;
}

static void bad(ota_err wanted, const char *text, const char *reason)
{
    struct token_uri uri;
    char why[160] = "";
    ota_err e = token_uri_parse(text, &uri, why, sizeof why);

    if (e != wanted || strstr(why, reason) == NULL)
        printf("%s: %s: %s\n", text, ota_err_name(e), why);
    assert(e == wanted && strstr(why, reason) != NULL);
}

static void test_all_attributes(void)
{
    struct token_uri u = good(
        "pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;manufacturer=Snake%20Oil,%20Inc."
        ";model=1.0;serial=00c0ffee;object=my-key%3b;type=private;slot-id=327"
        ";id=%69%95%00%5C%f4%BD%EC%91z?module-path=/usr/lib/softhsm/libsofthsm2.so"
        "&pin-source=file:///run/pin%20file");

    assert(strcmp(u.token, "The Software PKCS#11 Softtoken") == 0);
    assert(strcmp(u.manufacturer, "Snake Oil, Inc.") == 0);
    assert(strcmp(u.model, "1.0") == 0 && strcmp(u.serial, "00c0ffee") == 0);
    assert(strcmp(u.object, "my-key;") == 0);
    assert(u.has_slot_id && u.slot_id == 327);
    assert(u.id_bytes == 9 && memcmp(u.id, "\x69\x95\0\x5c\xf4\xbd\xec\x91z", 9) == 0);
    assert(strcmp(u.module_path, "/usr/lib/softhsm/libsofthsm2.so") == 0);
    assert(strcmp(u.pin_source, "/run/pin file") == 0);
}

static void test_little(void)
{
    struct token_uri u = good("pkcs11:");

    assert(u.token[0] == '\0' && u.object[0] == '\0' && u.id_bytes == 0 && !u.has_slot_id);
    u = good("pkcs11:?module-path=/m");
    assert(strcmp(u.module_path, "/m") == 0);
    u = good("pkcs11:object=a&b;slot-id=4294967295?pin-source=/p");
    assert(strcmp(u.object, "a&b") == 0 && u.slot_id == UINT32_MAX);
    assert(strcmp(u.pin_source, "/p") == 0);
    assert(strcmp(good("pkcs11:?pin-source=file:/p").pin_source, "/p") == 0);
}

static void test_refused(void)
{
    bad(OTA_E_FORMAT, "PKCS11:object=k", "pkcs11:");
    bad(OTA_E_DENIED, "pkcs11:object=k?pin-value=1234", "command lines");
    bad(OTA_E_DENIED, "pkcs11:object=k?pin-value=", "command lines");
    bad(OTA_E_DENIED, "pkcs11:?pin-source=|/bin/pinomatic", "no program");
    bad(OTA_E_DENIED, "pkcs11:?pin-source=file:|/bin/x", "no program");
    bad(OTA_E_FORMAT, "pkcs11:?pin-source=pin", "absolute");
    bad(OTA_E_FORMAT, "pkcs11:?pin-source=file:", "absolute");
    bad(OTA_E_FORMAT, "pkcs11:?pin-source=file://host/p", "absolute");
    bad(OTA_E_FORMAT, "pkcs11:?module-path=libsofthsm2.so", "absolute");
    bad(OTA_E_FORMAT, "pkcs11:object=a;object=b", "twice");
    bad(OTA_E_FORMAT, "pkcs11:object=", "no value");
    bad(OTA_E_FORMAT, "pkcs11:object", "understood");
    bad(OTA_E_FORMAT, "pkcs11:object=a;", "missing");
    bad(OTA_E_FORMAT, "pkcs11:object=a;;token=b", "understood");
    bad(OTA_E_FORMAT, "pkcs11:objekt=a", "'objekt=a'");
    bad(OTA_E_FORMAT, "pkcs11:library-version=3", "understood");
    bad(OTA_E_FORMAT, "pkcs11:module-path=/m", "before the ?");
    bad(OTA_E_FORMAT, "pkcs11:?object=a", "behind the ?");
    bad(OTA_E_FORMAT, "pkcs11:object=a b", "%20");
    bad(OTA_E_FORMAT, "pkcs11:object=a%2", "hex");
    bad(OTA_E_FORMAT, "pkcs11:object=a%", "hex");
    bad(OTA_E_FORMAT, "pkcs11:object=%zz", "hex");
    bad(OTA_E_FORMAT, "pkcs11:object=a%00b", "zero byte");
    bad(OTA_E_FORMAT, "pkcs11:type=cert", "private or public");
    bad(OTA_E_FORMAT, "pkcs11:slot-id=-1", "decimal");
    bad(OTA_E_LIMIT, "pkcs11:slot-id=4294967296", "large");
}

static void test_limits(void)
{
    char text[1400];

    (void)snprintf(text, sizeof text, "pkcs11:token=%032d", 0);
    assert(strlen(good(text).token) == 32);
    (void)snprintf(text, sizeof text, "pkcs11:token=%033d", 0);
    bad(OTA_E_LIMIT, text, "longer than 32");
    (void)snprintf(text, sizeof text, "pkcs11:id=%064d", 0);
    assert(good(text).id_bytes == 64);
    (void)snprintf(text, sizeof text, "pkcs11:id=%065d", 0);
    bad(OTA_E_LIMIT, text, "longer than 64");
    (void)snprintf(text, sizeof text, "pkcs11:object=%0513d", 0);
    bad(OTA_E_LIMIT, text, "too long");
}

int main(void)
{
    test_all_attributes();
    test_little();
    test_refused();
    test_limits();
    return 0;
}
