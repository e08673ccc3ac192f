/*
 * ota-flash: makes a device's flash file as a factory would, and shows what one holds.  It
 * looks at flash with the same code as the bootloader, but judges images by the key manifest as
 * it lies there: without the boot roots nothing vouches for that manifest.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../image/manifest_parts.h"
#include "../../ota/trust.h"
#include "../../slot/boot_record.h"
#include "../../slot/journal.h"
#include "flash_file.h"

static const char usage[] =
    "Usage: ota-flash make --out FILE --manifest FILE [--board NAME] [--image FILE] [--floor "
    "N]\n"
    "                      [--settings FILE] [--root FILE] [--staged FILE [--request]]\n"
    "       ota-flash show [--json] [--board NAME] FILE\n"
    "       ota-flash stage [--request] [--board NAME] FILE IMAGE\n"
    "\n"
    "make   a flash file: erased, with the key manifest in force, IMAGE confirmed in slot A\n"
    "       (floor: its security counter unless given), and what else is named; with a root "
    "of\n"
    "       its platform's repository the device installs nothing that this does not vouch "
    "for\n"
    "show   journal, slots, key manifests, trusted versions; verdicts rest on the manifest as "
    "it lies there\n"
    "stage  put an image into the staging place, unverified, and with --request ask for it\n"
    "\n"
    "Boards: host, mps2-an386 (default), mps2-an385, mps2-an500, emcraft-sf2; of a file that "
    "is\n"
    "there, --board if its size does not tell.  Exit status: 0 done, 1 "
    "failed, 2 wrong usage.\n";

enum { FILE_BYTES_MAX = 1024 * 1024 }; /* larger than any slot */

static int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int fail(const char *format, ...)
{
    va_list args;

    fputs("ota-flash: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return 1;
}

/* A whole file on the heap, or NULL after saying why. */
static uint8_t *file_get(const char *path, uint32_t *out_len)
{
    FILE *f = fopen(path, "rb");
    uint8_t *p = f == NULL ? NULL : malloc(FILE_BYTES_MAX + 1);
    size_t n = p == NULL ? 0 : fread(p, 1, FILE_BYTES_MAX + 1, f);

    if (p == NULL || ferror(f) != 0 || n == 0 || n > FILE_BYTES_MAX) {
        (void)fail("%s cannot be read, is empty or larger than 1 MiB", path);
        free(p);
        p = NULL;
    }
    if (f != NULL)
        (void)fclose(f);
    *out_len = (uint32_t)n;
    return p;
}

/* Program bytes at an address, erasing each unit they touch. */
static ota_err put(const struct flash *f, uint32_t at, const uint8_t *data, uint32_t len)
{
    uint8_t *block = malloc(f->erase_bytes);
    ota_err e = block == NULL ? OTA_E_NO_MEMORY : OTA_OK;

    for (uint32_t done = 0; e == OTA_OK && done < len; done += f->erase_bytes) {
        uint32_t some = len - done < f->erase_bytes ? len - done : f->erase_bytes;

        memset(block, f->erased, f->erase_bytes);
        memcpy(block, data + done, some);
        e = f->erase(f, at + done);
        if (e == OTA_OK)
            e = f->program(f, at + done, block, f->erase_bytes);
    }
    free(block);
    return e;
}

static ota_err put_file(const struct flash *f, uint32_t at, uint32_t room, const char *path)
{
    uint32_t len;
    uint8_t *data = file_get(path, &len);
    ota_err e = data == NULL ? OTA_E_IO : len > room ? OTA_E_LIMIT : put(f, at, data, len);

    free(data);
    return e;
}

/* Ask for whatever lies in the staging place. */
static ota_err request(const struct slot_map *m)
{
    struct image_info nothing = {.total_bytes = 0};

    return slot_request(m, &nothing);
}

static ota_err stage(const struct slot_map *m, const char *path, bool ask)
{
    ota_err e = put_file(m->flash, m->b_at + m->flash->erase_bytes, m->slot_bytes, path);

    return e == OTA_OK && ask ? request(m) : e;
}

struct make_options {
    const char *out, *board, *image, *staged, *manifest, *settings, *root;
    uint32_t floor;
    bool has_floor, request;
};

static ota_err put_root(const struct trust_region *r, const char *path)
{
    struct trust_state none = {.root_bytes = 0};
    uint32_t len;
    uint8_t *root = file_get(path, &len);
    ota_err e = root == NULL ? OTA_E_IO : trust_root_save(r, &none, root, len);
    static uint8_t buf[TRUST_FILE_BYTES];
    static struct trust t;

    free(root);
    trust_init(&t, r, buf, 0);
    if (e == OTA_OK &&
        t.mode != TRUST_ON) { /* the device would say the same, and install nothing */
        (void)fail("%s is no root that a device can trust (SPEC 10)", path);
        e = OTA_E_FORMAT;
    }
    return e;
}

static ota_err fill(const struct flash_file *file, const struct make_options *o)
{
    const struct slot_map *m = &file->map;
    uint32_t floor = o->floor, len;
    uint8_t *manifest = file_get(o->manifest, &len);
    ota_err e = manifest == NULL ? OTA_E_IO : OTA_OK;

    if (e == OTA_OK && o->image != NULL)
        e = put_file(m->flash, m->a_at, m->slot_bytes, o->image);
    if (e == OTA_OK && o->image != NULL && !o->has_floor) {
        struct image_source a = slot_running(m);
        struct image_info info;
        enum image_verdict why;

        e = image_parse(&a, &info, &why);
        floor = e == OTA_OK ? info.security_counter : 0;
    }
    if (e == OTA_OK && o->settings != NULL)
        e = put_file(m->flash, m->settings_at, m->flash->erase_bytes, o->settings);
    if (e == OTA_OK && o->root != NULL)
        e = put_root(&file->trust, o->root);
    if (e == OTA_OK)
        e = slot_format(m, manifest, len, floor);
    if (e == OTA_OK && o->staged != NULL)
        e = stage(m, o->staged, o->request);
    free(manifest);
    return e;
}

static int cmd_make(int argc, char **argv)
{
    static const struct option options[] = {
        {"out", 1, NULL, 'o'},      {"board", 1, NULL, 'b'},  {"manifest", 1, NULL, 'm'},
        {"image", 1, NULL, 'i'},    {"staged", 1, NULL, 's'}, {"request", 0, NULL, 'r'},
        {"settings", 1, NULL, 'c'}, {"floor", 1, NULL, 'f'},  {"root", 1, NULL, 'R'},
        {NULL, 0, NULL, 0}};
    struct make_options o = {.board = "mps2-an386"};
    struct flash_file file;
    char *end = NULL;
    ota_err e;

    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        const char **text = c == 'o'   ? &o.out
                            : c == 'b' ? &o.board
                            : c == 'm' ? &o.manifest
                            : c == 'i' ? &o.image
                            : c == 's' ? &o.staged
                            : c == 'c' ? &o.settings
                            : c == 'R' ? &o.root
                                       : NULL;

        if (text != NULL) {
            *text = optarg;
        } else if (c == 'r') {
            o.request = true;
        } else if (c == 'f') {
            o.floor = (uint32_t)strtoul(optarg, &end, 0);
            o.has_floor = true;
        }
        if (c == '?' || (c == 'f' && (*end != '\0' || *optarg == '\0')))
            return 2;
    }
    if (o.out == NULL || o.manifest == NULL || optind != argc)
        return 2;
    e = flash_file_make(&file, o.out, o.board);
    if (e != OTA_OK)
        return fail("%s for board %s: %s", o.out, o.board, ota_err_name(e));
    e = fill(&file, &o);
    flash_file_close(&file);
    return e == OTA_OK ? 0 : fail("%s: %s", o.out, ota_err_name(e));
}

static int cmd_stage(int argc, char **argv)
{
    static const struct option options[] = {{"request", 0, NULL, 'r'},
                                            {"force", 0, NULL, 'F'},
                                            {"board", 1, NULL, 'b'},
                                            {NULL, 0, NULL, 0}};
    const char *board = NULL;
    struct flash_file file;
    bool ask = false;
    ota_err e;

    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == '?')
            return 2;
        if (c == 'b')
            board = optarg;
        ask = ask || c == 'r';
    }
    if (argc - optind != 2)
        return 2;
    e = flash_file_open(&file, argv[optind], board, true);
    if (e != OTA_OK)
        return fail("%s: %s", argv[optind], ota_err_name(e));
    e = stage(&file.map, argv[optind + 1], ask);
    flash_file_close(&file);
    return e == OTA_OK ? 0 : fail("%s: %s", argv[optind], ota_err_name(e));
}

/* One line or one member of what show says. */
struct show {
    bool json;
    bool first; /* no comma before the next member */
};

static void say(struct show *s, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct show *s, const char *name, const char *format, ...)
{
    va_list args;

    if (s->json)
        printf("%s\"%s\":", s->first ? "" : ",", name);
    else
        printf("  %-18s ", name);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    if (!s->json)
        putchar('\n');
    s->first = false;
}

static void open_group(struct show *s, const char *name)
{
    if (s->json)
        printf("%s\"%s\":{", s->first ? "" : ",", name);
    else
        printf("%s\n", name);
    s->first = true;
}

static void close_group(struct show *s)
{
    if (s->json)
        putchar('}');
    s->first = false;
}

static void say_text(struct show *s, const char *name, const char *text)
{
    say(s, name, s->json ? "\"%s\"" : "%s", text);
}

static void say_number(struct show *s, const char *name, uint32_t n)
{
    say(s, name, "%u", n);
}

static void say_hex(struct show *s, const char *name, const uint8_t *bytes, size_t len)
{
    char text[2 * CRYPTO_DIGEST_BYTES + 1] = "";

    for (size_t i = 0; i < len && i < CRYPTO_DIGEST_BYTES; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    say_text(s, name, text);
}

static const char *name_of(const char *const *names, size_t count, uint32_t i)
{
    return i < count && names[i] != NULL ? names[i] : "unknown";
}

static const char *decision_name(uint32_t d)
{
    static const char *const names[] = {"none",     "run",     "swapped", "reverted",
                                        "repaired", "refused", "recovery"};

    return name_of(names, sizeof names / sizeof names[0], d);
}

static const char *cause_name(uint32_t c)
{
    static const char *const names[] = {"none", "power", "soft", "watchdog", "fault", "other"};

    return name_of(names, sizeof names / sizeof names[0], c);
}

static const char *phase_name(uint32_t p)
{
    static const char *const names[] = {"idle", "requested", "trial", "swapping"};

    return name_of(names, sizeof names / sizeof names[0], p);
}

static const char *mode_name(uint32_t m)
{
    static const char *const names[] = {NULL, "forward", "revert", "take-staged",
                                        "take-previous"};

    return name_of(names, sizeof names / sizeof names[0], m);
}

static void show_journal(struct show *s, const struct slot_map *m, ota_err e,
                         const struct journal *j)
{
    (void)m;
    open_group(s, "state");
    if (e != OTA_OK) {
        say_text(s, "phase", "no-journal");
        close_group(s);
        return;
    }
    say_text(s, "phase", phase_name(j->swapping ? SLOT_SWAPPING : j->state.phase));
    say_number(s, "tries_left", j->state.tries_left);
    say_number(s, "security_floor", j->state.security_floor);
    say_number(s, "manifest_sequence", j->state.manifest_sequence);
    say_number(s, "trial_sequence", j->state.trial_sequence);
    say_number(s, "boot_count", j->state.boot_count);
    say_text(s, "last_decision", decision_name(j->state.last_decision));
    say_text(s, "last_cause", cause_name(j->state.last_cause));
    say_text(s, "last_why",
             j->state.last_why == 0
                 ? "none"
                 : image_verdict_name((enum image_verdict)j->state.last_why));
    close_group(s);
    if (!j->swapping)
        return;
    open_group(s, "swap");
    say_text(s, "mode", mode_name(j->swap.mode));
    say_number(s, "first", j->swap.first);
    say_number(s, "sectors_out", j->swap.out_sectors);
    say_number(s, "sectors_in", j->swap.in_sectors);
    say(s, "step", "%d", j->stepped ? (int)j->step : -1);
    say_hex(s, "digest_out", j->swap.digest_out, sizeof j->swap.digest_out);
    say_hex(s, "digest_in", j->swap.digest_in, sizeof j->swap.digest_in);
    close_group(s);
}

/* Read a manifest as it lies there, unverified. */
static ota_err manifest_peek(const struct slot_map *m, uint32_t sector, struct manifest *out)
{
    uint8_t raw[MANIFEST_BYTES_MAX];
    struct manifest_parts parts;
    ota_err e = m->flash->read(m->flash, m->manifest_at + sector * m->flash->erase_bytes, raw,
                               sizeof raw);

    if (e == OTA_OK)
        e = manifest_split(raw, sizeof raw, &parts);
    return e == OTA_OK ? manifest_body_read(parts.body, parts.body_bytes, out) : e;
}

static void show_image(struct show *s, const char *name, struct image_source src,
                       const struct manifest *manifest, uint32_t floor)
{
    struct image_policy policy = {.manifest = manifest, .security_floor = floor};
    struct image_info info = {.total_bytes = 0};
    enum image_verdict v;
    char version[32];

    if (manifest != NULL)
        v = image_verify(&src, &policy, NULL, NULL, &info);
    else if (image_parse(&src, &info, &v) == OTA_OK)
        v = IMAGE_UNKNOWN_KEY;
    open_group(s, name);
    say_text(s, "verdict", image_verdict_name(v));
    if (info.total_bytes != 0) {
        (void)snprintf(version, sizeof version, "%u.%u.%u", info.version.major,
                       info.version.minor, info.version.revision);
        say_text(s, "version", version);
        say_number(s, "security_counter", info.security_counter);
        say_number(s, "bytes", info.total_bytes);
        say_hex(s, "digest", info.digest, sizeof info.digest);
    }
    close_group(s);
}

static void show_trust(struct show *s, const struct trust_region *r)
{
    struct trust_state t = {.root_bytes = 0};
    ota_err e = trust_load(r, &t);

    open_group(s, "trust");
    say_text(s, "root_of", e == OTA_E_NOT_FOUND ? "nobody" : e != OTA_OK ? "lost" : "platform");
    if (e == OTA_OK) {
        say_number(s, "root_bytes", t.root_bytes);
        say_number(s, "root", t.root);
        say_number(s, "timestamp", t.timestamp);
        say_number(s, "snapshot", t.snapshot);
        say_number(s, "targets", t.targets);
        say_number(s, "role", t.role);
        say(s, "time", "%llu", (unsigned long long)t.time_s);
    }
    close_group(s);
}

static void show_all(struct show *s, const struct flash_file *file)
{
    const struct slot_map *m = &file->map;
    const struct manifest *in_force = NULL;
    struct manifest manifest[2];
    struct journal j;
    ota_err e = journal_open(&j, m);
    uint32_t floor = e == OTA_OK ? j.state.security_floor : 0;

    if (s->json)
        putchar('{');
    say_text(s, "board", file->board);
    show_journal(s, m, e, &j);
    for (uint32_t i = 0; i < 2; i++) {
        if (manifest_peek(m, i, &manifest[i]) != OTA_OK)
            continue;
        open_group(s, i == 0 ? "manifest_0" : "manifest_1");
        say_number(s, "sequence", manifest[i].sequence);
        say_number(s, "keys", manifest[i].key_count);
        close_group(s);
        if (e != OTA_OK || manifest[i].sequence == j.state.manifest_sequence)
            in_force = &manifest[i];
    }
    show_image(s, "a", slot_running(m), in_force, floor);
    show_image(s, "b", slot_previous(m), in_force, floor);
    show_image(s, "staged", slot_staged(m), in_force, floor);
    show_trust(s, &file->trust);
    if (s->json)
        puts("}");
}

static int cmd_show(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", 0, NULL, 'j'}, {"board", 1, NULL, 'b'}, {NULL, 0, NULL, 0}};
    struct show s = {.first = true};
    const char *board = NULL;
    struct flash_file file;
    ota_err e;

    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == '?')
            return 2;
        if (c == 'b')
            board = optarg;
        s.json = s.json || c == 'j';
    }
    if (argc - optind != 1)
        return 2;
    e = flash_file_open(&file, argv[optind], board, false);
    if (e != OTA_OK)
        return fail("%s: %s", argv[optind],
                    e == OTA_E_FORMAT ? "not the size of a known board's flash file"
                                      : ota_err_name(e));
    show_all(&s, &file);
    flash_file_close(&file);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } verbs[] = {{"make", cmd_make}, {"show", cmd_show}, {"stage", cmd_stage}};
    int status = 2;

    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return 0;
    }
    for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(argv[1], verbs[i].name) == 0)
            status = verbs[i].run(argc - 1, argv + 1);
    if (status == 2)
        fputs(usage, stderr);
    return status;
}
