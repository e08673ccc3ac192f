"""The linked bootloader in an emulated processor that does one instruction wrong: Unicorn, whose memory and registers a test
may touch at any instruction.  Peripherals are memory that reads as written, which is all the bootloader of an MPS2 board needs."""
import bisect
import pathlib
import re
import subprocess
import sys

sys.path.append("/usr/lib/python3/dist-packages")  # Debian's python3-unicorn, under whichever Python this is
import unicorn  # noqa: E402
from unicorn import arm_const as arm  # noqa: E402

CODE, RAM, FLASH = (0, 0x10000), (0x20000000, 0x400000), (0x21000000, 0x200000)
PERIPHERALS = ((0x40000000, 0x100000), (0xE0000000, 0x100000))
NOP, NOP_WIDE = b"\x00\xbf", b"\xaf\xf3\x00\x80"
PATIENCE_US = 20_000_000
REMEMBERED_MAX = 200          # states; what a fault made of them comes back seldom
RAM_USED = 0x1800             # firmware/boards/mps2/boot.ld
REGISTERS = [getattr(arm, f"UC_ARM_REG_{n}") for n in ("R0", "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12",
                                                       "SP", "LR", "CPSR")]

INSN = re.compile(r"^\s*([0-9a-f]+):\t((?:[0-9a-f]{4} ?){1,2})\s*\t(\S+)\s*(.*)$")
HEAD = re.compile(r"^([0-9a-f]+) <([^>]+)>:$")


class Listing:
    """Instructions of a program: address -> (size in bytes, text), and which function it is in."""

    def __init__(self, elf):
        self.at, self.starts, name = {}, [], None
        text = subprocess.run(["arm-none-eabi-objdump", "-d", elf], capture_output=True, text=True, check=True).stdout
        for line in text.splitlines():
            if m := HEAD.match(line):
                name = m[2]
                self.starts.append((int(m[1], 16), name))
            elif (m := INSN.match(line)) and not m[3].startswith("."):
                self.at[int(m[1], 16)] = (2 * len(m[2].split()), f"{m[3]} {m[4]}")

    def function(self, address):
        return self.starts[bisect.bisect_right(self.starts, (address, "\x7f")) - 1][1]

    def address(self, name):
        return next(a for a, n in self.starts if n == name)


class Cortex:
    """A board that starts over and over with the same flash.  What the slow functions do to RAM and registers is remembered
    for each state they were called in."""

    def __init__(self, elf, flash, slow=()):
        self.listing = Listing(elf)
        self.code = pathlib.Path(elf).with_suffix(".bin").read_bytes()
        self.flash = pathlib.Path(flash).read_bytes()[:FLASH[1]]
        self.end = self.listing.address("enter")
        self.slow, self.known, self.undisturbed = {a for a, n in self.listing.starts if n.split(".")[0] in slow}, {}, False
        self.halts = [a for a, (_, text) in self.listing.at.items() if text == "wfi " or text.startswith(f"b.n\t{a:x} ")]
        self.uc = uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        uc.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M4)
        uc.mem_map(*CODE, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
        for at, size in (RAM, FLASH, *PERIPHERALS):
            uc.mem_map(at, size)
        uc.mem_write(CODE[0], self.code)
        for at in self.halts:
            uc.hook_add(unicorn.UC_HOOK_CODE, self.stop, begin=at, end=at)
        for at in self.slow:
            uc.hook_add(unicorn.UC_HOOK_CODE, self.stop_to_remember, begin=at, end=at)
        self.fresh = uc.context_save()

    def stop(self, uc, at, size, _):
        self.outcome = "stops"  # waits for recovery, or has asked for a reset
        uc.emu_stop()

    def reset(self):
        uc = self.uc
        self.outcome = None
        uc.context_restore(self.fresh)
        uc.mem_write(RAM[0], bytes(RAM_USED))
        uc.mem_write(RAM[0] + RAM[1] - 0x1000, bytes(0x1000))
        uc.mem_write(FLASH[0], self.flash)
        for at, _ in PERIPHERALS:
            uc.mem_write(at, bytes(0x10000))
        uc.reg_write(arm.UC_ARM_REG_CPSR, 0x01000030)
        uc.reg_write(arm.UC_ARM_REG_SP, int.from_bytes(self.code[:4], "little"))
        self.pc = int.from_bytes(self.code[4:8], "little") & ~1

    def stop_to_remember(self, uc, at, size, _):
        if not self.undisturbed:
            uc.emu_stop()

    def start(self, until, count=0):
        if until != 0:
            self.uc.ctl_remove_cache(until, until + 2)  # or what was translated before knows of no stop there
        try:
            self.uc.emu_start(self.pc | 1, until, timeout=PATIENCE_US, count=count)
            self.pc = self.uc.reg_read(arm.UC_ARM_REG_PC) & ~1
        except unicorn.UcError as e:
            self.outcome = f"faults ({e})"

    def remembered(self):
        """At the start of a slow function: to its end, by memory if it was called in this very state before."""
        uc, back = self.uc, self.uc.reg_read(arm.UC_ARM_REG_LR) & ~1
        state = (self.pc, bytes(uc.mem_read(RAM[0], RAM_USED)), *(uc.reg_read(r) for r in REGISTERS))
        if state in self.known:
            memory, registers = self.known[state]
            uc.mem_write(RAM[0], memory)
            for r, value in zip(REGISTERS, registers):
                uc.reg_write(r, value)
            self.pc = back
            return
        self.undisturbed = True
        self.start(back)
        self.undisturbed = False
        if self.outcome is None and self.pc == back and len(self.known) < REMEMBERED_MAX:
            self.known[state] = bytes(uc.mem_read(RAM[0], RAM_USED)), [uc.reg_read(r) for r in REGISTERS]

    def go(self, until, count=0):
        """Run to an address, or the end; the outcome, if there is one."""
        self.start(until, count)
        while count == 0 and self.outcome is None and self.pc in self.slow and self.pc != until:
            self.remembered()
            if self.outcome is None and self.pc != until:
                self.start(until)
        if self.outcome is None and count == 0 and self.pc != until:
            self.outcome = "hangs"
        return self.outcome

    def boot(self):
        """An undisturbed boot: "boots", "waits", "resets"."""
        self.reset()
        return self.go(self.end) or "boots"

    def trace(self):
        """How often each instruction is executed in an undisturbed boot."""
        counts = {}

        def block(uc, at, size, _):
            counts[at, size] = counts.get((at, size), 0) + 1

        hook = self.uc.hook_add(unicorn.UC_HOOK_BLOCK, block)
        self.undisturbed = True
        outcome = self.boot()
        self.undisturbed = False
        self.uc.hook_del(hook)
        times = {}
        for (at, size), n in counts.items():
            while size > 0 and at in self.listing.at:
                step = self.listing.at[at][0]
                times[at] = times.get(at, 0) + n
                at, size = at + step, size - step
        return outcome, times

    def boot_without(self, site, occurrence=1):
        """A boot in which one instruction does nothing at its n-th execution."""
        size = self.listing.at[site][0]
        self.reset()
        self.undisturbed = any(self.listing.function(site) == self.listing.function(a) for a in self.slow)
        for n in range(occurrence):
            if n > 0 and self.go(0, count=1):
                return self.outcome
            if self.go(site):
                return self.outcome
        self.patch(site, NOP if size == 2 else NOP_WIDE)
        self.undisturbed = True
        outcome = self.go(0, count=1)
        self.undisturbed = False  # what follows may be remembered again
        self.patch(site, self.code[site:site + size])
        return outcome or self.go(self.end) or "boots"

    def patch(self, at, instruction):
        self.uc.mem_write(at, bytes(instruction))
        self.uc.ctl_remove_cache(at, at + len(instruction))
