/* link: signer_imgtool */
/* Intel HEX: what is taken, what is not, and what is written. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "signer/imgtool/hex.h"

static ota_err read_text(const char *text, struct hex_range *out, size_t *line)
{
    return hex_read(text, strlen(text), out, line);
}

static void refuse(const char *text, size_t at)
{
    struct hex_range r = {NULL, 0, 0};
    size_t line = 99;

    assert(read_text(text, &r, &line) == OTA_E_FORMAT);
    assert(line == at && r.data == NULL);
}

#define END ":00000001FF\n"

static void test_read(void)
{
    struct hex_range r;
    size_t line;

    assert(read_text(":02000004080ve", &r, &line) == OTA_E_FORMAT);
    assert(read_text(":020000040801F1\r\n:03000400010203F3\r\n\r\n:0100000055AA\n" END "\n\n",
                     &r, &line) == OTA_OK);
    assert(r.address == 0x08010000 && r.len == 7);
    assert(memcmp(r.data, "\x55\xff\xff\xff\x01\x02\x03", 7) == 0); /* any order, gaps 0xff */
    free(r.data);
    assert(read_text(":020000021000EC\n:0100000055AA\n" END, &r, &line) == OTA_OK);
    assert(r.address == 0x10000 && r.len == 1); /* a segment counts in 16 bytes */
    free(r.data);
    assert(read_text(":0400000508000131BD\n:0100000055aa\n" END, &r, &line) == OTA_OK);
    assert(r.address == 0 && r.len == 1); /* where a program starts is nothing to us */
    free(r.data);
}

static void test_refusals(void)
{
    refuse("", 0);
    refuse(END, 1);                                     /* no data */
    refuse(":0100000055AA\n", 1);                       /* no end */
    refuse(":0100000055AB\n" END, 1);                   /* sum */
    refuse(":0200000055AA\n" END, 1);                   /* shorter than it says */
    refuse(":010000005555AA\n" END, 1);                 /* longer */
    refuse("0100000055AA\n" END, 1);                    /* no colon */
    refuse(":0100000055A\n" END, 1);                    /* half a byte */
    refuse(":0100000055GA\n" END, 1);                   /* no digit */
    refuse(" :0100000055AA\n" END, 1);                  /* blanks */
    refuse(":0100000055AA\n:0100000055AA\n" END, 2);    /* a byte twice */
    refuse(":0100000655A4\n" END, 1);                   /* no such type */
    refuse(":0100000055AA\n" END ":0100010055A9\n", 3); /* behind the end */
    refuse(":02FFFF000102FD\n" END, 1);                 /* over the edge of 64 KiB */
    refuse(":0100000408F3\n:0100000055AA\n" END, 1);    /* an address of one byte */
    refuse(":0100000155A9\n", 1);                       /* an end with data */
    assert(read_text(":0100000055AA\n", &(struct hex_range){NULL, 0, 0}, &(size_t){0}) !=
           OTA_OK);
}

static void test_limits(void)
{
    struct hex_range r = {NULL, 0, 0};
    size_t line;

    /* From 0 to 64 MiB, one byte more than may be. */
    assert(read_text(":0100000055AA\n:020000040400F6\n:0100000055AA\n" END, &r, &line) ==
           OTA_E_LIMIT);
    assert(r.data == NULL);
}

static void writes(const struct hex_piece *piece, size_t count, const char *want)
{
    char *text = NULL;
    size_t len = 0;

    assert(hex_write(piece, count, &text, &len) == OTA_OK);
    assert(len == strlen(want) && memcmp(text, want, len) == 0);
    free(text);
}

static void test_write(void)
{
    static const uint8_t ones[40] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                     1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const struct hex_piece low = {0x10, ones, 17}, top = {0xfffffffe, ones, 2},
                           beyond = {0xffffffff, ones, 2};
    const struct hex_piece joined[] = {
        {0xfffc, ones, 2}, {0xfffe, ones, 4}, {0x10010, ones, 1}};
    char *text;
    size_t len;

    writes(&low, 1, ":1000100001010101010101010101010101010101D0\n:0100200001DE\n" END);
    writes(joined, 3,
           ":020000040000FA\n:04FFFC0001010101FD\n:020000040001F9\n:020000000101FC\n"
           ":0100100001EE\n" END);
    writes(&top, 1, ":02000004FFFFFC\n:02FFFE000101FF\n" END);
    writes(NULL, 0, END);
    assert(hex_write(&beyond, 1, &text, &len) == OTA_E_LIMIT);
}

int main(void)
{
    test_read();
    test_refusals();
    test_limits();
    test_write();
    return 0;
}
