/*
 * Where passphrases and PINs come from.
 *
 * Invariant: a secret is only ever in locked memory, and the terminal echoes again whatever
 * ends the question.
 */
#include "ask.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

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

void ask_from_file(enum secret_kind kind, const char *path)
{
    sources[kind] = (struct source){.path = path};
}

bool ask_from_fd(enum secret_kind kind, const char *option, const char *text)
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

bool ask_given(enum secret_kind kind)
{
    char path[4096];

    return sources[kind].path != NULL || sources[kind].has_fd ||
           credential(kind, path, sizeof path);
}

static ota_err fresh(struct secret *s)
{
    struct why why = {0};

    return say_why(secret_new(s, &why), &why);
}

static ota_err one_line(struct secret *s, const char *from)
{
    struct why why = {0};

    return say_why(secret_first_line(s, from, &why), &why);
}

static ota_err line_of_file(const char *path, struct secret *out)
{
    struct why why = {0};
    bool exposed = false;
    ota_err e = secret_line_read(path, out, &exposed, &why);

    if (exposed)
        say_exposed(path);
    return say_why(e, &why);
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
    return one_line(s, from);
}

/* What ends a program while it asks; the terminal is mended before. */
static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
enum { ENDINGS = sizeof ending / sizeof ending[0] };
static volatile sig_atomic_t ended_by;

static void note_end(int number)
{
    ended_by = number;
}

/* Wait for a line, with the signals of `mask` let through.  False: one of them came.  They are
 * held back everywhere else, so that none comes unseen between a look and the wait. */
static bool answered(int tty, const sigset_t *mask)
{
    while (ended_by == 0) {
        fd_set set;

        FD_ZERO(&set);
        FD_SET(tty, &set);
        if (pselect(tty + 1, &set, NULL, NULL, NULL, mask) > 0 || errno != EINTR)
            return ended_by == 0; /* other errors are told by reading */
    }
    return false;
}

/* One question on this terminal, without echo. */
static ota_err ask(int tty, const char *verb, const char *what, struct secret *s)
{
    struct sigaction note = {.sa_handler = note_end}, before[ENDINGS];
    struct termios usual, quiet;
    sigset_t held, mask;
    ota_err e = OTA_E_BUSY;

    if (tty >= FD_SETSIZE || tcgetattr(tty, &usual) != 0)
        return say_fail(OTA_E_IO, "the terminal cannot be silenced: %s", strerror(errno));
    ended_by = 0;
    (void)sigemptyset(&held);
    for (int i = 0; i < ENDINGS; i++)
        (void)sigaddset(&held, ending[i]);
    (void)sigprocmask(SIG_BLOCK, &held, &mask);
    for (int i = 0; i < ENDINGS; i++)
        (void)sigaction(ending[i], &note, &before[i]);
    quiet = usual;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
    quiet.c_lflag |= ECHONL;
    (void)tcsetattr(tty, TCSAFLUSH, &quiet);
    (void)dprintf(tty, "%s %s: ", verb, what);
    if (answered(tty, &mask))
        e = line_from(tty, s);
    (void)tcsetattr(tty, TCSAFLUSH, &usual);
    for (int i = 0; i < ENDINGS; i++)
        (void)sigaction(ending[i], &before[i], NULL);
    (void)sigprocmask(SIG_SETMASK, &mask, NULL);
    if (ended_by != 0) {
        s->len = 0;
        (void)raise(ended_by);
        return say_fail(OTA_E_DENIED, "interrupted");
    }
    return e == OTA_OK ? one_line(s, "the terminal")
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
        return line_of_file(sources[kind].path, out);
    if (!sources[kind].has_fd)
        return credential(kind, path, sizeof path) ? line_of_file(path, out) : OTA_E_NOT_FOUND;
    e = fresh(out);
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
    ota_err e = tty < 0 ? OTA_E_NOT_FOUND : fresh(&first);

    if (e == OTA_OK)
        e = ask(tty, twice ? names[kind].new_what : names[kind].what, what, &first);
    if (e == OTA_OK && twice)
        e = fresh(&again);
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

ota_err ask_secret(enum secret_kind kind, const char *what, struct secret *out)
{
    *out = (struct secret){NULL, 0};
    return ask_given(kind) ? read_given(kind, out) : read_asked(kind, what, false, out);
}

ota_err ask_new(enum secret_kind kind, const char *what, struct secret *out)
{
    ota_err e;

    *out = (struct secret){NULL, 0};
    e = ask_given(kind) ? read_given(kind, out) : read_asked(kind, what, true, out);
    if (e == OTA_OK && out->len < SECRET_NEW_BYTES_MIN) {
        secret_free(out);
        return say_fail(OTA_E_LIMIT, "a passphrase has at least %d bytes",
                        SECRET_NEW_BYTES_MIN);
    }
    return e;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the asker's type */
static ota_err passphrase(void *ctx, const char *name, struct secret *out, struct why *why)
{
    (void)ctx;
    (void)why; /* everything is said here */
    return ask_secret(SECRET_PASSPHRASE, name, out);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the asker's type */
static ota_err pin(void *ctx, const struct pin_question *q, struct secret *out, struct why *why)
{
    char what[64];

    (void)ctx;
    (void)why;
    if (q->last_try)
        say_warning("one more wrong PIN locks the token '%s'", q->label);
    if (q->on_reader) {
        (void)fprintf(stderr, "enter the PIN of the token '%s' on its reader\n", q->label);
        return OTA_OK;
    }
    if (q->source[0] != '\0')
        return line_of_file(q->source, out);
    (void)snprintf(what, sizeof what, "the token '%s'", q->label);
    return ask_secret(SECRET_PIN, what, out);
}

/* Is a person there to be asked? */
static bool on_terminal(void)
{
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

    if (tty >= 0)
        (void)close(tty);
    return tty >= 0;
}

struct asker ask_for_keys(void)
{
    return (struct asker){
        .has_pin = ask_given(SECRET_PIN) || on_terminal(),
        .pin_hint = "--pin-file FILE, --pin-fd NUMBER or pin-source=file:/PATH; or be asked",
        .passphrase = passphrase,
        .pin = pin};
}
