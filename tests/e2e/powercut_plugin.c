/*
 * A plugin of QEMU's translator: cut the power after exactly N stores of the guest to its
 * flash. The guest is not modified; QEMU leaves at once with status 42, nothing is flushed or
 * reset.
 *
 *   -plugin powercut.so,base=ADDRESS,size=BYTES,cut=N      N = 0: only count, and tell at the
 * end
 *
 * QEMU's plugin interface, version 1, is declared here because Debian ships no header of it.
 * QEMU 7.2 calls back for loads too, whatever was asked for.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
enum { CUT_STATUS = 42, NO_REGISTERS = 0, STORES = 2 };

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
                                           void (*on_block)(plugin_id,
                                                            struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t i);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
                                      void (*on_access)(unsigned, uint32_t, uint64_t, void *),
                                      int registers, int which, void *arg);
bool qemu_plugin_mem_is_store(uint32_t info);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*at_exit)(plugin_id, void *),
                                    void *arg);

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

static uint64_t base, size, cut_after, stores;

/* After the access was done. */
static void on_access(unsigned cpu, uint32_t info, uint64_t address, void *arg)
{
    (void)cpu;
    (void)arg;
    if (address - base < size && qemu_plugin_mem_is_store(info) && ++stores == cut_after)
        _exit(CUT_STATUS);
}

static void on_block(plugin_id id, struct qemu_plugin_tb *block)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++)
        qemu_plugin_register_vcpu_mem_cb(qemu_plugin_tb_get_insn(block, i), on_access,
                                         NO_REGISTERS, STORES, NULL);
}

static void at_exit(plugin_id id, void *arg)
{
    (void)id;
    (void)arg;
    fprintf(stderr, "flash stores: %" PRIu64 "\n", stores);
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    static const struct {
        const char *name;
        uint64_t *value;
    } options[] = {{"base=", &base}, {"size=", &size}, {"cut=", &cut_after}};

    (void)info;
    for (int i = 0; i < argc; i++) {
        for (size_t o = 0; o < sizeof options / sizeof options[0]; o++) {
            size_t len = strlen(options[o].name);

            if (strncmp(argv[i], options[o].name, len) == 0)
                *options[o].value = strtoull(argv[i] + len, NULL, 0);
        }
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
