/*
 * The request's path is decoded and free of dot segments already; here it may only name files
 * of plain characters below web_dir, none hidden, and no symbolic link at the end.
 */
#include "otad/http/web.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "otad/config.h"
#include "otad/otad.h"

#define CSP                                                                                    \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "          \
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "              \
    "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; "         \
    "trusted-types 'none'"
#define PERMISSIONS                                                                            \
    "serial=(self), usb=(self), bluetooth=(self), camera=(), microphone=(), geolocation=()"

static const struct {
    const char *ending, *type;
} type_table[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".txt", "text/plain; charset=utf-8"},
    {".map", "application/json"},
};

static const struct {
    const char *name, *ending;
} coding_table[] = {{"br", ".br"}, {"gzip", ".gz"}};

static const char *type_of(const char *path)
{
    size_t len = strlen(path);

    for (size_t i = 0; i < sizeof type_table / sizeof type_table[0]; i++) {
        size_t n = strlen(type_table[i].ending);

        if (len > n && strcmp(path + len - n, type_table[i].ending) == 0)
            return type_table[i].type;
    }
    return NULL;
}

/* Letters, digits and ._- in segments that do not start with a dot. */
static bool is_file_name(const char *path)
{
    for (const char *at = path; *at != '\0'; at++) {
        bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                     (*at >= '0' && *at <= '9') || strchr("._-/", *at) != NULL;

        if (!plain || (*at == '/' && at[1] == '.'))
            return false;
    }
    return type_of(path) != NULL;
}

/* Does Accept-Encoding take this coding?  A refusal is q=0 and nothing else. */
static bool takes(const struct http_request *rq, const char *coding)
{
    const char *at = http_header(rq, "accept-encoding");
    size_t len = strlen(coding);

    while (at != NULL && *at != '\0') {
        size_t item = strcspn(at, ","), blanks = strspn(at, " \t");

        if (item >= blanks + len && strncmp(at + blanks, coding, len) == 0 &&
            strchr(",; \t", at[blanks + len]) != NULL) {
            const char *q = memchr(at, '=', item);

            return q == NULL || strtod(q + 1, NULL) > 0;
        }
        at += item;
        at += *at == ',';
    }
    return false;
}

static bool open_file(const char *folder, const char *path, const char *ending, struct arena *a,
                      int *out_fd, struct stat *out)
{
    const char *full = arena_printf(a, "%s%s%s", folder, path, ending);
    int fd = full == NULL ? -1 : open(full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0)
        return false;
    if (fstat(fd, out) != 0 || !S_ISREG(out->st_mode)) {
        (void)close(fd);
        return false;
    }
    *out_fd = fd;
    return true;
}

static void add_headers(struct http_response *rs, const char *path, const char *coding)
{
    bool forever = strncmp(path, "/assets/", 8) == 0;

    http_header_add(rs, "Cache-Control",
                    forever ? "public, max-age=31536000, immutable" : "no-cache");
    http_header_add(rs, "Vary", "Accept-Encoding");
    if (coding != NULL)
        http_header_add(rs, "Content-Encoding", coding);
    http_header_add(rs, "Content-Security-Policy", CSP);
    http_header_add(rs, "Referrer-Policy", "no-referrer");
    http_header_add(rs, "Cross-Origin-Opener-Policy", "same-origin");
    http_header_add(rs, "Permissions-Policy", PERMISSIONS);
}

/* False if there is no such file. */
static bool send_path(struct http_request *rq, struct http_response *rs, const char *path)
{
    const char *folder = rq->otad->config->web_dir, *coding = NULL;
    struct http_file f = {.fd = -1, .content_type = type_of(path)};
    struct stat st;

    for (size_t i = 0; i < sizeof coding_table / sizeof coding_table[0] && f.fd < 0; i++) {
        if (takes(rq, coding_table[i].name) &&
            open_file(folder, path, coding_table[i].ending, rq->arena, &f.fd, &st))
            coding = coding_table[i].name;
    }
    if (f.fd < 0 && !open_file(folder, path, "", rq->arena, &f.fd, &st))
        return false;
    f.size_bytes = (uint64_t)st.st_size;
    f.etag = arena_printf(rq->arena, "%" PRIx64 "-%" PRIx64 "%s%s", (uint64_t)st.st_size,
                          (uint64_t)st.st_mtim.tv_sec * 1000 +
                              (uint64_t)st.st_mtim.tv_nsec / 1000000,
                          coding == NULL ? "" : "-", coding == NULL ? "" : coding);
    http_send_file(rq, rs, &f);
    add_headers(rs, path, coding);
    return true;
}

/* Paths that are never a page of the interface. */
static bool is_page(const struct http_request *rq)
{
    static const char *const other[] = {"/api/", "/assets/"};
    const char *accept = http_header(rq, "accept");

    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        if (strncmp(rq->path, other[i], strlen(other[i])) == 0)
            return false;
    }
    return strstr(rq->path, "/controller/") == NULL && accept != NULL &&
           strstr(accept, "text/html") != NULL;
}

ota_err web_get(struct http_request *rq, struct http_response *rs)
{
    if (*rq->otad->config->web_dir != '\0') {
        if (is_file_name(rq->path) && send_path(rq, rs, rq->path))
            return OTA_OK;
        if (is_page(rq) && send_path(rq, rs, "/index.html"))
            return OTA_OK;
    }
    return http_problem(rq, rs, OTA_E_NOT_FOUND, NULL, "There is nothing at this address.");
}
