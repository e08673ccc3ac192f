/*
 * One table is the parser, the check and the documentation.  The file is split into lines, each
 * line into key and value, and the value is converted by its row's type.
 */
#include "otad/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define KIB INT64_C(1024)
#define MIB (1024 * KIB)

enum { CONFIG_BYTES_MAX = 64 * 1024 };

enum type { TEXT, INTEGER };

struct row {
    const char *key;
    enum type type;
    size_t offset;
    const char *text_default;
    int64_t default_value, min, max;
    const char *choices; /* " a b c ", NULL = free text */
    const char *help;
    const char *section; /* opens a new section of the printed file */
};

#define T(key, value, help) #key, TEXT, offsetof(struct config, key), value, 0, 0, 0, NULL, help
#define C(key, value, choices, help)                                                           \
#key, TEXT, offsetof(struct config, key), value, 0, 0, 0, choices, help
#define N(key, value, min, max, help)                                                          \
#key, INTEGER, offsetof(struct config, key), NULL, value, min, max, NULL, help

#define PRIORITIES                                                                             \
    "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-CIPHER-ALL:+AES-128-GCM:"    \
    "+AES-256-GCM:+CHACHA20-POLY1305:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:"               \
    "%SERVER_PRECEDENCE"

static const struct row table[] = {
    {T(listen, "127.0.0.1:8443",
       "Where to listen: host:port, [v6 address]:port, or the path of a Unix socket."),
     "network"},
    {T(public_url, "https://localhost:8443",
       "How devices and people reach this server. The only source of links."),
     NULL},
    {T(tls_cert, "", "Certificate chain (PEM). Empty: no TLS, only behind a proxy."), NULL},
    {T(tls_key, "", "Private key (PEM) of the certificate; readable by otad alone."), NULL},
    {T(tls_priorities, PRIORITIES,
       "GnuTLS priorities. The default is TLS 1.2 and 1.3 with forward secrecy."),
     NULL},
    {T(trusted_proxies, "",
       "Addresses, comma separated, whose X-Forwarded-For and X-Forwarded-Proto count; "
       "'unix' for whoever connects to the Unix socket."),
     NULL},
    {T(accel_prefix, "",
       "Internal location, like /_artifacts/, under which nginx itself serves artifacts_dir "
       "to clients that come by a trusted proxy (X-Accel-Redirect). Empty: otad sends them."),
     NULL},
    {N(connection_limit, 10000, 10, 1000000,
       "Connections at the same time. Needs as many threads and open files, plus 200."),
     NULL},
    {N(connection_limit_per_ip, 0, 0, 1000000,
       "Of those, from one address. 0: no limit (fleets behind one NAT)."),
     NULL},
    {N(thread_stack_bytes, 256 * KIB, 128 * KIB, 8 * MIB, "Stack of a connection's thread."),
     NULL},

    {T(database, "dbname=otad user=otad",
       "PostgreSQL connection (libpq) of the serving role, which owns nothing."),
     "database"},
    {T(database_owner, "",
       "Connection of the role that owns the schema and migrates it at the start. "
       "Empty: do not migrate, refuse to start on another version."),
     NULL},
    {T(database_jobs, "dbname=otad user=otad_jobs",
       "Connection of the role for jobs across organisations: loading, change feed, last "
       "seen."),
     NULL},
    {N(database_pool, 8, 1, 200, "Connections to the database."), NULL},
    {N(database_timeout_ms, 15000, 100, 600000, "Longest time of one statement."), NULL},

    {T(artifacts_dir, "/var/lib/otad/artifacts", "Folder of the artifacts, by digest."),
     "files"},
    {T(web_dir, "/usr/share/otad/web", "Folder of the built web interface. Empty: none."),
     NULL},
    {T(state_dir, "/var/lib/otad/state",
       "Folder of secrets made at the first start (0700). Keep it, and back it up."),
     NULL},

    {T(snapshot_key, "",
       "The key that signs snapshots of repositories: a file (PKCS#8, 0600, plain or "
       "encrypted) or a key in a token or HSM, as a URI: "
       "pkcs11:token=T;object=O?module-path=/M.so&pin-source=file:/P. Empty: "
       "tuf-snapshot.pem of state_dir, made at the first start. SIGHUP reads this section "
       "again."),
     "online keys"},
    {T(snapshot_key_next, "",
       "Its successor, so that both are there while a new root is made. Empty: "
       "tuf-snapshot.next.pem of state_dir, if it is there."),
     NULL},
    {T(timestamp_key, "", "The same for timestamps."), NULL},
    {T(timestamp_key_next, "", "Its successor."), NULL},
    {T(director_key, "",
       "The same for the director's answers, one for each device that asks for its update. A "
       "token must be fast enough for that; a file takes 0.03 ms."),
     NULL},
    {T(director_key_next, "", "Its successor."), NULL},
    {N(director_sessions, 1, 1, 16,
       "So many answers at the same time are signed by a director key in a token."),
     NULL},
    {N(token_timeout_ms, 3000, 100, 60000,
       "A token that takes longer for one signature is taken for gone, and opened anew."),
     NULL},
    {T(token_pin_file, "",
       "File (0600) with the PIN of tokens whose URI has no pin-source. Empty: the systemd "
       "credential otad.pin, if there is one."),
     NULL},
    {T(online_key_passphrase_file, "",
       "File (0600) with the passphrase of encrypted key files. Empty: the systemd credential "
       "otad.passphrase, if there is one."),
     NULL},

    {N(request_bytes_max, 256 * KIB, 4 * KIB, 16 * MIB, "Largest JSON body."), "limits"},
    {N(artifact_bytes_max, 64 * MIB, 64 * KIB, INT64_C(1) << 40, "Largest uploaded file."),
     NULL},
    {N(uploads_max, 4, 1, 1000, "Uploads at the same time; more are told to come back."), NULL},

    {N(timeout_headers_s, 15, 1, 600, "TLS handshake and request headers, in total."), "time"},
    {N(timeout_request_s, 60, 1, 3600, "The body of an ordinary request, and then its answer."),
     NULL},
    {N(timeout_idle_s, 75, 1, 86400, "A kept connection without a request."), NULL},
    {N(transfer_bytes_per_s, 256, 1, INT64_C(1) << 40,
       "Slower uploads and downloads are cut (average of 30 seconds)."),
     NULL},
    {N(stop_s, 30, 0, 3600, "For requests in flight, when told to stop."), NULL},
    {N(poll_interval_s, 300, 1, 86399, "How often idle devices are told to poll."), NULL},
    {N(poll_busy_interval_s, 5, 1, 86399, "The same while an update is open."), NULL},
    {N(tuf_timestamp_s, 86400, 2, 31536000,
       "How long a timestamp of a repository counts; half of it over, a new one is made."),
     NULL},
    {N(tuf_snapshot_s, 604800, 2, 31536000, "The same of a snapshot."), NULL},
    {N(device_late_s, 600, 1, 31536000, "Without a poll for so long a device is late."), NULL},
    {N(device_offline_s, 3600, 1, 31536000, "And for so long: offline."), NULL},
    {N(session_hours, 12, 1, 720, "How long a sign-in lasts."), NULL},
    {N(session_silence_s, 86400, 60, 31536000,
       "An update session of the plain door that hears nothing for so long has failed."),
     NULL},
    {N(plain_devices_max, 100000, 0, 10000000,
       "So many devices at most are made known by sessions of the plain door."),
     NULL},
    {N(download_log_days, 400, 1, 36500,
       "For so many days the download log keeps its entries, and ended download links stay."),
     NULL},

    {C(log_level, "info", " debug info warn error ", "Lowest level logged."), "other"},
    {C(metrics, "loopback", " loopback key off ",
       "Who may read /metrics: 'loopback' whoever asks from this machine, and API keys; "
       "'key' API keys alone, with device.read on all platforms; 'off' nobody."),
     NULL},
    {T(tenant, "default", "Name of the organisation; the first part of DDI addresses."), NULL},
};

enum { ROWS = sizeof table / sizeof table[0] };

__attribute__((format(printf, 4, 5))) static ota_err fail(struct config_fault *f, int line,
                                                          ota_err e, const char *format, ...)
{
    va_list args;

    f->line = line;
    va_start(args, format);
    (void)vsnprintf(f->text, sizeof f->text, format, args);
    va_end(args);
    return e;
}

static const char **text_at(struct config *c, const struct row *r)
{
    return (const char **)((char *)c + r->offset);
}

static int64_t *integer_at(struct config *c, const struct row *r)
{
    return (int64_t *)((char *)c + r->offset);
}

static ota_err set_integer(const struct row *r, const char *value, int64_t *to, int line,
                           struct config_fault *f)
{
    char *end;
    long long n;

    errno = 0;
    n = strtoll(value, &end, 10);
    if (*value == '\0' || *end != '\0' || errno != 0)
        return fail(f, line, OTA_E_FORMAT, "%s: '%.60s' is not a whole number", r->key, value);
    if (n < r->min || n > r->max)
        return fail(f, line, OTA_E_LIMIT, "%s: %lld is outside of %" PRId64 " to %" PRId64,
                    r->key, n, r->min, r->max);
    *to = n;
    return OTA_OK;
}

static ota_err set_text(const struct row *r, const char *value, const char **to, int line,
                        struct config_fault *f)
{
    char word[40];

    if (r->choices != NULL) {
        (void)snprintf(word, sizeof word, " %.32s ", value);
        if (*value == '\0' || strchr(value, ' ') != NULL || strstr(r->choices, word) == NULL)
            return fail(f, line, OTA_E_FORMAT, "%s: '%.32s' is none of%s", r->key, value,
                        r->choices);
    }
    *to = value;
    return OTA_OK;
}

static ota_err set(struct config *c, const struct row *r, const char *value, int line,
                   struct config_fault *f)
{
    return r->type == TEXT ? set_text(r, value, text_at(c, r), line, f)
                           : set_integer(r, value, integer_at(c, r), line, f);
}

/* Without blanks at both ends; writes the end. */
static char *trim(char *text)
{
    char *end;

    text += strspn(text, " \t\r");
    end = text + strlen(text);
    while (end > text && strchr(" \t\r", end[-1]) != NULL)
        end--;
    *end = '\0';
    return text;
}

static const struct row *find(const char *key)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(table[i].key, key) == 0)
            return &table[i];
    }
    return NULL;
}

static ota_err parse_line(struct config *c, char *text, int line, bool seen[ROWS],
                          struct config_fault *f)
{
    char *equals = strchr(text, '=');
    const struct row *r;
    char *key;

    if (equals == NULL)
        return fail(f, line, OTA_E_FORMAT, "'%.60s' is not of the form key = value", text);
    *equals = '\0';
    key = trim(text);
    r = find(key);
    if (r == NULL)
        return fail(f, line, OTA_E_FORMAT, "unknown key '%.60s' (see otad --print-config)",
                    key);
    if (seen[r - table])
        return fail(f, line, OTA_E_FORMAT, "%s stands there twice", r->key);
    seen[r - table] = true;
    return set(c, r, trim(equals + 1), line, f);
}

/* What no single row can tell. */
static ota_err check_whole(const struct config *c, struct config_fault *f)
{
    size_t len = strlen(c->public_url);

    if (strncmp(c->public_url, "https://", 8) != 0 && strncmp(c->public_url, "http://", 7) != 0)
        return fail(f, 0, OTA_E_FORMAT, "public_url must start with https:// (or http://)");
    if (len > 150 || c->public_url[len - 1] == '/')
        return fail(f, 0, OTA_E_FORMAT,
                    "public_url must not end in '/' nor be longer than 150 characters");
    if ((*c->tls_cert == '\0') != (*c->tls_key == '\0'))
        return fail(f, 0, OTA_E_FORMAT, "tls_cert and tls_key belong together");
    if (*c->accel_prefix != '\0' &&
        (*c->accel_prefix != '/' || c->accel_prefix[strlen(c->accel_prefix) - 1] != '/'))
        return fail(f, 0, OTA_E_FORMAT, "accel_prefix must start and end with '/'");
    if (c->device_offline_s <= c->device_late_s)
        return fail(f, 0, OTA_E_LIMIT, "device_offline_s must be larger than device_late_s");
    if (*c->listen != '/' && strrchr(c->listen, ':') == NULL)
        return fail(f, 0, OTA_E_FORMAT,
                    "listen: '%.60s' is neither host:port nor an absolute path", c->listen);
    if (*c->tenant == '\0' || strlen(c->tenant) > 32 ||
        strspn(c->tenant, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") !=
            strlen(c->tenant))
        return fail(f, 0, OTA_E_FORMAT, "tenant: 1 to 32 letters, digits, '-' or '_'");
    return OTA_OK;
}

static void set_defaults(struct config *c)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (table[i].type == TEXT)
            *text_at(c, &table[i]) = table[i].text_default;
        else
            *integer_at(c, &table[i]) = table[i].default_value;
    }
}

ota_err config_parse(const char *text, size_t len, struct config *c, struct config_fault *fault)
{
    bool seen[ROWS] = {false};
    char *at, *next;
    int line = 0;

    memset(c, 0, sizeof *c);
    *fault = (struct config_fault){0};
    arena_init(&c->arena, (size_t)4 * CONFIG_BYTES_MAX);
    set_defaults(c);
    if (len > CONFIG_BYTES_MAX)
        return fail(fault, 0, OTA_E_LIMIT, "longer than %d bytes", CONFIG_BYTES_MAX);
    if (len > 0 && memchr(text, '\0', len) != NULL)
        return fail(fault, 0, OTA_E_FORMAT, "contains a zero byte");
    at = arena_memdup(&c->arena, text, len);
    if (at == NULL)
        return fail(fault, 0, OTA_E_NO_MEMORY, "out of memory");
    for (; at != NULL; at = next) {
        char *stripped;
        ota_err e;

        next = strchr(at, '\n');
        if (next != NULL)
            *next++ = '\0';
        line++;
        stripped = trim(at);
        if (*stripped == '\0' || *stripped == '#')
            continue;
        e = parse_line(c, stripped, line, seen, fault);
        if (e != OTA_OK)
            return e;
    }
    return check_whole(c, fault);
}

ota_err config_load(const char *path, struct config *c, struct config_fault *fault)
{
    FILE *f = fopen(path, "re");
    char *text;
    size_t len;
    ota_err e;

    memset(c, 0, sizeof *c);
    *fault = (struct config_fault){0};
    if (f == NULL)
        return fail(fault, 0, OTA_E_IO, "cannot open: %s", strerror(errno));
    text = malloc(CONFIG_BYTES_MAX + 1);
    if (text == NULL) {
        (void)fclose(f);
        return fail(fault, 0, OTA_E_NO_MEMORY, "out of memory");
    }
    len = fread(text, 1, CONFIG_BYTES_MAX + 1, f);
    e = ferror(f) ? fail(fault, 0, OTA_E_IO, "cannot read: %s", strerror(errno))
                  : config_parse(text, len, c, fault);
    free(text);
    (void)fclose(f);
    return e;
}

void config_done(struct config *c)
{
    arena_done(&c->arena);
}

/* help as comment lines of at most 96 columns. */
static void print_help(FILE *to, const char *help)
{
    size_t column = 0;

    while (*help != '\0') {
        size_t word = strcspn(help, " ");

        if (column == 0 || column + 1 + word > 96) {
            (void)fprintf(to, "%s# ", column == 0 ? "" : "\n");
            column = 2;
        } else {
            (void)fputc(' ', to);
            column++;
        }
        (void)fwrite(help, 1, word, to);
        column += word;
        help += word + (help[word] == ' ');
    }
    (void)fputc('\n', to);
}

void config_print(FILE *to)
{
    (void)fputs(
        "# Configuration of otad: key = value. What is not set has the value shown here.\n"
        "# Times are seconds unless a key says otherwise.\n",
        to);
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *r = &table[i];

        if (r->section != NULL)
            (void)fprintf(to, "\n# ---- %s ----\n", r->section);
        (void)fputc('\n', to);
        print_help(to, r->help);
        if (r->choices != NULL)
            (void)fprintf(to, "# One of%s\n", r->choices);
        if (r->type == INTEGER)
            (void)fprintf(to, "# %" PRId64 " to %" PRId64 ".\n%s = %" PRId64 "\n", r->min,
                          r->max, r->key, r->default_value);
        else
            (void)fprintf(to, "%s%s = %s\n", *r->text_default == '\0' ? "# " : "", r->key,
                          r->text_default);
    }
}
