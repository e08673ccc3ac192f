/* link: otad_device_pure */
#include "otad/device/esp_read.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct artifact file[32];
static struct release release = {.artifacts = file};

static void with(const char *const *name)
{
    release.artifact_count = 0;
    for (; *name != NULL; name++)
        file[release.artifact_count++].name = *name;
}
#define WITH(...) with((const char *const[]){__VA_ARGS__, NULL})

static const char *chosen(enum esp_mode mode)
{
    const struct artifact *a = esp_choose(&release, mode);
    return a == NULL ? "" : a->name;
}

static void test_mode(void)
{
    assert(esp_mode_parse("sketch") == ESP_SKETCH && esp_mode_parse(NULL) == ESP_SKETCH);
    assert(esp_mode_parse("spiffs") == ESP_FILESYSTEM);
    assert(esp_mode_parse("filesystem") == ESP_FILESYSTEM);
    assert(esp_mode_parse("version") == ESP_VERSION && esp_mode_parse("") == ESP_SKETCH);
}

static void test_choice(void)
{
    WITH("CHANGES", "app.bin", "data.littlefs.bin", "z.bin");
    assert(strcmp(chosen(ESP_SKETCH), "app.bin") == 0);
    assert(strcmp(chosen(ESP_FILESYSTEM), "data.littlefs.bin") == 0);
    WITH("a.factory.bin", "a.ota.bin", "bootloader.bin", "partitions.bin");
    assert(strcmp(chosen(ESP_SKETCH), "a.ota.bin") == 0);
    assert(strcmp(chosen(ESP_FILESYSTEM), "") == 0);
    WITH("a.bin", "b.OTA.bin", "c.ota.bin");
    assert(strcmp(chosen(ESP_VERSION), "b.OTA.bin") == 0);
    WITH("sketch.bin.gz", "x.txt");
    assert(strcmp(chosen(ESP_SKETCH), "sketch.bin.gz") == 0);
    WITH("notes.txt", "merged.bin", ".bin");
    assert(strcmp(chosen(ESP_SKETCH), "") == 0);
}

static void test_chips(void)
{
    static const struct {
        const char *text, *family;
    } table[] = {
        {"esp8266", "ESP8266"},
        {"door-ESP-8266.bin", "ESP8266"},
        {"esp32", "ESP32"},
        {"esp32-c6", "ESP32-C6"},
        {"esp32c61", "ESP32-C61"},
        {"ESP32_S3.bin", "ESP32-S3"},
        {"my-esp32-p4-x", "ESP32-P4"},
        {"esp32-c5", "ESP32-C5"},
        {"esp32h2", "ESP32-H2"},
        {"esp32.c3", "ESP32"},
        {"esp", NULL},
        {"", NULL},
        {"rp2040", NULL},
        {"esp-", NULL},
        {"ESP32-S2", "ESP32-S2"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const char *got = esp_chip_family(table[i].text);
        assert(got == NULL ? table[i].family == NULL
                           : table[i].family != NULL && strcmp(got, table[i].family) == 0);
    }
    assert(esp_chip_family(NULL) == NULL);
}

static void test_builds(void)
{
    struct esp_build b[ESP_BUILDS_MAX];

    WITH("esp32-s3.factory.bin", "esp32-s3.ota.bin", "esp8266.bin", "esp32.bin", "x.bin",
         "t.txt");
    assert(esp_builds(&release, NULL, b) == 3);
    assert(strcmp(b[0].chip, "ESP32-S3") == 0 && b[0].offset == 0);
    assert(strcmp(b[0].flashed->name, "esp32-s3.factory.bin") == 0);
    assert(strcmp(b[0].ota->name, "esp32-s3.ota.bin") == 0);
    assert(strcmp(b[1].chip, "ESP8266") == 0 && b[1].offset == 0 && b[1].flashed == b[1].ota);
    assert(strcmp(b[2].chip, "ESP32") == 0 && b[2].offset == 0x10000);
    assert(esp_builds(&release, "ESP32-C3", b) == 4);
    assert(strcmp(b[3].chip, "ESP32-C3") == 0 && strcmp(b[3].ota->name, "x.bin") == 0);
    WITH("esp32.merged.bin");
    assert(esp_builds(&release, NULL, b) == 1 && b[0].ota == NULL && b[0].flashed != NULL);
    WITH("x.txt");
    assert(esp_builds(&release, "ESP32", b) == 0);
}

int main(void)
{
    test_mode();
    test_choice();
    test_chips();
    test_builds();
    return 0;
}
