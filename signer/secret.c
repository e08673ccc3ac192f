/*
 * Where passphrases and PINs come from.
 *
 * Invariant: a secret is only ever in locked memory, and the terminal echoes again whatever
 * ends the question.
 */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "file.h"
#include "key.h"
#include "say.h"

/* Every kind's name for people, its options and its credential. */
static const struct names {
    const char *what, *new_what, *option, *credential;
} names[SECRET_KINDS] = {
    [SECRET_PASSPHRASE] = {"passphrase of", "new passphrase for", "passphrase",
                           "signer.passphrase"},
    [SECRET_NEW_PASSPHRASE] = {"passphrase of", "new passphrase for", "new-passphrase",
                               "signer.new-passphrase"},
    [SECRET_PIN] = {"PIN of", "new PIN for", "pin", "signer.pin"},
};

/* What the options said. */
static struct source {
    const char *path;
    int fd;
    bool has_fd;
} sources[SECRET_KINDS];

void secret_from_file(enum secret_kind kind, const char *path)
{
    sources[kind] = (struct source){.path = path};
}

bool secret_from_fd(enum secret_kind kind, const char *option, const char *text)
{
    char *end = NULL;
    long fd = strtol(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || fd > 65535 ||
        fcntl((int)fd, F_GETFD) < 0) {
        say_error("--%s: '%s' is not the number of an open file descriptor", option, text);
        return false;
    }
    sources[kind] = (struct source){.fd = (int)fd, .has_fd = true};
    return true;
}

/* The file that systemd made for a unit's credential.  false: none. */
static bool credential(enum secret_kind kind, char *path, size_t room)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY"); /* a place, not a secret */
    int n = folder == NULL ? -1 : snprintf(path, room, "%s/%s", folder, names[kind].credential);

    return n > 0 && (size_t)n < room && access(path, F_OK) == 0;
}

bool secret_given(enum secret_kind kind)
{
    char path[4096];

    return sources[kind].path != NULL || sources[kind].has_fd ||
           credential(kind, path, sizeof path);
}

static ota_err secret_new(struct secret *s)
{
    s->len = 0;
    s->text = key_secret_alloc(SECRET_BYTES_MAX + 2);
    return s->text == NULL ? say_fail(OTA_E_NO_MEMORY, "no locked memory (ulimit -l)") : OTA_OK;
}

void secret_free(struct secret *s)
{
    key_secret_free(s->text);
    *s = (struct secret){NULL, 0};
}

/* Only the first line counts, without its end. */
static ota_err first_line(struct secret *s, const char *from)
{
    char *end = memchr(s->text, '\n', s->len);

    if (end != NULL)
        s->len = (size_t)(end - s->text);
    if (s->len > 0 && s->text[s->len - 1] == '\r')
        s->len--;
    s->text[s->len] = '\0';
    if (s->len == 0)
        return say_fail(OTA_E_FORMAT, "%s: nothing in its first line", from);
    if (s->len > SECRET_BYTES_MAX || strlen(s->text) != s->len)
        return say_fail(OTA_E_LIMIT, "%s: no text of at most %d bytes", from, SECRET_BYTES_MAX);
    return OTA_OK;
}

ota_err secret_read_file(const char *path, struct secret *out)
{
    struct secret s;
    ota_err e = secret_new(&s);

    if (e == OTA_OK)
        e = file_read_secret(path, s.text, SECRET_BYTES_MAX + 1, &s.len);
    if (e == OTA_OK)
        e = first_line(&s, path);
    if (e != OTA_OK)
        secret_free(&s);
    else
        *out = s;
    return e;
}

/* Byte by byte: what follows the line belongs to somebody else.  OTA_E_BUSY: a signal came. */
static ota_err line_from(int fd, struct secret *s)
{
    while (s->len <= SECRET_BYTES_MAX) {
        ssize_t n = read(fd, s->text + s->len, 1);

        if (n < 0)
            return errno == EINTR ? OTA_E_BUSY : OTA_E_IO;
        if (n == 0 || s->text[s->len] == '\n')
            return OTA_OK;
        s->len++;
    }
    return OTA_OK; /* too long, which is told by its length */
}

static ota_err read_fd(int fd, struct secret *s)
{
    char from[32];
    ota_err e;

    (void)snprintf(from, sizeof from, "file descriptor %d", fd);
    do {
        e = line_from(fd, s);
    } while (e == OTA_E_BUSY);
    if (e != OTA_OK)
        return say_fail(e, "cannot read %s: %s", from, strerror(errno));
    return first_line(s, from);
}

/* What ends a program while it asks; the terminal is mended before. */
static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
enum { ENDINGS = sizeof ending / sizeof ending[0] };
static volatile sig_atomic_t ended_by;

static void note_end(int number)
{
    ended_by = number;
}

/* One question on this terminal, without echo. */
static ota_err ask(int tty, const char *verb, const char *what, struct secret *s)
{
    struct sigaction note = {.sa_handler = note_end}, before[ENDINGS];
    struct termios usual, quiet;
    ota_err e;

    if (tcgetattr(tty, &usual) != 0)
        return say_fail(OTA_E_IO, "the terminal cannot be silenced: %s", strerror(errno));
    ended_by = 0;
    for (int i = 0; i < ENDINGS; i++)
        (void)sigaction(ending[i], &note, &before[i]);
    quiet = usual;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
    quiet.c_lflag |= ECHONL;
    (void)tcsetattr(tty, TCSAFLUSH, &quiet);
    (void)dprintf(tty, "%s %s: ", verb, what);
    do {
        e = line_from(tty, s);
    } while (e == OTA_E_BUSY && ended_by == 0);
    (void)tcsetattr(tty, TCSAFLUSH, &usual);
    for (int i = 0; i < ENDINGS; i++)
        (void)sigaction(ending[i], &before[i], NULL);
    if (ended_by != 0) {
        s->len = 0;
        (void)raise(ended_by);
        return say_fail(OTA_E_DENIED, "interrupted");
    }
    return e == OTA_OK ? first_line(s, "the terminal")
                       : say_fail(e, "cannot read the terminal: %s", strerror(errno));
}

static int terminal(enum secret_kind kind, const char *what)
{
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

    if (tty < 0) {
        say_error("the %s %s is needed, and there is no terminal to ask on", names[kind].what,
                  what);
        say_hint("--%s-file FILE or --%s-fd NUMBER, or the systemd credential %s",
                 names[kind].option, names[kind].option, names[kind].credential);
    }
    return tty;
}

/* From where the options or systemd say.  OTA_E_NOT_FOUND, unsaid: nowhere. */
static ota_err read_given(enum secret_kind kind, struct secret *out)
{
    char path[4096];
    ota_err e;

    if (sources[kind].path != NULL)
        return secret_read_file(sources[kind].path, out);
    if (!sources[kind].has_fd)
        return credential(kind, path, sizeof path) ? secret_read_file(path, out)
                                                   : OTA_E_NOT_FOUND;
    e = secret_new(out);
    if (e == OTA_OK)
        e = read_fd(sources[kind].fd, out);
    if (e != OTA_OK)
        secret_free(out);
    return e;
}

/* Asked once, or twice with the same answer. */
static ota_err read_asked(enum secret_kind kind, const char *what, bool twice,
                          struct secret *out)
{
    struct secret first = {NULL, 0}, again = {NULL, 0};
    int tty = terminal(kind, what);
    ota_err e = tty < 0 ? OTA_E_NOT_FOUND : secret_new(&first);

    if (e == OTA_OK)
        e = ask(tty, twice ? names[kind].new_what : names[kind].what, what, &first);
    if (e == OTA_OK && twice)
        e = secret_new(&again);
    if (e == OTA_OK && twice)
        e = ask(tty, "the same again,", what, &again);
    if (e == OTA_OK && twice && strcmp(first.text, again.text) != 0)
        e = say_fail(OTA_E_CONFLICT, "the two answers differ");
    if (tty >= 0)
        (void)close(tty);
    secret_free(&again);
    if (e != OTA_OK)
        secret_free(&first);
    else
        *out = first;
    return e;
}

ota_err secret_read(enum secret_kind kind, const char *what, struct secret *out)
{
    *out = (struct secret){NULL, 0};
    return secret_given(kind) ? read_given(kind, out) : read_asked(kind, what, false, out);
}

ota_err secret_read_new(enum secret_kind kind, const char *what, struct secret *out)
{
    ota_err e;

    *out = (struct secret){NULL, 0};
    e = secret_given(kind) ? read_given(kind, out) : read_asked(kind, what, true, out);
    if (e == OTA_OK && out->len < SECRET_NEW_BYTES_MIN) {
        secret_free(out);
        return say_fail(OTA_E_LIMIT, "a passphrase has at least %d bytes",
                        SECRET_NEW_BYTES_MIN);
    }
    return e;
}
