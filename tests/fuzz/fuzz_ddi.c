/* link: otad_device_pure */
/* Bodies of devices: whatever they are, an answer and no harm. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "otad/device/ddi_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_fault fault = {.detail = ""};
    struct arena arena;
    struct ddi_config config;
    struct feedback feedback;
    struct heartbeat heartbeat;
    char *text = malloc(size + 1);
    assert(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    arena_init(&arena, ARENA_REQUEST_BYTES);
    if (ddi_read_config(&arena, text, size, &config, &fault) == OTA_OK)
        assert(config.count >= 1 && config.count <= DEVICE_ATTRIBUTES_MAX);
    if (ddi_read_feedback(&arena, text, size, &feedback, &fault) == OTA_OK) {
        const int32_t percent = feedback_percent(&feedback);
        assert(percent >= -1 && percent <= 100 && feedback.detail_count <= FLEET_DETAILS_MAX);
        for (size_t i = 0; i < feedback.detail_count; i++)
            assert(feedback.details[i] != NULL);
    }
    if (ddi_read_heartbeat(&arena, text, size, 1, &heartbeat, &fault) == OTA_OK)
        assert(heartbeat.version == NULL || strlen(heartbeat.version) <= 64);
    arena_done(&arena);
    free(text);
    return 0;
}
