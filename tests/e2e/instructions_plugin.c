/*
 * A plugin of QEMU's translator: how many instructions were executed at each character the
 * guest put out.  Blocks count whole, so a number may be a few instructions too high.
 *
 *   -plugin instructions.so,uart=ADDRESS[,at=ADDRESS...]
 *
 * On stderr: a line with a number for each character; "ADDRESS NUMBER" when a block that begins
 * at one of the addresses is executed.
 *
 * QEMU's plugin interface, version 1, is declared here because Debian ships no header of it.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
enum { NO_REGISTERS = 0, STORES = 2, PLACES_MAX = 16 };

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
                                           void (*on_block)(plugin_id,
                                                            struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block,
                                          void (*on_run)(unsigned, void *), int registers,
                                          void *arg);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t i);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
                                      void (*on_access)(unsigned, uint32_t, uint64_t, void *),
                                      int registers, int which, void *arg);
bool qemu_plugin_mem_is_store(uint32_t info);

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

static uint64_t uart, executed, places[PLACES_MAX];
static size_t place_count;

static void on_place(unsigned cpu, void *address)
{
    (void)cpu;
    fprintf(stderr, "%" PRIx64 " %" PRIu64 "\n", *(uint64_t *)address, executed);
}

static void on_run(unsigned cpu, void *instructions)
{
    (void)cpu;
    executed += (uintptr_t)instructions;
}

static void on_access(unsigned cpu, uint32_t info, uint64_t address, void *arg)
{
    (void)cpu;
    (void)arg;
    if (address == uart && qemu_plugin_mem_is_store(info))
        fprintf(stderr, "%" PRIu64 "\n", executed);
}

static void on_block(plugin_id id, struct qemu_plugin_tb *block)
{
    size_t n = qemu_plugin_tb_n_insns(block);

    (void)id;
    for (size_t i = 0; i < place_count; i++)
        if (qemu_plugin_tb_vaddr(block) == places[i])
            qemu_plugin_register_vcpu_tb_exec_cb(block, on_place, NO_REGISTERS, &places[i]);
    qemu_plugin_register_vcpu_tb_exec_cb(block, on_run, NO_REGISTERS, (void *)(uintptr_t)n);
    for (size_t i = 0; i < n; i++)
        qemu_plugin_register_vcpu_mem_cb(qemu_plugin_tb_get_insn(block, i), on_access,
                                         NO_REGISTERS, STORES, NULL);
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "uart=", 5) == 0)
            uart = strtoull(argv[i] + 5, NULL, 0);
        if (strncmp(argv[i], "at=", 3) == 0 && place_count < PLACES_MAX)
            places[place_count++] = strtoull(argv[i] + 3, NULL, 0);
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    return 0;
}
