/* link: otad_auth */
/*
 * Keys in tokens that fail in every way: nobody waits longer than said, no PIN is tried twice,
 * and what comes back is used again.  The token is fake_token.c; the processes that hold its
 * key are this program, as they are otad in otad.
 */
#include "otad/auth/token_signer.h"

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "otad/auth/online_key.h"
#include "otad/auth/token.h"
#include "otad/auth/token_worker.h"

enum { PATIENCE_MS = 60000, LONG_MS = 60000 };

static char folder[] = "/tmp/otad-token.XXXXXX";
static char module[256], pin_file[64], like_file[64], log_file[64];
static struct token_signers *all;

static void write_file(const char *path, const char *text)
{
    char fresh[80];
    (void)snprintf(fresh, sizeof fresh, "%s.new", path);
    const int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    assert(close(fd) == 0 && rename(fresh, path) == 0);
}

static void like(const char *words)
{
    write_file(like_file, words);
}

/* How often the token's log has this line. */
static int logged(const char *line)
{
    char text[64];
    int n = 0;
    FILE *f = fopen(log_file, "r");
    while (f != NULL && fgets(text, sizeof text, f) != NULL)
        n += strcmp(text, line) == 0;
    if (f != NULL)
        (void)fclose(f);
    return n;
}

static struct token_signer *get(const char *object, unsigned sessions, int timeout_ms,
                                int look_ms)
{
    struct token_signer_setup setup = {
        .sessions = sessions, .timeout_ms = timeout_ms, .look_ms = look_ms};
    struct token_signer *s = NULL;
    struct why why = {0};
    (void)snprintf(setup.key.uri, sizeof setup.key.uri, "pkcs11:object=%s?module-path=%s",
                   object, module);
    (void)snprintf(setup.key.pin_file, sizeof setup.key.pin_file, "%s", pin_file);
    assert(token_signer_get(all, &setup, &s, &why) == OTA_OK);
    return s;
}

static bool is_ready(struct token_signer *s)
{
    struct token_signer_stats stats;
    token_signer_stats(s, &stats);
    return stats.is_ready;
}

static uint64_t failures(struct token_signer *s)
{
    struct token_signer_stats stats;
    token_signer_stats(s, &stats);
    return stats.failures;
}

static unsigned waiting(struct token_signer *s)
{
    struct token_signer_stats stats;
    token_signer_stats(s, &stats);
    return stats.waiting;
}

static void nap(void)
{
    const struct timespec t = {.tv_nsec = 5000000};
    (void)nanosleep(&t, NULL);
}

#define wait_for(condition)                                                                    \
    do {                                                                                       \
        int left_ = PATIENCE_MS / 5;                                                           \
        while (!(condition) && left_-- > 0)                                                    \
            nap();                                                                             \
        assert(condition);                                                                     \
    } while (0)

static ota_err sign(struct token_signer *s)
{
    uint8_t sig[TOKEN_SIGNATURE_BYTES];
    return token_signer_sign(s, "message", 7, sig);
}

static void begin(const char *words)
{
    like(words);
    write_file(pin_file, "123456\n");
    write_file(log_file, "");
    assert(token_signers_new(&all) == OTA_OK);
}

static void end(void)
{
    token_signers_free(all);
}

static void test_signs(void)
{
    uint8_t public[TOKEN_PUBLIC_BYTES];
    struct token_signer_stats stats;
    static uint8_t long_message[TOKEN_MESSAGE_BYTES_MAX + 1];
    uint8_t sig[TOKEN_SIGNATURE_BYTES];
    begin("");
    struct token_signer *s = get("k", 2, LONG_MS, LONG_MS),
                        *same = get("k", 2, LONG_MS, LONG_MS);
    assert(s == same);
    token_signer_release(same);
    wait_for(is_ready(s));
    assert(token_signers_news(all) == 1 && token_signer_public(s, public));
    assert(sign(s) == OTA_OK);
    assert(token_signer_sign(s, long_message, sizeof long_message - 1, sig) == OTA_OK);
    assert(token_signer_sign(s, long_message, sizeof long_message, sig) == OTA_E_LIMIT);
    token_signer_stats(s, &stats);
    assert(stats.signatures == 2 && stats.failures == 0 && stats.sessions == 2);
    wait_for(logged("login user\n") == 2);
    token_signer_release(s); /* given back, its processes log out and end */
    wait_for(logged("close\n") == 2);
    end();
}

static void test_no_uri(void)
{
    struct token_signer_setup setup = {.sessions = 1};
    struct token_signer *s = NULL;
    struct why why = {0};
    begin("");
    (void)snprintf(setup.key.uri, sizeof setup.key.uri, "pkcs11:objekt=k");
    assert(token_signer_get(all, &setup, &s, &why) == OTA_E_FORMAT);
    assert(strstr(why.text, "cannot be used") != NULL);
    end();
}

/* Three keys with one PIN: a token locks after as many wrong ones. */
static void test_a_wrong_pin_is_tried_once(void)
{
    struct token_signer *s[3];
    begin("");
    write_file(pin_file, "999999\n");
    s[0] = get("a", 1, LONG_MS, LONG_MS);
    wait_for(failures(s[0]) == 1);
    s[1] = get("b", 2, LONG_MS, LONG_MS);
    s[2] = get("c", 1, LONG_MS, LONG_MS);
    write_file(pin_file, "123456\n");
    struct timespec t = {.tv_nsec = 700000000}; /* longer than the first retry */
    (void)nanosleep(&t, NULL);
    assert(logged("login user\n") == 1 && sign(s[1]) == OTA_E_BUSY);
    token_signers_retry(all);
    for (int i = 0; i < 3; i++)
        wait_for(is_ready(s[i]));
    assert(sign(s[2]) == OTA_OK);
    end();
}

static void test_what_is_not_tried(void)
{
    static const char *const words[] = {"final", "pinpad", "nopin"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        begin(words[i]);
        struct token_signer *s = get("k", 1, LONG_MS, LONG_MS);
        wait_for(failures(s) == 1);
        assert(logged("login user\n") == 0 && logged("login user pad\n") == 0);
        end();
    }
    begin("");
    assert(chmod(pin_file, 0644) == 0); /* others may read it */
    struct token_signer *s = get("k", 1, LONG_MS, LONG_MS);
    wait_for(failures(s) >= 1);
    assert(logged("login user\n") == 0);
    end();
}

/* Away, and back without anybody's help. */
static void test_comes_back(void)
{
    static const struct {
        const char *words;
        int timeout_ms;
    } table[] = {{"sign=0x32", LONG_MS},
                 {"crash", LONG_MS},
                 {"wrong", LONG_MS},
                 {"short", LONG_MS},
                 {"hangsign", 200}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        begin("");
        struct token_signer *s = get("k", 1, table[i].timeout_ms, LONG_MS);
        wait_for(is_ready(s));
        like(table[i].words);
        assert(sign(s) == OTA_E_BUSY && failures(s) >= 1);
        like("");
        wait_for(is_ready(s) && sign(s) == OTA_OK);
        end();
    }
}

/* Nobody signs, and yet it is seen. */
static void test_looked_after(void)
{
    begin("");
    struct token_signer *s = get("k", 1, LONG_MS, 50);
    wait_for(is_ready(s));
    like("info=0xe0");
    wait_for(!is_ready(s));
    assert(sign(s) == OTA_E_BUSY);
    like("");
    wait_for(is_ready(s));
    end();
}

static void test_other_keys(void)
{
    uint8_t before[TOKEN_PUBLIC_BYTES], after[TOKEN_PUBLIC_BYTES];
    begin("p256");
    struct token_signer *s = get("k", 1, LONG_MS, 50);
    wait_for(failures(s) >= 1);
    assert(!is_ready(s) && !token_signer_public(s, before));
    like("");
    token_signers_retry(all);
    wait_for(is_ready(s));
    assert(token_signer_public(s, before));
    /* Another key under the same URI is taken over only when somebody says so. */
    like("info=0xe0 other");
    wait_for(!is_ready(s));
    const uint64_t failed = failures(s);
    like("other");
    wait_for(failures(s) > failed);
    assert(!is_ready(s) && token_signer_public(s, after));
    assert(memcmp(before, after, sizeof before) == 0);
    token_signers_retry(all);
    wait_for(is_ready(s) && token_signer_public(s, after));
    assert(memcmp(before, after, sizeof before) != 0 && sign(s) == OTA_OK);
    end();
}

static void *sign_thread(void *arg)
{
    return sign(arg) == OTA_OK ? arg : NULL;
}

/* As many as may wait do; the next one is told at once to come back. */
static void test_crowd(void)
{
    pthread_t thread[1 + TOKEN_WAITING_MAX];
    void *good = NULL;
    begin("");
    struct token_signer *s = get("k", 1, LONG_MS, LONG_MS);
    wait_for(is_ready(s));
    like("hangsign");
    for (int i = 0; i <= TOKEN_WAITING_MAX; i++)
        assert(pthread_create(&thread[i], NULL, sign_thread, s) == 0);
    wait_for(waiting(s) == TOKEN_WAITING_MAX);
    assert(sign(s) == OTA_E_BUSY);
    like("");
    for (int i = 0; i <= TOKEN_WAITING_MAX; i++) {
        assert(pthread_join(thread[i], &good) == 0);
        assert(good == s);
    }
    end();
}

/* A token that hangs while it is opened keeps nobody from stopping. */
static void test_stop(void)
{
    begin("hanginfo");
    struct token_signer *s = get("k", 2, LONG_MS, LONG_MS);
    wait_for(logged("init\n") >= 1);
    assert(sign(s) == OTA_E_BUSY);
    end();
}

/* ---- as otad has them ----------------------------------------------------------------------
 */

static struct online_keys *keys;
static atomic_bool over;

static void *director_thread(void *arg)
{
    const struct online_public *pub = arg;
    uint8_t sig[ONLINE_SIGNATURE_BYTES];
    int signatures = 0;
    while (!atomic_load(&over) || signatures == 0) {
        assert(online_sign(keys, ONLINE_DIRECTOR, pub->key, "m", 1, sig, NULL) == OTA_OK);
        signatures++;
    }
    return NULL;
}

/* What is read again, changed or gone does not disturb a key that stays. */
static void test_reload(void)
{
    enum { THREADS = 4, RELOADS = 30 };
    char uri[sizeof module + 64], absent[sizeof module + 64], state[64];
    struct online_config config = {.state_dir = state,
                                   .key = {{"", ""}, {"", ""}, {uri, ""}},
                                   .pin_file = pin_file,
                                   .passphrase_file = "",
                                   .director_sessions = 2,
                                   .token_timeout_ms = LONG_MS};
    struct online_public pub[ONLINE_KEYS_MAX];
    struct token_signer_stats stats;
    struct why why = {0};
    pthread_t thread[THREADS];
    (void)snprintf(uri, sizeof uri, "pkcs11:object=k?module-path=%s", module);
    (void)snprintf(absent, sizeof absent, "pkcs11:token=absent?module-path=%s", module);
    (void)snprintf(state, sizeof state, "%s", folder);
    like("");
    write_file(pin_file, "123456\n");
    assert(online_keys_open(&config, &keys, &why) == OTA_OK);
    assert(online_key_keeper(keys, ONLINE_DIRECTOR, 0, &stats) == ONLINE_TOKEN);
    assert(online_key_keeper(keys, ONLINE_DIRECTOR, 1, &stats) == ONLINE_NONE);
    assert(online_key_keeper(keys, ONLINE_SNAPSHOT, 0, &stats) == ONLINE_FILE);
    wait_for(online_keys_list(keys, ONLINE_DIRECTOR, pub) == 1);
    assert(!online_keys_are_unknown(keys, ONLINE_DIRECTOR));
    for (int i = 0; i < THREADS; i++)
        assert(pthread_create(&thread[i], NULL, director_thread, pub) == 0);
    for (int i = 0; i < RELOADS; i++) {
        config.key[ONLINE_DIRECTOR][1] = i % 2 == 0 ? absent : "";
        config.key[ONLINE_TIMESTAMP][1] = i % 3 == 0 ? uri : "";
        assert(online_keys_reload(keys, &config, &why) == OTA_OK);
        assert(online_keys_are_unknown(keys, ONLINE_DIRECTOR) == (i % 2 == 0));
    }
    atomic_store(&over, true);
    for (int i = 0; i < THREADS; i++)
        assert(pthread_join(thread[i], NULL) == 0);
    online_keys_close(keys);
    for (int i = 0; i < ONLINE_ROLES; i++) {
        (void)snprintf(state, sizeof state, "%s/tuf-%s.pem", folder,
                       online_role_name((enum online_role)i));
        (void)unlink(state);
    }
}

static void set_up(void)
{
    char fake[72];
    const ssize_t n = readlink("/proc/self/exe", module, sizeof module - 32);
    assert(token_init() == OTA_OK);
    assert(n > 0 && mkdtemp(folder) != NULL);
    module[n] = '\0';
    *strrchr(module, '/') = '\0';
    (void)strncat(module, "/libfake_token.so", 31);
    (void)snprintf(pin_file, sizeof pin_file, "%s/pin", folder);
    (void)snprintf(like_file, sizeof like_file, "%s/like", folder);
    (void)snprintf(log_file, sizeof log_file, "%s/log", folder);
    (void)snprintf(fake, sizeof fake, "@%s", like_file);
    assert(setenv("FAKE_TOKEN", fake, 1) == 0 && setenv("FAKE_LOG", log_file, 1) == 0);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], TOKEN_WORKER_ARGUMENT) == 0)
        token_worker_run();
    set_up();
    test_signs();
    test_no_uri();
    test_a_wrong_pin_is_tried_once();
    test_what_is_not_tried();
    test_comes_back();
    test_looked_after();
    test_other_keys();
    test_crowd();
    test_stop();
    test_reload();
    (void)unlink(pin_file);
    (void)unlink(like_file);
    (void)unlink(log_file);
    assert(rmdir(folder) == 0);
    return 0;
}
