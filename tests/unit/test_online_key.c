/* link: otad_tuf */
/*
 * Keys of our own: made once, private, never taken from a file that others may read; names of
 * files; the size of the director's answer.
 */
#include "otad/auth/online_key.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/image/crypto_message.h"
#include "keys/keybox.h"
#include "otad/auth/token.h"
#include "otad/tuf/director.h"
#include "otad/tuf/repository.h"

static char folder[] = "/tmp/otad-online.XXXXXX";

static struct online_config config = {.state_dir = folder,
                                      .key = {{"", ""}, {"", ""}, {"", ""}},
                                      .pin_file = "",
                                      .passphrase_file = "",
                                      .director_sessions = 1,
                                      .token_timeout_ms = 1000};

static ota_err open_keys(struct online_keys **out)
{
    struct why why = {0};
    return online_keys_open(&config, out, &why);
}

/* Refused with these words, or good when there are none. */
static ota_err reload(struct online_keys *k, const char *words)
{
    struct why why = {0};
    const ota_err err = online_keys_reload(k, &config, &why);
    if (strstr(why.text, words) == NULL)
        (void)fprintf(stderr, "not \"%s\": %s\n", words, why.text);
    assert(strstr(why.text, words) != NULL && (*words != '\0') == (err != OTA_OK));
    return err;
}

static const char *path_of(const char *file)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, file);
    return path;
}

static void store(const char *file, const char *text, mode_t mode)
{
    const int fd = open(path_of(file), O_WRONLY | O_CREAT | O_TRUNC, mode);
    assert(fd >= 0 && fchmod(fd, mode) == 0);
    assert(write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

static void keys(void)
{
    struct online_keys *k = NULL, *again = NULL;
    struct online_public one[ONLINE_KEYS_MAX], two[ONLINE_KEYS_MAX];
    uint8_t sig[ONLINE_SIGNATURE_BYTES];
    char id[ONLINE_ID_TEXT_BYTES];
    struct stat st;
    assert(open_keys(&k) == OTA_OK);
    assert(open_keys(&again) == OTA_OK);
    assert(stat(path_of("tuf-director.pem"), &st) == 0 && (st.st_mode & 0777) == 0600);
    assert(online_keys_list(k, ONLINE_DIRECTOR, one) == 1);
    assert(online_keys_list(again, ONLINE_DIRECTOR, two) == 1);
    assert(memcmp(one, two, sizeof one[0]) == 0);
    assert(online_keys_list(k, ONLINE_SNAPSHOT, two) == 1);
    assert(memcmp(one[0].key, two[0].key, sizeof one[0].key) != 0);
    assert(online_sign(k, ONLINE_DIRECTOR, one[0].key, "message", 7, sig, id) == OTA_OK);
    assert(strcmp(id, one[0].id) == 0 && strlen(id) == 64);
    assert(crypto_verify_ed25519_message(one[0].key, (const uint8_t *)"message", 7, sig) ==
           OTA_OK);
    assert(online_sign(k, ONLINE_SNAPSHOT, one[0].key, "message", 7, sig, id) ==
           OTA_E_NOT_FOUND);
    online_keys_close(again);

    /* What cannot be read leaves the keys as they are. */
    static const char *const bad[] = {
        "", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE "
        "KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
        "-----END PRIVATE KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        store("tuf-director.next.pem", bad[i], 0600);
        assert(reload(k, "no private key in PEM form") == OTA_E_FORMAT);
        assert(online_keys_list(k, ONLINE_DIRECTOR, two) == 1);
    }
    static const char good[] =
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
        "-----END PRIVATE KEY-----\n";
    store("tuf-director.next.pem", good, 0640);
    assert(reload(k, "others may read") == OTA_E_FORMAT);
    store("tuf-director.next.pem", good, 0600);
    assert(reload(k, "") == OTA_OK);
    assert(online_keys_list(k, ONLINE_DIRECTOR, two) == 2);
    assert(memcmp(two[0].key, one[0].key, sizeof one[0].key) == 0);
    /* RFC 8032, 7.1, test 1 */
    assert(two[1].key[0] == 0xd7 && two[1].key[1] == 0x5a && two[1].key[31] == 0x1a);
    online_keys_close(k);
}

/* RFC 8410's key in our encrypted form, beside this public half. */
static void store_boxed(const char *file, const uint8_t public[ONLINE_PUBLIC_BYTES])
{
    static const char plain[] =
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
        "-----END PRIVATE KEY-----\n";
    struct keybox box = {.cost = keybox_interactive, .alg = CRYPTO_ED25519, .key_bytes = 32};
    char text[KEYBOX_TEXT_BYTES_MAX];
    size_t len = 0;
    memcpy(box.key, public, ONLINE_PUBLIC_BYTES);
    assert(keybox_seal(&box, "secret", 6, plain, sizeof plain - 1) == OTA_OK);
    assert(keybox_write(&box, text, sizeof text - 1, &len) == OTA_OK);
    text[len] = '\0';
    store(file, text, 0600);
}

/* Where the configuration says, in other forms, and what is refused. */
static void elsewhere(void)
{
    /* RFC 8410's key under "secret", PBES2; and a P-256 key */
    static const char encrypted[] =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhlbs7UOMR+0gICCAAw\n"
        "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEECji9q9afAl7EjsbdH4sf+MEQG8q\n"
        "ikU+hOg77xAEWFwUxgU1jNyOz+ogn7NxJ71uKOp7mnqDIrFyGwnX0CB9U/W/1Pb8\n"
        "+VTxfCuzwP42ZLxw7+w=\n"
        "-----END ENCRYPTED PRIVATE KEY-----\n";
    static const char p256[] =
        "-----BEGIN PRIVATE KEY-----\n"
        "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg6eGC3FDzde+DfUvv\n"
        "QOJyd85ftONBphSmkC/FtwJyWf2hRANCAATx3/lLIjA8EygArbVnAZrPurVpdqP2\n"
        "ymWG66L5Fw6dvaE1efX6B5SNSUzjeP5uQCNEkBPSWmJopw0n50GWrXap\n"
        "-----END PRIVATE KEY-----\n";
    struct online_keys *k = NULL;
    struct online_public pub[ONLINE_KEYS_MAX];
    char key[128], pass[128], gone[128];
    (void)snprintf(key, sizeof key, "%s", path_of("elsewhere.pem"));
    (void)snprintf(pass, sizeof pass, "%s", path_of("pass"));
    (void)snprintf(gone, sizeof gone, "%s", path_of("gone.pem"));
    store("elsewhere.pem", encrypted, 0600);
    store("pass", "secret\n", 0600);
    assert(open_keys(&k) == OTA_OK);
    config.key[ONLINE_SNAPSHOT][1] = key;
    assert(reload(k, "wants a passphrase") == OTA_E_AUTH);
    config.passphrase_file = pass;
    assert(reload(k, "") == OTA_OK && online_keys_list(k, ONLINE_SNAPSHOT, pub) == 2);
    assert(pub[1].key[0] == 0x19 && pub[1].key[31] == 0xe1);
    store("pass", "other\n", 0600);
    assert(reload(k, "wrong passphrase") == OTA_E_AUTH);
    store("pass", "secret\n", 0600);
    store_boxed("elsewhere.pem", pub[1].key);
    assert(reload(k, "") == OTA_OK && online_keys_list(k, ONLINE_SNAPSHOT, pub) == 2);
    assert(pub[1].key[0] == 0x19 && pub[1].key[31] == 0xe1);
    store_boxed("elsewhere.pem", pub[0].key); /* of another key */
    assert(reload(k, "two halves do not belong together") == OTA_E_FORMAT);
    store("pass", "secret\n", 0604);
    assert(reload(k, "others may read") == OTA_E_FORMAT);
    store("elsewhere.pem", p256, 0600);
    assert(reload(k, "P-256") == OTA_E_FORMAT);
    config.key[ONLINE_SNAPSHOT][1] = gone;
    assert(reload(k, "gone.pem") == OTA_E_IO); /* only the state folder's are made */
    config.key[ONLINE_SNAPSHOT][1] = "elsewhere.pem";
    assert(reload(k, "snapshot_key_next is neither") == OTA_E_FORMAT);
    config.key[ONLINE_SNAPSHOT][1] = "pkcs11:object=x?pin-value=1";
    assert(reload(k, "a PIN does not belong") == OTA_E_FORMAT);
    assert(online_keys_list(k, ONLINE_SNAPSHOT, pub) == 2); /* as they were */
    config.key[ONLINE_SNAPSHOT][1] = config.passphrase_file = "";
    assert(reload(k, "") == OTA_OK && online_keys_list(k, ONLINE_SNAPSHOT, pub) == 1);
    online_keys_close(k);
}

static void director(void)
{
    struct online_keys *k = NULL;
    struct online_public pub[ONLINE_KEYS_MAX];
    uint8_t out[DIRECTOR_BYTES_MAX], stranger[32] = {1};
    char device[129];
    size_t len = 0;
    memset(device, 'd', sizeof device - 1);
    device[128] = '\0';
    struct director_answer a = {.device = device,
                                .nonce = "00112233445566778899aabbccddeeff",
                                .now_unix_s = 4102444800};
    assert(open_keys(&k) == OTA_OK);
    assert(online_keys_list(k, ONLINE_DIRECTOR, pub) >= 1);
    assert(director_write(k, pub[0].key, &a, out, &len) == OTA_OK && len <= 640);
    assert(canonical_check(out, len) == OTA_OK);
    assert(director_write(k, stranger, &a, out, &len) == OTA_E_NOT_FOUND);
    a.device = "caf\xc3\xa9";
    assert(director_write(k, pub[0].key, &a, out, &len) == OTA_E_FORMAT);
    assert(director_nonce_valid(a.nonce) && !director_nonce_valid("0"));
    assert(!director_nonce_valid("00112233445566778899AABBCCDDEEFF"));
    online_keys_close(k);
}

static void names(void)
{
    static const struct {
        const char *name;
        enum repo_role role;
        int64_t version;
    } good[] = {{"1.root.json", REPO_ROOT, 1},
                {"root.json", REPO_ROOT, 0},
                {"timestamp.json", REPO_TIMESTAMP, 0},
                {"12.3.board.json", REPO_PLATFORM, 12},
                {"3.board.json", REPO_PLATFORM, 0}};
    static const char *const bad[] = {"",
                                      "1.json",
                                      "01.root.json",
                                      ".root.json",
                                      "1..json",
                                      "1.root.json1",
                                      "x.root.json",
                                      "1.other.json",
                                      "99999999999999999.root.json"};
    enum repo_role role;
    int64_t version;
    char text[REPO_NAME_BYTES];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert(repo_file_parse(good[i].name, "3.board", &role, &version) == OTA_OK);
        assert(role == good[i].role && version == good[i].version);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert(repo_file_parse(bad[i], "3.board", &role, &version) == OTA_E_NOT_FOUND);
    repo_file_name(REPO_PLATFORM, "m4", 7, text);
    assert(strcmp(text, "7.m4.json") == 0);
    repo_file_name(REPO_TIMESTAMP, "m4", 7, text);
    assert(strcmp(text, "timestamp.json") == 0);
}

int main(void)
{
    static const char *const files[] = {"tuf-snapshot.pem", "tuf-timestamp.pem",
                                        "tuf-director.pem", "tuf-director.next.pem",
                                        "elsewhere.pem",    "pass"};
    assert(token_init() == OTA_OK);
    assert(mkdtemp(folder) != NULL);
    keys();
    elsewhere();
    director();
    names();
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        (void)unlink(path_of(files[i]));
    return rmdir(folder) == 0 ? 0 : 1;
}
