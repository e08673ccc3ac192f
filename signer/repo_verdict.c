/* The verdicts of firmware/tuf in words. */
#include "repo_verdict.h"

#include <stddef.h>

const char *repo_verdict_words(enum tuf_verdict v)
{
    static const char *const words[TUF_VERDICTS] = {
        [TUF_GOOD] = "nothing is wrong with it",
        [TUF_NOT_CANONICAL] = "it is no canonical JSON",
        [TUF_MEMBER] = "a member is missing or has the wrong form",
        [TUF_TYPE] = "it is a file of another role",
        [TUF_SPEC_VERSION] = "it follows another specification",
        [TUF_KEY] = "a key in it cannot be one",
        [TUF_KEYID] = "a keyid is not the digest of its key",
        [TUF_TWICE] = "a key or a role stands in it twice",
        [TUF_THRESHOLD] = "it has too few valid signatures",
        [TUF_OLD_THRESHOLD] = "it has too few valid signatures of the root before it",
        [TUF_VERSION] = "it is not the version that it must be",
        [TUF_ROLLBACK] = "it is older than what was seen before",
        [TUF_VANISHED] = "it no longer lists a file that was listed before",
        [TUF_EXPIRED] = "it has expired",
        [TUF_LENGTH] = "its length is not the one that is listed or allowed",
        [TUF_HASH] = "its digest is not the one that is listed",
        [TUF_UNLISTED] = "the snapshot does not list it",
        [TUF_ABSENT] = "it must be there and is not",
        [TUF_LIMIT] = "it has more keys or roles than a device takes",
        [TUF_ROLE_NAME] = "it names a role as none may be called",
        [TUF_PLATFORM] = "it is of another platform's repository",
        [TUF_NO_TARGET] = "nobody who may lists this file",
    };

    return v < TUF_VERDICTS && words[v] != NULL ? words[v] : tuf_verdict_name(v);
}
