/* link: ota boot slot image PkgConfig::SODIUM */
/* The agent and new key manifests: offered, fetched once, stored as pending, nonsense refused;
 * images by a key that only the pending one lists are taken, by one that it lacks no more. */
#include "ota_world.h"

enum { IMAGE_KEY_AT = 40 }; /* in the test manifest */

static const struct w_image good = {.minor = 1, .counter = 2, .payload_bytes = 9000};

/* The test manifest with another sequence and image key, signed again by its roots. */
static size_t made_for(uint32_t sequence, const uint8_t image_seed[32],
                       uint8_t out[sizeof test_manifest])
{
    const uint8_t *seed[] = {test_root1_seed, test_root2_seed, test_root3_seed};
    uint16_t body = le16_load(test_manifest + 10);
    uint8_t digest[32], public_key[32], secret[64];

    memcpy(out, test_manifest, sizeof test_manifest);
    le32_store(out + 12, sequence);
    assert(crypto_sign_seed_keypair(out + IMAGE_KEY_AT, secret, image_seed) == 0);
    assert(crypto_hash_sha256(digest, out, body) == 0);
    for (uint32_t at = body + 8u, i = 0; i < out[body + 4]; i++, at += 4 + 64) {
        assert(crypto_sign_seed_keypair(public_key, secret, seed[out[at]]) == 0);
        assert(crypto_sign_detached(out + at + 4, NULL, digest, 32, secret) == 0);
    }
    return sizeof test_manifest;
}

static size_t made(uint32_t sequence, uint8_t out[sizeof test_manifest])
{
    return made_for(sequence, test_image_seed, out);
}

static uint32_t pending(const struct world *w)
{
    struct manifest m;

    return slot_manifest_pending(&w->map, test_roots, &m) == OTA_OK ? m.sequence : 0;
}

static void polls(struct world *w, unsigned more)
{
    unsigned until = w->polls + more;

    for (int i = 0; i < 1000 && w->polls < until; i++) {
        w_step(w);
    }
    assert(w->polls >= until);
}

static void test_a_newer_one_is_fetched_once(void)
{
    struct world *w = w_new();

    w_boot(w);
    polls(w, 2);
    assert(w->keys_told == 1 && w->keys_gets == 0 && pending(w) == 0);
    w->keys_bytes = (uint32_t)made(5, w->keys);
    w->keys_sequence = 5;
    polls(w, 3);
    assert(w->keys_gets == 1 && w->keys_told == 5 && pending(w) == 5);
    w_boot(w);
    polls(w, 2);
    assert(w->keys_gets == 1 && w->keys_told == 5);
    free(w);
}

static void refused(struct world *w)
{
    unsigned before = w->keys_gets;

    polls(w, 2);
    assert(w->keys_gets > before && w->keys_told == 1 && pending(w) == 0);
}

static void test_what_the_roots_did_not_sign_is_refused(void)
{
    struct world *w = w_new();

    w_boot(w);
    w->keys_sequence = 5;
    w->keys_bytes = (uint32_t)made(5, w->keys);
    w->keys[20] ^= 1;
    refused(w);
    w->keys_bytes = (uint32_t)made(1, w->keys); /* the server lies about its sequence */
    refused(w);
    w->keys_bytes = 0;
    refused(w);
    w->keys_bytes = (uint32_t)made(5, w->keys) - 1;
    refused(w);
    w->keys_bytes = sizeof w->keys;
    refused(w);
    w->keys_bytes = (uint32_t)made(6, w->keys);
    polls(w, 2);
    assert(pending(w) == 6);
    free(w);
}

static void test_it_comes_into_force_with_the_next_update(void)
{
    struct world *w = w_new();
    struct manifest m;

    w_boot(w);
    w->keys_sequence = 5;
    w->keys_bytes = (uint32_t)made(5, w->keys);
    w_offer(w, 8, (struct w_image){.minor = 1, .counter = 2, .payload_bytes = 9000});
    assert(w_run(w, 300) && w->closed_success);
    assert(w->keys_gets == 1);
    assert(slot_manifest(&w->map, test_roots, &m) == OTA_OK && m.sequence == 5);
    assert(pending(w) == 0);
    free(w);
}

/* A key is stolen and revoked: not a single new image by it from then on, though the manifest
 * that lacks it waits for one that it accepts. */
static void test_a_revoked_key_signs_nothing_new(void)
{
    struct world *w = w_new();

    w_boot(w);
    w->keys_sequence = 5;
    w->keys_bytes = (uint32_t)made_for(5, test_stranger_seed, w->keys);
    w_offer(w, 8, good);
    assert(w_run(w, 300) && !w->closed_success && strcmp(w->reason, "unknown-key") == 0);
    assert(pending(w) == 5 && w->installings == 0 && w_runs(w) == 0);
    w_offer(w, 9,
            (struct w_image){
                .minor = 2, .counter = 2, .payload_bytes = 9000, .seed = test_stranger_seed});
    assert(w_run(w, 300) && w->closed_success && w_runs(w) == 2 && pending(w) == 0);
    free(w);
}

/* The news comes when the image lies in flash already, found good by the keys before. */
static void test_revoked_before_it_is_installed(void)
{
    struct world *w = w_new();

    w_boot(w);
    w_offer(w, 8, good);
    while (!w_said(w, "downloaded and verified")) {
        w_step(w);
    }
    w->keys_sequence = 5;
    w->keys_bytes = (uint32_t)made_for(5, test_stranger_seed, w->keys);
    assert(w_run(w, 300) && !w->closed_success && strcmp(w->reason, "unknown-key") == 0);
    assert(pending(w) == 5 && w->installings == 0 && w_runs(w) == 0);
    free(w);
}

/* What it holds is not written again, nor is an older one that is authentic, too. */
static void test_what_is_held_is_not_written_again(void)
{
    struct world *w = w_new();

    w_boot(w);
    w->keys_sequence = 5;
    w->keys_bytes = (uint32_t)made(5, w->keys);
    polls(w, 2);
    assert(pending(w) == 5);
    memset(w->erases, 0, sizeof w->erases);
    for (uint32_t sequence = 5; sequence >= 4; sequence--) {
        w->keys_sequence = 99; /* a lie */
        w->keys_bytes = (uint32_t)made(sequence, w->keys);
        polls(w, 10);
    }
    assert(w->keys_gets > 10 && pending(w) == 5);
    assert(w->erases[w->map.manifest_at / W_ERASE] == 0);
    assert(w->erases[w->map.manifest_at / W_ERASE + 1] == 0);
    free(w);
}

int main(void)
{
    test_a_newer_one_is_fetched_once();
    test_what_the_roots_did_not_sign_is_refused();
    test_it_comes_into_force_with_the_next_update();
    test_a_revoked_key_signs_nothing_new();
    test_revoked_before_it_is_installed();
    test_what_is_held_is_not_written_again();
    puts("ota_keys: ok");
    return 0;
}
