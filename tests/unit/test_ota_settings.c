/* link: ota slot image */
/* The settings sector: what is written is read; anything else is refused. */
#include <assert.h>
#include <string.h>

#include "firmware/image/le.h"
#include "firmware/ota/settings.h"
#include "firmware/slot/crc32.h"

static struct ota_settings example(void)
{
    struct ota_settings s = {.host = "10.0.2.2",
                             .port = 8443,
                             .server_name = "ota.example.test",
                             .tenant = "DEFAULT",
                             .device_id = "dev:1",
                             .auth = OTA_AUTH_GATEWAY,
                             .token = "0123456789abcdef",
                             .platform = "mps2-an386",
                             .poll_s = 60,
                             .heartbeat_s = 5,
                             .ca_bytes = 500};

    memset(s.ca, 0x5a, s.ca_bytes);
    return s;
}

static void test_round_trip(void)
{
    struct ota_settings s = example();
    struct ota_settings back;
    uint8_t b[OTA_SETTINGS_BYTES_MAX];
    size_t n;

    assert(ota_settings_write(&s, b, sizeof b, &n) == OTA_OK);
    assert(ota_settings_parse(b, sizeof b, &back) ==
           OTA_OK); /* the rest of the sector is blank */
    assert(strcmp(s.host, back.host) == 0 && strcmp(s.server_name, back.server_name) == 0);
    assert(strcmp(s.tenant, back.tenant) == 0 && strcmp(s.device_id, back.device_id) == 0);
    assert(strcmp(s.token, back.token) == 0 && strcmp(s.platform, back.platform) == 0);
    assert(back.port == 8443 && back.auth == OTA_AUTH_GATEWAY);
    assert(back.poll_s == 60 && back.heartbeat_s == 5 && back.ca_bytes == 500);
    assert(memcmp(s.ca, back.ca, s.ca_bytes) == 0);
    for (size_t cap = 0; cap < n; cap++) {
        assert(ota_settings_write(&s, b, cap, &n) == OTA_E_LIMIT);
    }
}

static void test_damage_is_refused(void)
{
    struct ota_settings s = example();
    uint8_t b[OTA_SETTINGS_BYTES_MAX];
    size_t n, len;

    assert(ota_settings_write(&s, b, sizeof b, &len) == OTA_OK);
    for (n = 0; n < len; n++) {
        assert(ota_settings_parse(b, n, &s) != OTA_OK);
        b[n] ^= 0x10;
        assert(ota_settings_parse(b, len, &s) != OTA_OK);
        b[n] ^= 0x10;
    }
}

static void refused(void (*spoil)(struct ota_settings *))
{
    struct ota_settings s = example();
    uint8_t b[OTA_SETTINGS_BYTES_MAX];
    size_t n;

    spoil(&s);
    assert(ota_settings_write(&s, b, sizeof b, &n) != OTA_OK);
}

static void no_host(struct ota_settings *s)
{
    s->host[0] = '\0';
}

static void port_zero(struct ota_settings *s)
{
    s->port = 0;
}

static void slash_in_tenant(struct ota_settings *s)
{
    s->tenant[0] = '/';
}

static void line_in_token(struct ota_settings *s)
{
    s->token[3] = '\n';
}

static void quote_in_platform(struct ota_settings *s)
{
    s->platform[0] = '"';
}

static void no_end_in_id(struct ota_settings *s)
{
    memset(s->device_id, 'a', sizeof s->device_id);
}

static void no_authority(struct ota_settings *s)
{
    s->ca_bytes = 0;
}

/* A checksummed sector made by hand: entries are judged, not only bytes. */
static ota_err hand_made(const uint8_t *entries, size_t len)
{
    struct ota_settings s;
    uint8_t b[256] = {'O', 'T', 'A', 'D', 'S', 'E', 'T', 'T', 1, 0};

    memcpy(b + 12, entries, len);
    le16_store(b + 10, (uint16_t)(16 + len));
    le32_store(b + 12 + len, crc32_of(b, 12 + len));
    return ota_settings_parse(b, sizeof b, &s);
}

static void test_entries_are_judged(void)
{
    static const uint8_t twice[] = {1, 0, 1, 0, 'a', 1, 0, 1, 0, 'a'};
    static const uint8_t unknown[] = {12, 0, 1, 0, 'a'};
    static const uint8_t tag_zero[] = {0, 0, 1, 0, 'a'};
    static const uint8_t large_tag[] = {255, 0, 1, 0, 'a'};
    static const uint8_t reserved[] = {1, 1, 1, 0, 'a'};
    static const uint8_t too_long[] = {1, 0, 200, 0, 'a'};
    static const uint8_t short_number[] = {2, 0, 2, 0, 1, 0};
    static const uint8_t incomplete[] = {1, 0, 1, 0, 'a'};

    assert(hand_made(twice, sizeof twice) == OTA_E_FORMAT);
    assert(hand_made(unknown, sizeof unknown) == OTA_E_FORMAT);
    assert(hand_made(tag_zero, sizeof tag_zero) == OTA_E_FORMAT);
    assert(hand_made(large_tag, sizeof large_tag) == OTA_E_FORMAT);
    assert(hand_made(reserved, sizeof reserved) == OTA_E_FORMAT);
    assert(hand_made(too_long, sizeof too_long) == OTA_E_FORMAT);
    assert(hand_made(short_number, sizeof short_number) == OTA_E_FORMAT);
    assert(hand_made(incomplete, sizeof incomplete) == OTA_E_FORMAT);
    assert(hand_made(twice, 0) == OTA_E_FORMAT);
}

int main(void)
{
    test_round_trip();
    test_damage_is_refused();
    refused(no_host);
    refused(port_zero);
    refused(slash_in_tenant);
    refused(line_in_token);
    refused(quote_in_platform);
    refused(no_end_in_id);
    refused(no_authority);
    test_entries_are_judged();
    return 0;
}
