/* Things that database tests are about. */
#include "make.h"

#include <stdlib.h>
#include <string.h>

#include "otad/db/platform.h"

void make_platform(struct kit *k, const char *name, bool follow_channel)
{
    const struct platform in = {.name = name, .title = name, .follow_channel = follow_channel};
    struct platform out;
    OK(db_platform_create(&k->scope, &in, &out));
}

struct release_new make_release_new(const char *platform, const char *version, uint32_t counter)
{
    static struct release_file file;
    file.name = "firmware.bin";
    memset(file.sha256, 0, sizeof file.sha256);
    (void)snprintf((char *)file.sha256, sizeof file.sha256, "%s %s", platform, version);
    return (struct release_new){.platform = platform,
                                .version = version,
                                .sums = version,
                                .minisig = "untrusted comment",
                                .notes = "",
                                .sums_signed_by = "0123456789ABCDEF",
                                .security_counter = counter,
                                .file_count = 1,
                                .files = &file};
}

struct artifact make_artifact(const struct release_new *r)
{
    struct artifact a = {.name = r->files[0].name,
                         .size_bytes = 1000,
                         .sha1 = {1},
                         .md5 = {2},
                         .kind = ARTIFACT_MCUBOOT,
                         .version = r->version,
                         .security_counter = r->security_counter,
                         .hardware_class = {3},
                         .key_hash = {4}};
    memcpy(a.sha256, r->files[0].sha256, sizeof a.sha256);
    return a;
}

void make_complete(struct kit *k, const char *platform, const char *version, uint32_t counter)
{
    const struct release_new in = make_release_new(platform, version, counter);
    const struct artifact a = make_artifact(&in);
    struct release out;
    OK(db_release_create(&k->scope, &in, &out));
    OK(db_release_artifact_put(&k->scope, platform, version, &a, &out));
    assert(out.state == RELEASE_COMPLETE);
}

void make_released(struct kit *k, const char *platform, const char *version, uint32_t counter,
                   enum channel channel)
{
    struct release out;
    make_complete(k, platform, version, counter);
    OK(db_release_release(&k->scope, platform, version, channel, &out));
    assert(out.state == RELEASE_RELEASED && out.channel == channel);
}

void make_token_hash(const char *id, uint8_t out[32])
{
    memset(out, 0, 32);
    (void)snprintf((char *)out, 32, "%s", id);
}

void make_device(struct kit *k, const char *id, const char *platform, const char *version)
{
    struct device_new in = {.id = id, .platform = platform};
    const struct device_attribute told = {"version", version};
    struct device out;
    make_token_hash(id, in.token_hash);
    OK(db_device_create(&k->scope, &in, &out));
    if (version != NULL)
        OK(db_device_attributes_put(&k->scope, id, ATTRIBUTES_MERGE, &told, 1, &out));
}

struct feedback make_feedback(enum execution e, enum result r)
{
    return (struct feedback){.execution = e, .result = r};
}
