/* Which format a file is of, and what of it is worth showing. */
#include "formats.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cortexm.h"
#include "esp.h"
#include "esp_name.h"
#include "otad/json.h"
#include "sbom.h"
#include "uf2.h"

static bool ends_in(const char *name, const char *ending)
{
    const size_t len = strlen(name), n = strlen(ending);
    return len > n && strcasecmp(name + len - n, ending) == 0;
}

static ota_err refuse(const char *code, const char *text, struct format_refusal *out_why)
{
    *out_why = (struct format_refusal){.code = code, .text = text};
    return OTA_E_SIGNATURE;
}

static ota_err details_end(struct json_out *o, struct format_facts *out)
{
    size_t len = 0;
    json_close_object(o);
    return json_out_end(o, &out->details, &len);
}

static void put_address(struct json_out *o, const char *key, uint32_t address)
{
    char text[11];
    (void)snprintf(text, sizeof text, "0x%08x", (unsigned)address);
    json_put_string(o, key, text);
}

/* ---- chips ----------------------------------------------------------------------------- */

/* May an image for chip stand where the name speaks of named?  Bare "esp32" in the name of a
 * platform often means the whole family. */
static bool platform_allows(const char *named, const char *chip)
{
    return named == NULL || strcmp(named, chip) == 0 ||
           (strcmp(named, "ESP32") == 0 && strncmp(chip, "ESP32", 5) == 0);
}

static ota_err chip_check(struct arena *a, const struct format_claim *c, const char *chip,
                          struct format_refusal *out_why)
{
    const char *named = esp_chip_family(c->name), *text = NULL;
    if (named != NULL && strcmp(named, chip) != 0)
        text =
            arena_printf(a, "The file's name says %s, but the image is for %s.", named, chip);
    else if (named == NULL && !platform_allows(esp_chip_family(c->platform), chip))
        text = arena_printf(a,
                            "The image is for %s, but the platform '%s' is named for %s. If it "
                            "has boards of both, name the chip in the file's name.",
                            chip, c->platform, esp_chip_family(c->platform));
    else if (named == NULL && c->sibling_chip != NULL && strcmp(c->sibling_chip, chip) != 0)
        text = arena_printf(a,
                            "The image is for %s, but '%s' of this platform is for %s. If it "
                            "has boards of both, name the chip in the files' names.",
                            chip, c->sibling, c->sibling_chip);
    else
        return OTA_OK;
    return text == NULL ? OTA_E_LIMIT : refuse("esp-wrong-chip", text, out_why);
}

/* ---- ESP ------------------------------------------------------------------------------- */

static void put_revision(struct json_out *o, const char *key, uint16_t revision)
{
    char text[16];
    if (revision == ESP_REVISION_NONE)
        return;
    (void)snprintf(text, sizeof text, "%u.%u", revision / 100U, revision % 100U);
    json_put_string(o, key, text);
}

static void put_text(struct json_out *o, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0')
        json_put_string(o, key, text);
}

static ota_err esp_details(struct arena *a, const struct esp_info *i, uint32_t file_bytes,
                           struct format_facts *out)
{
    struct json_out o;
    json_out_begin(&o, a);
    json_open_object(&o, NULL);
    json_put_string(&o, "image", esp_what_name(i->what));
    if (i->chip != NULL) {
        json_put_string(&o, "chip", i->chip);
        json_put_int(&o, "segments", i->segments);
        put_address(&o, "entry", i->entry);
        json_put_string(&o, "flash_mode", i->flash_mode);
        if (i->flash_bytes != 0)
            json_put_int(&o, "flash_bytes", i->flash_bytes);
        json_put_bool(&o, "hashed", i->hashed);
        json_put_bool(&o, "signed", i->is_signed);
        put_revision(&o, "minimum_revision", i->minimum_revision);
        put_revision(&o, "maximum_revision", i->maximum_revision);
        put_text(&o, "project", i->project);
        put_text(&o, "version", i->version);
        put_text(&o, "idf", i->idf);
    }
    if (i->partitions > 0)
        json_put_int(&o, "partitions", i->partitions);
    if (i->what == ESP_MERGED)
        json_put_int(&o, "app_offset", i->app_offset);
    json_put_int(&o, "trailing_bytes", file_bytes - i->image_bytes);
    return details_end(&o, out);
}

static ota_err check_esp(struct arena *a, const struct format_claim *c,
                         struct format_facts *out, struct format_refusal *out_why)
{
    struct esp_info info;
    const enum esp_verdict v = esp_check(c->source, &info);
    if (v == ESP_UNREADABLE)
        return OTA_E_IO;
    if (v != ESP_GOOD)
        return refuse(esp_verdict_code(v), esp_verdict_text(v), out_why);
    const ota_err err = info.chip == NULL ? OTA_OK : chip_check(a, c, info.chip, out_why);
    if (err != OTA_OK)
        return err;
    *out = (struct format_facts){.format = FORMAT_ESP, .chip = info.chip};
    return esp_details(a, &info, c->source->size_bytes, out);
}

/* ---- UF2 ------------------------------------------------------------------------------- */

static ota_err uf2_details(struct arena *a, const struct uf2_info *i, struct format_facts *out)
{
    struct json_out o;
    json_out_begin(&o, a);
    json_open_object(&o, NULL);
    json_put_int(&o, "blocks", i->blocks);
    json_open_array(&o, "families");
    for (unsigned k = 0; k < i->family_count; k++) {
        const struct uf2_family *f = &i->family[k];
        json_open_object(&o, NULL);
        put_address(&o, "id", f->id);
        json_put_string(&o, "name", uf2_family_name(f->id));
        put_address(&o, "from", f->first_address);
        put_address(&o, "to", f->end_address);
        json_put_int(&o, "bytes", f->payload_bytes);
        json_put_int(&o, "gaps", f->gaps);
        json_close_object(&o);
    }
    json_close_array(&o);
    json_put_int(&o, "comments", i->comments);
    json_put_bool(&o, "container", i->container);
    put_text(&o, "version", i->version);
    put_text(&o, "device", i->device);
    return details_end(&o, out);
}

static ota_err check_uf2(struct arena *a, const struct format_claim *c,
                         struct format_facts *out, struct format_refusal *out_why)
{
    struct uf2_info info;
    const enum uf2_verdict v = uf2_check(c->source, &info);
    if (v == UF2_UNREADABLE)
        return OTA_E_IO;
    if (v != UF2_GOOD)
        return refuse(uf2_verdict_code(v), uf2_verdict_text(v), out_why);
    const char *family = info.family_count == 1 ? uf2_family_name(info.family[0].id) : NULL;
    const bool is_esp = family != NULL && strncmp(family, "ESP", 3) == 0;
    const ota_err err = is_esp ? chip_check(a, c, family, out_why) : OTA_OK;
    if (err != OTA_OK)
        return err;
    *out = (struct format_facts){.format = FORMAT_UF2, .chip = is_esp ? family : NULL};
    return uf2_details(a, &info, out);
}

/* ---- Cortex-M -------------------------------------------------------------------------- */

/* promised: the name says that it is one.  Else it may be anything, and is then no error. */
static ota_err check_cortexm(struct arena *a, const struct format_claim *c, bool promised,
                             struct format_facts *out, struct format_refusal *out_why)
{
    struct cortexm_info info;
    struct json_out o;
    const enum cortexm_verdict v = cortexm_check(c->source, &info);
    if (v == CORTEXM_UNREADABLE)
        return OTA_E_IO;
    if (v != CORTEXM_GOOD && promised)
        return refuse(cortexm_verdict_code(v), cortexm_verdict_text(v), out_why);
    if (v != CORTEXM_GOOD)
        return OTA_OK;
    *out = (struct format_facts){.format = FORMAT_CORTEX_M};
    json_out_begin(&o, a);
    json_open_object(&o, NULL);
    put_address(&o, "stack", info.stack);
    put_address(&o, "entry", info.entry);
    put_address(&o, "lowest_base", info.lowest_base);
    put_address(&o, "highest_base", info.highest_base);
    json_put_int(&o, "handlers", info.handlers);
    return details_end(&o, out);
}

/* ---- bills of materials ---------------------------------------------------------------- */

static ota_err check_sbom(struct arena *a, const struct format_claim *c,
                          enum sbom_format format, struct format_facts *out,
                          struct format_refusal *out_why)
{
    struct sbom_info info;
    struct json_out o;
    const char *where = "";
    const enum sbom_verdict v = sbom_check(a, c->source, format, &info, &where);
    if (v == SBOM_UNREADABLE)
        return OTA_E_IO;
    if (v == SBOM_NO_MEMORY)
        return OTA_E_NO_MEMORY;
    if (v != SBOM_GOOD) {
        const char *text = where[0] == '\0'
                               ? sbom_verdict_text(v)
                               : arena_printf(a, "%s (%s)", sbom_verdict_text(v), where);
        return text == NULL ? OTA_E_LIMIT : refuse(sbom_verdict_code(v), text, out_why);
    }
    *out =
        (struct format_facts){.format = format == SBOM_SPDX ? FORMAT_SPDX : FORMAT_CYCLONEDX};
    json_out_begin(&o, a);
    json_open_object(&o, NULL);
    json_put_string(&o, "spec", info.spec);
    json_put_int(&o, "components", info.components);
    put_text(&o, "subject", info.subject);
    put_text(&o, "version", info.version);
    put_text(&o, "serial", info.serial);
    return details_end(&o, out);
}

ota_err formats_check(struct arena *a, const struct format_claim *claim,
                      struct format_facts *out, struct format_refusal *out_why)
{
    *out = (struct format_facts){.format = FORMAT_NONE};
    if (ends_in(claim->name, ".cdx.json"))
        return check_sbom(a, claim, SBOM_CYCLONEDX, out, out_why);
    if (ends_in(claim->name, ".spdx.json"))
        return check_sbom(a, claim, SBOM_SPDX, out, out_why);
    if (ends_in(claim->name, ".uf2") || uf2_claims(claim->source))
        return check_uf2(a, claim, out, out_why);
    if (esp_is_promised(claim->name) || esp_claims(claim->source))
        return check_esp(a, claim, out, out_why);
    return check_cortexm(a, claim, ends_in(claim->name, ".cortex-m.bin"), out, out_why);
}
