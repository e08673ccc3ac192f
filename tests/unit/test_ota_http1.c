/* link: ota slot image */
/* The head of an answer: what is taken, and everything that is not. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "firmware/ota/http1.h"

static ota_err parse(const char *head, struct http1_answer *a, bool *keep)
{
    return http1_head_parse(head, strlen(head), a, keep);
}

static void test_takes(void)
{
    struct http1_answer a;
    bool keep;

    assert(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", &a, &keep) == OTA_OK);
    assert(a.status == 200 && a.content_bytes == 5 && keep && !a.has_range);
    assert(parse("HTTP/1.1 404\r\ncontent-length:0\r\nconnection: Close\r\n\r\n", &a, &keep) ==
           OTA_OK);
    assert(a.status == 404 && a.content_bytes == 0 && !keep);
    assert(parse("HTTP/1.1 204 No Content\r\n\r\n", &a, &keep) == OTA_OK);
    assert(
        parse("HTTP/1.1 206 P\r\nContent-Length: 100\r\nContent-Range: bytes 100-199/5000\r\n"
              "ETag: \"abc\"\r\nRetry-After: 7\r\nX-Other:  \t v \t\r\n\r\n",
              &a, &keep) == OTA_OK);
    assert(a.has_range && a.range_first == 100 && a.range_last == 199 && a.range_total == 5000);
    assert(strcmp(a.etag, "\"abc\"") == 0 && a.retry_after_s == 7);
    assert(parse("HTTP/1.1 416 R\r\nContent-Length: 0\r\nContent-Range: bytes */50\r\n\r\n", &a,
                 &keep) == OTA_OK);
    assert(!a.has_range);
    assert(parse("HTTP/1.1 503 S\r\nContent-Length: 0\r\nETag: W/\"weak\"\r\n"
                 "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n\r\n",
                 &a, &keep) == OTA_OK);
    assert(a.etag[0] == '\0' && a.retry_after_s == 0);
    assert(parse("HTTP/1.1 429 T\r\nContent-Length: 0\r\nRetry-After: 4000000000\r\n\r\n", &a,
                 &keep) == OTA_OK);
    assert(a.retry_after_s == 86400);
}

static void test_refuses(void)
{
    static const char *const heads[] = {
        "",
        "HTTP/1.1 200 OK",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n",
        "http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0x10\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 4294967296\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: identity\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: 1\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\x01\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 206 P\r\nContent-Length: 1\r\nContent-Range: bytes 5-4/10\r\n\r\n",
        "HTTP/1.1 206 P\r\nContent-Length: 1\r\nContent-Range: bytes 5-10/10\r\n\r\n",
        "HTTP/1.1 206 P\r\nContent-Length: 1\r\nContent-Range: bytes 5-9/*\r\n\r\n",
        "HTTP/1.1 206 P\r\nContent-Length: 1\r\nContent-Range: octets 5-9/10\r\n\r\n",
        "HTTP/1.1 206 P\r\nContent-Length: 1\r\nContent-Range: bytes 5-9/10 x\r\n\r\n",
    };
    struct http1_answer a = {.status = 7};
    bool keep = false;

    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        if (parse(heads[i], &a, &keep) != OTA_E_FORMAT) {
            fprintf(stderr, "taken: %s\n", heads[i]);
            assert(false);
        }
    }
    assert(a.status == 7 && !keep); /* untouched by refusals */
}

static void test_every_cut_is_refused(void)
{
    static const char head[] = "HTTP/1.1 206 P\r\nContent-Length: 100\r\nETag: \"e\"\r\n"
                               "Content-Range: bytes 0-99/100\r\n\r\n";
    struct http1_answer a;
    bool keep;

    for (size_t n = 0; n < sizeof head - 1; n++) {
        assert(http1_head_parse(head, n, &a, &keep) == OTA_E_FORMAT);
    }
    assert(http1_head_parse(head, sizeof head - 1, &a, &keep) == OTA_OK);
}

int main(void)
{
    test_takes();
    test_refuses();
    test_every_cut_is_refused();
    return 0;
}
