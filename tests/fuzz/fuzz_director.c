/* link: otad_tuf */
/*
 * What a device asks the director with, and names of repository files: line by line a nonce,
 * the device's id, a path and the name of a file.  Whatever they are, the answer is canonical,
 * short enough, and about what was asked, or there is none.
 */
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/tuf/meta.h"
#include "otad/tuf/director.h"
#include "otad/tuf/repository.h"

enum { TEXT_MAX = 512, LINES = 4, NOW = 1795183200, IDLE_BYTES_MAX = 640, ID_BYTES_MAX = 128 };

static struct online_keys *online;
static struct online_public key;

static void keys_make(void)
{
    char folder[] = "/tmp/otad-fuzz-director.XXXXXX", path[128];
    const struct online_config config = {.state_dir = folder,
                                         .key = {{"", ""}, {"", ""}, {"", ""}},
                                         .pin_file = "",
                                         .passphrase_file = "",
                                         .director_sessions = 1,
                                         .token_timeout_ms = 1000};
    struct why why = {0};
    struct online_public list[ONLINE_KEYS_MAX];
    assert(sodium_init() >= 0 && mkdtemp(folder) != NULL);
    assert(online_keys_open(&config, &online, &why) == OTA_OK);
    assert(online_keys_list(online, ONLINE_DIRECTOR, list) == 1);
    key = list[0];
    for (int role = 0; role < ONLINE_ROLES; role++) {
        (void)snprintf(path, sizeof path, "%s/tuf-%s.pem", folder,
                       online_role_name((enum online_role)role));
        assert(unlink(path) == 0);
    }
    assert(rmdir(folder) == 0);
}

static void check_answer(const struct director_answer *a, const uint8_t *bytes, size_t len)
{
    struct tuf_file f;
    char text[TEXT_MAX];
    assert(len <= DIRECTOR_BYTES_MAX && canonical_check(bytes, len) == OTA_OK);
    const bool is_id = strlen(a->device) <= ID_BYTES_MAX && strpbrk(a->device, "\"\\") == NULL;
    assert(a->path != NULL || !is_id || len <= IDLE_BYTES_MAX);
    assert(tuf_file_open((struct canonical){bytes, len}, &f) == TUF_GOOD);
    assert(canonical_text(canonical_member(f.body, "device"), text, sizeof text) == OTA_OK);
    assert(strcmp(text, a->device) == 0);
    assert(canonical_text(canonical_member(f.body, "nonce"), text, sizeof text) == OTA_OK);
    assert(strcmp(text, a->nonce) == 0);
    assert(canonical_count(canonical_member(f.body, "targets")) == (a->path != NULL));
}

static void check_name(const char *name)
{
    enum repo_role role = REPO_ROLES;
    int64_t version = -1;
    char again[REPO_NAME_BYTES];
    if (repo_file_parse(name, "m4", &role, &version) != OTA_OK)
        return;
    assert(role < REPO_ROLES && version >= 0);
    repo_file_name(role, "m4", version, again);
    assert(version == 0 || role == REPO_TIMESTAMP || strcmp(again, name) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char line[LINES][TEXT_MAX] = {{0}};
    uint8_t bytes[DIRECTOR_BYTES_MAX];
    size_t len = 0, n = 0, at = 0;
    if (online == NULL)
        keys_make();
    for (size_t i = 0; i < size && n < LINES; i++) {
        if (data[i] == '\n') {
            n++;
            at = 0;
        } else if (at + 1 < TEXT_MAX && data[i] != '\0') {
            line[n][at++] = (char)data[i];
        }
    }
    const struct director_answer a = {.device = line[1],
                                      .nonce = line[0],
                                      .now_unix_s = NOW,
                                      .path = line[2][0] == '\0' ? NULL : line[2],
                                      .entry = "{\"length\":1}"};
    check_name(line[3]);
    if (!director_nonce_valid(a.nonce))
        return 0;
    const ota_err err = director_write(online, key.key, &a, bytes, &len);
    assert(err == OTA_OK || err == OTA_E_LIMIT || err == OTA_E_FORMAT);
    if (err == OTA_OK)
        check_answer(&a, bytes, len);
    return 0;
}
