/* link: otad_store */
#include "otad/store/artifacts.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <fts.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "otad/log.h"

static char root[] = "/tmp/test-store-XXXXXX";
static char folder[64];

static void remove_tree(char *path)
{
    char *const paths[] = {path, NULL};
    FTS *tree = fts_open(paths, FTS_PHYSICAL, NULL);
    FTSENT *entry;

    assert(tree != NULL);
    while ((entry = fts_read(tree)) != NULL) {
        if (entry->fts_info != FTS_D)
            assert(remove(entry->fts_accpath) == 0);
    }
    fts_close(tree);
}

static int temporary_files(void)
{
    char path[80];
    struct dirent *entry;
    int count = 0;
    DIR *d;

    snprintf(path, sizeof path, "%s/tmp", folder);
    d = opendir(path);
    assert(d != NULL);
    while ((entry = readdir(d)) != NULL)
        count += entry->d_name[0] != '.';
    closedir(d);
    return count;
}

static struct store *open_store(void)
{
    struct store *s = NULL;

    assert(store_open(folder, &s) == OTA_OK && store_check(s) == OTA_OK);
    return s;
}

static struct sha256 put(struct store *s, const char *text)
{
    struct store_upload *u;
    struct digests d;
    struct image_source src;
    uint64_t bytes;
    size_t half = strlen(text) / 2;

    assert(store_begin(s, 1000, &u) == OTA_OK);
    assert(store_write(u, text, half) == OTA_OK);
    assert(store_write(u, text + half, strlen(text) - half) == OTA_OK);
    assert(store_seal(u, &d, &bytes, &src) == OTA_OK && bytes == strlen(text));
    assert(store_write(u, "more", 4) == OTA_E_INTERNAL);
    assert(store_finish(u) == OTA_OK);
    return d.sha256;
}

static void test_round_trip(void)
{
    static const unsigned char md5[] = {0x5d, 0x41, 0x40, 0x2a, 0xbc, 0x4b, 0x2a, 0x76,
                                        0xb9, 0x71, 0x9d, 0x91, 0x10, 0x17, 0xc5, 0x92};
    static const unsigned char sha1[] = {0xaa, 0xf4, 0xc6, 0x1d, 0xdc, 0xc5, 0xe8,
                                         0xa2, 0xda, 0xbe, 0xde, 0x0f, 0x3b, 0x48,
                                         0x2c, 0xd9, 0xae, 0xa9, 0x43, 0x4d};
    struct store *s = open_store();
    struct store_upload *u;
    struct digests d;
    struct image_source src;
    struct store_file f;
    uint64_t bytes;
    char text[8] = "";

    assert(store_begin(s, 5, &u) == OTA_OK && store_write(u, "hello", 5) == OTA_OK);
    assert(store_write(u, "!", 1) == OTA_E_LIMIT);
    store_abort(u);
    assert(store_begin(s, 5, &u) == OTA_OK && store_write(u, "hello", 5) == OTA_OK);
    assert(store_seal(u, &d, &bytes, &src) == OTA_OK);
    assert(memcmp(d.md5, md5, 16) == 0 && memcmp(d.sha1, sha1, 20) == 0);
    assert(d.sha256.b[0] == 0x2c && d.sha256.b[31] == 0x24);
    assert(src.size_bytes == 5 && src.read(&src, 1, text, 4) == OTA_OK);
    assert(strcmp(text, "ello") == 0);
    assert(src.read(&src, 2, text, 4) == OTA_E_IO && src.read(&src, 6, text, 0) == OTA_E_IO);
    assert(store_get(s, &d.sha256, 5, &f) == OTA_E_NOT_FOUND); /* sealed is not kept */
    assert(store_finish(u) == OTA_OK);
    assert(store_get(s, &d.sha256, 5, &f) == OTA_OK && f.size_bytes == 5);
    assert(read(f.fd, text, sizeof text) == 5 && memcmp(text, "hello", 5) == 0);
    close(f.fd);
    assert(store_get(s, &d.sha256, 6, &f) == OTA_E_IO);
    assert(store_remove(s, &d.sha256) == OTA_OK);
    assert(store_remove(s, &d.sha256) == OTA_E_NOT_FOUND);
    assert(temporary_files() == 0);
    store_close(s);
}

static void test_empty_file(void)
{
    struct store *s = open_store();
    struct sha256 name = put(s, "");
    struct store_file f;

    assert(name.b[0] == 0xe3 && store_get(s, &name, 0, &f) == OTA_OK && f.size_bytes == 0);
    close(f.fd);
    store_close(s);
}

/* An upload that a crash cut short leaves a temporary file; the next start removes it. */
static void test_leftovers(void)
{
    struct store *s = open_store();
    pid_t child = fork();
    int status;

    assert(child >= 0);
    if (child == 0) {
        struct store_upload *u;

        _exit(store_begin(s, 100, &u) == OTA_OK && store_write(u, "half", 4) == OTA_OK ? 0 : 1);
    }
    assert(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 0);
    assert(temporary_files() == 1);
    store_close(s);
    s = open_store();
    assert(temporary_files() == 0);
    store_close(s);
}

/* RLIMIT_FSIZE stands for the full disk: the write fails, nothing stays behind. */
static void test_full_disk(void)
{
    struct store *s = open_store();
    struct rlimit limit = {300000, RLIM_INFINITY}, before;
    struct store_upload *u;
    static char block[300000]; /* more than the store gathers before it writes */

    assert(getrlimit(RLIMIT_FSIZE, &before) == 0);
    signal(SIGXFSZ, SIG_IGN);
    assert(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    assert(store_begin(s, 1 << 20, &u) == OTA_OK);
    assert(store_write(u, block, sizeof block) == OTA_OK);
    assert(store_write(u, block, sizeof block) == OTA_E_BUSY);
    store_abort(u);
    assert(store_begin(s, 1 << 20, &u) == OTA_OK);
    assert(store_write(u, block, sizeof block) == OTA_OK);
    assert(store_write(u, block, 1000) == OTA_OK); /* gathered; noticed at the end */
    assert(store_finish(u) == OTA_E_BUSY);
    assert(setrlimit(RLIMIT_FSIZE, &before) == 0);
    assert(temporary_files() == 0);
    store_close(s);
}

static struct store *shared;

static void *put_many(void *arg)
{
    char text[32];

    for (int i = 0; i < 50; i++) {
        snprintf(text, sizeof text, "number %d", i % 5);
        (void)put(shared, text);
    }
    return arg;
}

/* Several clients bring the same bytes at once: each is told yes, each file is whole. */
static void test_same_digest_at_once(void)
{
    pthread_t thread[4];
    struct sha256 name;
    struct store_file f;

    shared = open_store();
    for (int i = 0; i < 4; i++)
        assert(pthread_create(&thread[i], NULL, put_many, NULL) == 0);
    for (int i = 0; i < 4; i++)
        assert(pthread_join(thread[i], NULL) == 0);
    name = put(shared, "number 3");
    assert(store_get(shared, &name, 8, &f) == OTA_OK);
    close(f.fd);
    assert(temporary_files() == 0);
    store_close(shared);
}

static void test_unusable_folder(void)
{
    struct store *s;
    char file[80];
    int fd;

    assert(store_open("/nonexistent/folder/of/otad", &s) == OTA_E_IO);
    snprintf(file, sizeof file, "%s/file", root);
    fd = open(file, O_CREAT | O_WRONLY, 0600);
    assert(fd >= 0);
    close(fd);
    assert(store_open(file, &s) == OTA_E_IO);
}

int main(void)
{
    log_level_set(LOG_LEVEL_BUG);
    assert(mkdtemp(root) != NULL);
    snprintf(folder, sizeof folder, "%s/store", root);
    test_round_trip();
    test_empty_file();
    test_leftovers();
    test_full_disk();
    test_same_digest_at_once();
    test_unusable_folder();
    remove_tree(root);
    return 0;
}
