/*
 * One check after the other, each with its sentence.  Nothing here trusts that the library has
 * looked before.
 */
#include "otad/http/framing.h"

#include <string.h>
#include <strings.h>

static bool is_token(const char *name)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";

    if (*name == '\0')
        return false;
    for (; *name != '\0'; name++) {
        char c = *name;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (!plain && strchr(marks, c) == NULL)
            return false;
    }
    return true;
}

static bool is_value(const char *value)
{
    for (; *value != '\0'; value++) {
        if (((unsigned char)*value < ' ' && *value != '\t') || *value == 0x7f)
            return false;
    }
    return true;
}

/* Visible ASCII only: everything else must be percent-encoded. */
static bool is_uri(const char *uri)
{
    if (*uri != '/')
        return false;
    for (; *uri != '\0'; uri++) {
        if (*uri <= ' ' || *uri >= 0x7f || *uri == '#' || *uri == '\\')
            return false;
    }
    return true;
}

struct counted {
    const char *value;
    size_t count;
};

static struct counted look_up(const struct http_raw *raw, const char *name)
{
    struct counted c = {NULL, 0};

    for (size_t i = 0; i < raw->header_count; i++) {
        if (strcasecmp(raw->header[i].name, name) != 0)
            continue;
        c.value = raw->header[i].value;
        c.count++;
    }
    return c;
}

static bool parse_length(const char *text, int64_t *out)
{
    int64_t n = 0;

    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || n > (INT64_MAX - 9) / 10)
            return false;
        n = n * 10 + (*text - '0');
    }
    *out = n;
    return true;
}

static const char *check_body(const struct http_raw *raw, bool is_11, int64_t *out_length)
{
    struct counted length = look_up(raw, "content-length");
    struct counted coding = look_up(raw, "transfer-encoding");

    *out_length = 0;
    if (coding.count > 0 && length.count > 0)
        return "Content-Length and Transfer-Encoding contradict each other.";
    if (coding.count > 1 || (coding.count == 1 && strcasecmp(coding.value, "chunked") != 0))
        return "The only Transfer-Encoding taken is chunked.";
    if (coding.count == 1 && !is_11)
        return "Transfer-Encoding needs HTTP/1.1.";
    if (length.count > 1)
        return "There is more than one Content-Length.";
    if (coding.count == 1)
        *out_length = -1;
    else if (length.count == 1 && !parse_length(length.value, out_length))
        return "Content-Length is not a number.";
    return NULL;
}

static const char *check_headers(const struct http_raw *raw)
{
    for (size_t i = 0; i < raw->header_count; i++) {
        if (!is_token(raw->header[i].name))
            return "A header's name has characters that are not allowed there.";
        if (!is_value(raw->header[i].value))
            return "A header's value has control characters.";
    }
    return NULL;
}

static const char *check_host(const struct http_raw *raw, bool is_11)
{
    struct counted host = look_up(raw, "host");

    if (host.count > 1)
        return "There is more than one Host.";
    if (is_11 && (host.count == 0 || *host.value == '\0'))
        return "Host is missing.";
    if (host.count == 1 && strpbrk(host.value, " \t/\\@?#") != NULL)
        return "Host is not a host.";
    return NULL;
}

static enum http_method method_of(const char *text)
{
    for (enum http_method m = 0; m < HTTP_METHODS; m++) {
        if (strcmp(text, http_method_name(m)) == 0)
            return m;
    }
    return HTTP_METHODS;
}

int http_framing_check(const struct http_raw *raw, int64_t *out_length,
                       enum http_method *out_method, const char **out_why)
{
    bool is_11 = strcmp(raw->version, "HTTP/1.1") == 0;

    *out_length = 0;
    *out_method = method_of(raw->method);
    if (!is_11 && strcmp(raw->version, "HTTP/1.0") != 0) {
        *out_why = "Only HTTP/1.0 and HTTP/1.1 are spoken here.";
        return 505;
    }
    if (raw->header_count >= HTTP_HEADER_LINES_MAX) {
        *out_why = "There are too many headers.";
        return 431;
    }
    if (strlen(raw->uri) > HTTP_URI_BYTES_MAX) {
        *out_why = "The address is too long.";
        return 414;
    }
    *out_why =
        raw->torn ? "A line holds a zero byte, is folded, or does not end in CR LF." : NULL;
    if (*out_why == NULL && !is_uri(raw->uri))
        *out_why = "The address is not a path of visible ASCII characters.";
    if (*out_why == NULL)
        *out_why = check_headers(raw);
    if (*out_why == NULL)
        *out_why = check_host(raw, is_11);
    if (*out_why == NULL)
        *out_why = check_body(raw, is_11, out_length);
    return *out_why == NULL ? 0 : 400;
}
