/* Without libFuzzer: give every file of a folder to the target, and every beginning of it. */
#include <assert.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_BYTES_MAX = 1 << 20, BEGINNINGS_MAX = 2048 };

/* From a copy of exactly this size, so that the sanitizer sees reads behind the end. */
static void give(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);

    assert(copy != NULL);
    memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void replay(const char *path)
{
    uint8_t *data = malloc(FILE_BYTES_MAX);
    FILE *f = fopen(path, "rb");
    size_t size;

    assert(f != NULL && data != NULL);
    size = fread(data, 1, FILE_BYTES_MAX, f);
    (void)fclose(f);
    for (size_t len = 0; len < size && len < BEGINNINGS_MAX; len++)
        give(data, len);
    give(data, size);
    free(data);
}

int main(int argc, char **argv)
{
    unsigned files = 0;
    DIR *d;

    assert(argc == 2);
    d = opendir(argv[1]);
    assert(d != NULL);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        char path[4096];

        if (e->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
        replay(path);
        files++;
    }
    (void)closedir(d);
    printf("%u files\n", files);
    assert(files > 0);
    return 0;
}
