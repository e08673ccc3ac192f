/* Words for verdicts.  Apart from image.c so that a bootloader does not carry them. */
#include "image.h"

struct words {
    const char *name, *text;
};

static struct words words_of(enum image_verdict v)
{
    switch (v) {
    case IMAGE_GOOD:
        return (struct words){"good", "the image is authentic"};
    case IMAGE_BLANK:
        return (struct words){"blank", "there is no MCUboot image"};
    case IMAGE_MALFORMED:
        return (struct words){"malformed", "the image's header or TLVs break the format"};
    case IMAGE_TOO_LARGE:
        return (struct words){
            "too-large", "the image is larger than what holds it (slot too small, or cut off)"};
    case IMAGE_UNSUPPORTED:
        return (struct words){"unsupported", "the image uses something we refuse (encryption, "
                                             "compression, RAM load, RSA, SHA-512, pure "
                                             "signatures or a full public key)"};
    case IMAGE_BAD_DIGEST:
        return (struct words){"bad-digest", "the contents differ from the digest in the image"};
    case IMAGE_UNKNOWN_KEY:
        return (struct words){"unknown-key",
                              "the image is signed by a key that is not in the key manifest"};
    case IMAGE_BAD_SIGNATURE:
        return (struct words){"bad-signature", "the signature does not match the image"};
    case IMAGE_WRONG_CLASS:
        return (struct words){"wrong-class", "the image was made for other hardware"};
    case IMAGE_BELOW_FLOOR:
        return (struct words){
            "below-floor", "the image's security counter is below what is already confirmed"};
    case IMAGE_NO_POLICY_TLV:
        return (struct words){"no-policy-tlv",
                              "the image lacks its security counter or its hardware class"};
    case IMAGE_UNREADABLE:
        return (struct words){"unreadable", "the image could not be read"};
    }
    return (struct words){"unknown", "unknown verdict"};
}

const char *image_verdict_text(enum image_verdict v)
{
    return words_of(v).text;
}

const char *image_verdict_name(enum image_verdict v)
{
    return words_of(v).name;
}
