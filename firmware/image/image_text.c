/* Words for verdicts: names and sentences apart, so that a device links only what it says. */
#include "image.h"

const char *image_verdict_name(enum image_verdict v)
{
    switch (v) {
    case IMAGE_GOOD:
        return "good";
    case IMAGE_BLANK:
        return "blank";
    case IMAGE_MALFORMED:
        return "malformed";
    case IMAGE_TOO_LARGE:
        return "too-large";
    case IMAGE_UNSUPPORTED:
        return "unsupported";
    case IMAGE_BAD_DIGEST:
        return "bad-digest";
    case IMAGE_UNKNOWN_KEY:
        return "unknown-key";
    case IMAGE_BAD_SIGNATURE:
        return "bad-signature";
    case IMAGE_WRONG_CLASS:
        return "wrong-class";
    case IMAGE_BELOW_FLOOR:
        return "below-floor";
    case IMAGE_NO_POLICY_TLV:
        return "no-policy-tlv";
    case IMAGE_UNREADABLE:
        return "unreadable";
    case IMAGE_ENCRYPTED:
        return "encrypted";
    case IMAGE_COMPRESSED:
        return "compressed";
    case IMAGE_PURE:
        return "pure-signature";
    }
    return "unknown";
}

const char *image_verdict_text(enum image_verdict v)
{
    switch (v) {
    case IMAGE_GOOD:
        return "the image is authentic";
    case IMAGE_BLANK:
        return "there is no MCUboot image";
    case IMAGE_MALFORMED:
        return "the image's header or TLVs break the format";
    case IMAGE_TOO_LARGE:
        return "the image is larger than what holds it (slot too small, or cut off)";
    case IMAGE_UNSUPPORTED:
        return "the image uses something we refuse (RAM load, not bootable, RSA, P-384, a full "
               "public key, or SHA-512 without Ed25519)";
    case IMAGE_BAD_DIGEST:
        return "the contents differ from the digest in the image";
    case IMAGE_UNKNOWN_KEY:
        return "the image is signed by a key that is not in the key manifest";
    case IMAGE_BAD_SIGNATURE:
        return "the signature does not match the image";
    case IMAGE_WRONG_CLASS:
        return "the image was made for other hardware";
    case IMAGE_BELOW_FLOOR:
        return "the image's security counter is below the floor";
    case IMAGE_NO_POLICY_TLV:
        return "the image lacks its security counter or its hardware class";
    case IMAGE_UNREADABLE:
        return "the image could not be read";
    case IMAGE_ENCRYPTED:
        return "the image is encrypted, which we do not support";
    case IMAGE_COMPRESSED:
        return "the image is compressed, which we do not support";
    case IMAGE_PURE:
        return "the signature covers the image itself instead of its digest (imgtool --pure)";
    }
    return "unknown verdict";
}
