/* link: image_sums */
/* SHA256SUMS and minisign's text (SPEC 5): one way to write them, every other refused. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/image/minisig.h"
#include "firmware/image/sums.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* From an exactly sized copy, so that the sanitizer sees any read behind the end. */
static ota_err parse_len(const char *text, size_t len, size_t max, size_t *count)
{
    static struct sums_entry entries[SUMS_ENTRIES_MAX];
    char *copy = malloc(len == 0 ? 1 : len);
    ota_err e;

    assert(copy != NULL);
    memcpy(copy, text, len);
    e = sums_parse(copy, len, entries, max, count);
    free(copy);
    return e;
}

static ota_err parse(const char *text)
{
    size_t count = 0;

    return parse_len(text, strlen(text), SUMS_ENTRIES_MAX, &count);
}

static void sums(void)
{
    static const char two[] = "SHA256 (a.bin) = " HEX "\nSHA256 (b.bin) = " HEX "\n";
    struct sums_entry entries[2];
    char again[sizeof two];
    size_t count = 0, used = 0, n = 0;

    assert(sums_parse(two, sizeof two - 1, entries, 2, &count) == OTA_OK && count == 2);
    assert(strcmp(entries[0].name, "a.bin") == 0 && entries[0].sha256[1] == 0x23);
    assert(sums_find(entries, 2, "b.bin") == &entries[1]);
    assert(sums_find(entries, 2, "b.bi") == NULL && sums_find(entries, 0, "a.bin") == NULL);
    for (size_t i = 0; i < 2; i++) {
        assert(sums_line_write(&entries[i], again + used, sizeof again - used, &n) == OTA_OK);
        used += n;
    }
    assert(used == sizeof two - 1 && memcmp(two, again, used) == 0);
    assert(sums_line_write(&entries[0], again, n - 1, &n) == OTA_E_LIMIT);
    assert(parse_len(two, sizeof two - 1, 1, &count) == OTA_E_LIMIT);
    for (size_t len = 0; len < sizeof two - 1; len++)
        assert(parse_len(two, len, 2, &count) ==
               (len == (sizeof two - 1) / 2 ? OTA_OK : OTA_E_FORMAT));
}

static void sums_refused(void)
{
    static const char *const bad[] = {
        "",
        "\n",
        "SHA256 () = " HEX "\n",
        "SHA256 (a) = " HEX,
        "SHA256 (a) = " HEX "\r\n",
        "SHA256 (a) = " HEX " \n",
        "SHA256 (a)  = " HEX "\n",
        "SHA256(a) = " HEX "\n",
        "sha256 (a) = " HEX "\n",
        "SHA512 (a) = " HEX "\n",
        "SHA256 (a) = 0123456789ABCDEF" HEX "\n",
        "SHA256 (a) = A123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
        "SHA256 (a) = g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
        "SHA256 (a) = " HEX "0\n",
        "SHA256 (a) = 123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
        "SHA256 (a b) = " HEX "\n",
        "SHA256 (../a) = " HEX "\n",
        "SHA256 (a/b) = " HEX "\n",
        "SHA256 (.a) = " HEX "\n",
        "SHA256 (-a) = " HEX "\n",
        "SHA256 (a\\b) = " HEX "\n",
        "SHA256 (SHA256SUMS) = " HEX "\n",
        "SHA256 (SHA256SUMS.minisig) = " HEX "\n",
        "SHA256 (b) = " HEX "\nSHA256 (a) = " HEX "\n",
        "SHA256 (a) = " HEX "\nSHA256 (a) = " HEX "\n",
        "SHA256 (a) = " HEX "\n\n",
        "SHA256 (a) = " HEX "\nx",
        "SHA256 (a) = " HEX "\nSHA256 (a) = " HEX "\nSHA256 (b) = " HEX "\n",
        HEX "  a\n",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert(parse(bad[i]) == OTA_E_FORMAT);
    assert(parse("SHA256 (A) = " HEX "\nSHA256 (a) = " HEX "\n") == OTA_OK);
    assert(parse("SHA256 (SHA256) = " HEX "\n") == OTA_OK);
}

static void names(void)
{
    char name[SUMS_NAME_BYTES_MAX + 2];

    memset(name, 'x', sizeof name);
    assert(sums_name_valid(name, SUMS_NAME_BYTES_MAX));
    assert(!sums_name_valid(name, SUMS_NAME_BYTES_MAX + 1));
    assert(!sums_name_valid(name, 0));
    for (int c = 0; c < 256; c++) {
        bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        name[1] = (char)c;
        assert(sums_name_valid(name, 3) == (alnum || c == '.' || c == '_' || c == '-'));
        name[1] = 'x';
        name[0] = (char)c;
        assert(sums_name_valid(name, 3) == alnum);
        name[0] = 'x';
    }
}

/* Made by minisign 0.11 over the text "hello\n", prehashed. */
static const char foreign[] = "untrusted comment: signature from minisign secret key\n"
                              "RURNRiW4aq9gwduj4VGOKh7C5X17ULsL60xk7NWj+"
                              "rcZY36AgJCYnUveMkvlYRWN5LqRarB+UErJUu7r6+1babLDllogjrqBgQo=\n"
                              "trusted comment: hello from minisign\n"
                              "xamE+dxBmV28KtlLpxdnMYiyH64RCFwJ0zlOlaYTpVvjKBixmA0B/"
                              "bih0HOhAe4HvmGzuE7Oi7Wvf8xoZzBqDA==\n";
static const char foreign_key[] = "untrusted comment: minisign public key C160AF6AB825464D\n"
                                  "RWRNRiW4aq9gwSoMozRwLf+7sCmbKTaar+Ms1hHZ3iuky5TgagXSWcv+\n";

static ota_err minisig_of(const char *text, size_t len, struct minisig *out)
{
    char *copy = malloc(len == 0 ? 1 : len);
    ota_err e;

    assert(copy != NULL);
    memcpy(copy, text, len);
    e = minisig_parse(copy, len, out);
    free(copy);
    return e;
}

static void minisig(void)
{
    struct minisig sig;
    uint8_t number[8], key[32];
    char again[MINISIG_BYTES_MAX], text[MINISIG_NUMBER_TEXT_BYTES];
    size_t n = 0;

    assert(minisig_of(foreign, sizeof foreign - 1, &sig) == OTA_OK);
    assert(strcmp(sig.comment, "hello from minisign") == 0 && sig.comment_bytes == 19);
    assert(minisig_write(&sig, "signature from minisign secret key", again, sizeof again, &n) ==
           OTA_OK);
    assert(n == sizeof foreign - 1 && memcmp(again, foreign, n) == 0);
    assert(minisig_write(&sig, "signature from minisign secret key", again, n - 1, &n) ==
           OTA_E_LIMIT);
    assert(minisig_write(&sig, "two\nlines", again, sizeof again, &n) == OTA_E_FORMAT);
    assert(minisig_pubkey_parse(foreign_key, sizeof foreign_key - 1, number, key) == OTA_OK);
    assert(memcmp(number, sig.key_number, 8) == 0);
    assert(minisig_pubkey_write(number, key, again, sizeof again, &n) == OTA_OK);
    assert(n == sizeof foreign_key - 1 && memcmp(again, foreign_key, n) == 0);
    minisig_number_text(number, text);
    assert(strstr(foreign_key, text) != NULL);
    for (size_t len = 0; len < sizeof foreign - 1; len++)
        assert(minisig_of(foreign, len, &sig) == OTA_E_FORMAT);
    for (size_t len = 0; len < sizeof foreign_key - 1; len++)
        assert(minisig_pubkey_parse(foreign_key, len, number, key) == OTA_E_FORMAT);
}

/* Each byte replaced by each of some troublemakers: parses, or not, but never otherwise; what
 * parses is written back the same (the untrusted comment aside). */
static void minisig_mutations(void)
{
    static const char nasty[] = {'\0', '\n', '\r', ' ', '=', '+', 'A', '\x7f', '\xff'};
    char text[sizeof foreign], again[MINISIG_BYTES_MAX];

    for (size_t i = 0; i < sizeof foreign - 1; i++) {
        for (size_t j = 0; j < sizeof nasty; j++) {
            struct minisig sig;
            size_t n = 0;

            memcpy(text, foreign, sizeof text);
            text[i] = nasty[j];
            if (nasty[j] == foreign[i] || minisig_of(text, sizeof text - 1, &sig) != OTA_OK)
                continue;
            assert(nasty[j] != '\n' && nasty[j] != '\r' && nasty[j] != '\0');
            assert(minisig_write(&sig, "signature from minisign secret key", again,
                                 sizeof again, &n) == OTA_OK);
            assert(n == sizeof text - 1);
            assert(memcmp(strchr(again, '\n'), strchr(text, '\n'),
                          n - (size_t)(strchr(again, '\n') - again)) == 0);
        }
    }
}

static void minisig_refused(void)
{
    char text[4 * MINISIG_BYTES_MAX];
    struct minisig sig;
    size_t len = sizeof foreign - 1;

    memcpy(text, foreign, len);
    text[len] = '\n';
    assert(minisig_of(text, len + 1, &sig) == OTA_E_FORMAT); /* something behind */
    memset(text, 'x', sizeof text);
    assert(minisig_of(text, sizeof text, &sig) == OTA_E_LIMIT);
    assert(minisig_of(text, MINISIG_BYTES_MAX, &sig) == OTA_E_FORMAT);
    memcpy(text, foreign, len); /* the old, not prehashed form */
    *(strchr(text, '\n') + 2) = 'W';
    assert(minisig_of(text, len, &sig) == OTA_E_FORMAT);
}

static ota_err release_of(const char *text, struct minisig_release *out)
{
    return minisig_release_parse(text, strlen(text), out);
}

static void releases(void)
{
    static const char *const bad[] = {
        "",
        "otad",
        "otad platform=p version=1 counter=",
        "otad platform=p version=1 counter=01",
        "otad platform=p version=1 counter=4294967296",
        "otad platform=p version=1 counter=99999999999",
        "otad platform=p version=1 counter=1 ",
        "otad platform=p version=1 counter=1 more=2",
        "otad platform=p version=1 counter=-1",
        "otad platform=p  version=1 counter=1",
        "otad platform=P version=1 counter=1",
        "otad platform=.p version=1 counter=1",
        "otad platform= version=1 counter=1",
        "otad platform=p/q version=1 counter=1",
        "otad platform=p version= counter=1",
        "otad platform=p version=v1 counter=1",
        "otad platform=p version=1_0 counter=1",
        "otad version=1 platform=p counter=1",
        " otad platform=p version=1 counter=1",
        "platform=p version=1 counter=1",
    };
    struct minisig_release r;
    char text[256];
    size_t n = 0;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert(release_of(bad[i], &r) == OTA_E_FORMAT);
    assert(release_of("otad platform=esp-12f version=1.2.3-rc.1+b5 counter=4294967295", &r) ==
           OTA_OK);
    assert(strcmp(r.platform, "esp-12f") == 0 && strcmp(r.version, "1.2.3-rc.1+b5") == 0);
    assert(r.counter == UINT32_MAX);
    assert(minisig_release_write(&r, text, sizeof text, &n) == OTA_OK);
    assert(strcmp(text, "otad platform=esp-12f version=1.2.3-rc.1+b5 counter=4294967295") == 0);
    assert(n == strlen(text));
    assert(minisig_release_write(&r, text, n, &n) == OTA_E_LIMIT);
    n = (size_t)snprintf(text, sizeof text, "otad platform=%064d version=1 counter=1", 0);
    assert(minisig_release_parse(text, n, &r) == OTA_E_FORMAT); /* a name of 64 characters */
    n = (size_t)snprintf(text, sizeof text, "otad platform=%063d version=1 counter=1", 0);
    assert(minisig_release_parse(text, n, &r) == OTA_OK);
    r.platform[0] = 'E';
    assert(minisig_release_write(&r, text, sizeof text, &n) == OTA_E_FORMAT);
    assert(release_of("otad platform=p version=1 counter=0", &r) == OTA_OK && r.counter == 0);
}

int main(void)
{
    sums();
    sums_refused();
    names();
    minisig();
    minisig_mutations();
    minisig_refused();
    releases();
    return 0;
}
