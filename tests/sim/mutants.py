#!/usr/bin/env python3
"""Weaken the rules one at a time: the simulators must notice each.  A simulator that lets a mutant live is broken.

mutants.py SOURCE-TREE COMPILER [PART-OF-NAME]
"""
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT, CC = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
WANTED = sys.argv[3] if len(sys.argv) > 3 else ""
CORE = ["firmware/image/err.c", "firmware/image/reader.c", "firmware/image/image.c", "firmware/image/manifest.c",
        "firmware/slot/crc32.c", "firmware/slot/boot_record.c", "firmware/slot/slot.c", "firmware/slot/slot_manifest.c",
        "firmware/slot/journal.c", "firmware/slot/log.c", "bootloader/boot.c", "bootloader/run.c", "bootloader/swap.c",
        "tests/sim/flash_sim.c", "tests/sim/crypto_sim.c", "tests/sim/images_sim.c"]

# what is weakened, simulator that must notice, file, text, replacement
MUTANTS = [
    ("resume compares the operation in flight", "swap", "bootloader/swap.c",
     "finish(m, j, j->step, j->stepped, hooks)", "finish(m, j, j->step, false, hooks)"),
    ("resume does not write the accepted entry again", "swap", "bootloader/swap.c",
     "ota_err e = journal_settle(j);", "ota_err e = OTA_OK;"),
    ("the step is written after the copy", "swap", "bootloader/swap.c",
     "            e = journal_put_step(j, step);\n            if (e != OTA_OK)\n                return e;\n        }",
     "        }\n        out->result = copy(m->flash, &mv);\n        e = journal_put_step(j, step);\n"
     "        if (e != OTA_OK)\n            return e;\n        continue;"),
    ("resume skips the operation in flight", "swap", "bootloader/swap.c",
     "finish(m, j, j->step, j->stepped, hooks)", "finish(m, j, j->step + j->stepped, false, hooks)"),
    ("sectors are compared by their first block", "swap", "bootloader/swap.c",
     "at < f->erase_bytes; at += BLOCK_BYTES)\n        if (", "at < BLOCK_BYTES; at += BLOCK_BYTES)\n        if ("),
    ("forward preserves nothing", "swap", "bootloader/swap.c",
     "return i < (saving ? s->out_sectors :", "return i < (saving ? (s->mode == JOURNAL_FORWARD ? 0u : s->out_sectors) :"),
    ("revert runs upwards", "swap", "bootloader/swap.c",
     "return (steps_of(s) - 1 - step) / 2;", "return step / 2;"),
    ("an interrupted change of journal units is forgotten", "log", "firmware/slot/log.c",
     "l->must_change = !(here && there) || before + places(l) != l->base;", "l->must_change = false;"),
    ("the other journal unit is trusted to be blank", "swap", "firmware/slot/log.c",
     "    ota_err e = l->flash->erase(l->flash, address(l, l->page, 0));", "    ota_err e = OTA_OK;"),
    ("the older journal unit wins", "log", "firmware/slot/log.c",
     "(there && other.base > l->base)", "(there && other.base < l->base)"),
    ("a unit without proof is left", "log", "firmware/slot/log.c", "    e = l->must_change ? OTA_OK : prove(l);\n",
     "    (void)prove;\n    e = OTA_OK;\n"),
    ("a seal of an earlier boot is looked at once", "log", "firmware/slot/log.c", "    e = l->must_change ? OTA_OK : prove(l);\n",
     "    (void)prove;\n    e = l->must_change || l->proven ? OTA_OK : OTA_E_NOT_FOUND;\n"),
    ("a proven unit is begun anew", "log", "firmware/slot/log.c", "    e = l->must_change ? OTA_OK : prove(l);\n",
     "    (void)prove;\n    e = l->must_change || l->sealed ? OTA_OK : OTA_E_NOT_FOUND;\n"),
    ("a unit whose seal cannot be read is begun anew", "fault", "firmware/slot/log.c",
     "        if (again.lost != l->lost)\n            return OTA_E_IO;\n", ""),
    ("unreadable places count at once", "fault", "firmware/slot/log.c",
     "        e = open_once(l, f, at, out, &lost);\n", "        e = open_once(l, f, at, out, &lost);\n        before = lost;\n"),
    ("a bad A is not looked at again", "fault", "bootloader/run.c",
     "    if (r->facts.a != IMAGE_GOOD)\n        r->facts.a = 0;\n", ""),
    ("a failed operation is not tried again", "fault", "bootloader/swap.c",
     "        if (out->result != MOVED) {\n", "        if (false) {\n"),
    ("it is tried again at once", "fault", "bootloader/swap.c",
     "            e = journal_prove_step(j, step);", "            e = OTA_OK;"),
    ("a failed plain copy ends", "edges", "bootloader/swap.c",
     "            return OTA_E_IO; /* a plain copy", "            break; /* a plain copy"),
    ("a target is erased before its source was read", "life", "bootloader/swap.c",
     "    if (!alike(f, &itself))\n        return SOURCE_BAD;\n", "    (void)itself;\n"),
    ("what is written is not read back", "fault", "firmware/slot/log.c",
     "    if (e == OTA_OK && memcmp(back.raw", "    if (false && memcmp(back.raw"),
    ("a note outlives the whole entry after it", "log", "firmware/slot/log.c", "        w->found.note_bytes = 0;\n", ""),
    ("records have no checksum", "swap", "firmware/slot/log.c",
     "crc32_of(out->raw, CRC_AT) == le32_load(out->raw + CRC_AT)", "out->raw[2] > 0"),
    ("an entry counts with its first record", "swap", "firmware/slot/log.c", "    if (part + 1 == parts)", "    if (part == 0)"),
    ("a lost source is no reason to go back", "swap", "bootloader/swap.c",
     "        repair(&j->swap, stop.step, stop.result);", "        j->swap.in_sectors = j->swap.out_sectors = 0;"),
    ("a step is written for every second operation", "swap", "bootloader/swap.c",
     "            e = journal_put_step(j, step);", "            e = step % 2 == 0 ? journal_put_step(j, step) : OTA_OK;"),
    ("going back forgets the sector in flight", "swap", "bootloader/swap.c",
     "(staged == (saving && !on))", "(staged && saving && !on)"),
    ("going on leaves a sector out", "swap", "bootloader/swap.c",
     "(staged == (saving && !on))", "(on || staged == (saving && !on))"),
    ("a revert that goes back leaves a sector out", "swap", "bootloader/swap.c",
     "(staged == (saving && !on))", "(staged && !on ? 1 + saving : staged == (saving && !on))"),
    ("a torn sector that cannot be read ends the swap", "swap", "bootloader/swap.c",
     "    if (!alike(f, &itself))\n        return SOURCE_BAD;", "    if (!alike(f, &itself))\n        return MOVED;"),
    ("a revert leaves the old image on trial", "life", "bootloader/run.c",
     "        what->mode = (uint8_t)(keep ? JOURNAL_REVERT", "        what->phase = SLOT_TRIAL;\n        what->mode = (uint8_t)(keep ? JOURNAL_REVERT"),
    ("trial boots are not counted", "life", "bootloader/run.c", "    s.tries_left--;", "    (void)s;"),
    ("the state is not settled at boot", "life", "bootloader/run.c",
     "        settle(&r);\n", ""),
    ("confirming does not raise the floor", "life", "firmware/slot/slot.c",
     "        s.security_floor = running->security_counter;", "        s.security_floor += 0;"),
    ("the floor rises before the confirmation", "life", "bootloader/run.c",
     "    s.tries_left--;", "    s.tries_left--;\n    s.security_floor = r->a.security_counter;"),
    ("the pending manifest takes effect at once", "life", "bootloader/run.c",
     "    s.tries_left--;", "    s.tries_left--;\n    s.manifest_sequence = s.trial_sequence;"),
    ("the pending manifest never takes effect", "life", "firmware/slot/slot.c",
     "            s.manifest_sequence = s.trial_sequence;", "            s.manifest_sequence += 0;"),
    ("staged images are not verified", "life", "bootloader/boot.c",
     "    if (f->staged != IMAGE_GOOD)\n        return BOOT_REFUSE;", ""),
    ("a corrupt slot A is not repaired", "life", "bootloader/boot.c",
     "    if (f->previous == IMAGE_GOOD)\n        return BOOT_REPAIR;", ""),
    ("trials never end", "life", "bootloader/boot.c",
     "f->a == IMAGE_GOOD && f->tries_left > 0", "f->a == IMAGE_GOOD"),
    ("the sector in force is told by what it states", "manifest", "firmware/slot/slot_manifest.c",
     "sector_write(m, 1 - keep,", "sector_write(m, stated_sequence(m, 0) == stated_sequence(m, keep) ? 1 : 0,"),
    ("what is refused is not looked at again", "fault", "bootloader/run.c",
     "    return v == IMAGE_GOOD ? v : look_once(r, src, pending, out);", "    return v;"),
    ("a failed read makes a record torn", "edges", "firmware/slot/log.c",
     "        e = open_once(l, f, at, out, &lost);\n", "        e = open_once(l, f, at, out, &lost);\n        before = lost;\n"),
    ("a swap whose journal fails goes on", "fault", "bootloader/swap.c",
     "            e = journal_put_step(j, step);\n            if (e != OTA_OK)\n                return e;",
     "            e = journal_put_step(j, step);\n            (void)e;"),
    ("entries of several records are written once", "swap", "firmware/slot/log.c",
     "    return parts > 1 ? 2 * parts : parts;", "    return parts;"),
    ("staging does not erase", "life", "firmware/slot/slot.c",
     "        if (at % f->erase_bytes == 0)\n            e = f->erase(f, to);", ""),
]


def compile_to(source, out):
    subprocess.run([CC, "-std=c11", "-O1", "-w", "-D_DEFAULT_SOURCE", "-I", str(ROOT), "-I", str(source.parent), "-c",
                    str(source), "-o", str(out)], check=True)


def mutate(work, objects, number, mutant):
    name, sim, path, text, replacement = mutant
    source = (ROOT / path).read_text()
    if source.count(text) != 1:
        return f"{name}: the text to replace occurs {source.count(text)} times in {path}"
    folder = ROOT / pathlib.Path(path).parent
    # includes are relative to the file's own folder: keep them working from a copy elsewhere
    copy = work / f"m{number}.c"
    body = source.replace(text, replacement)
    lines = [f'#include "{(folder / line.split(chr(34))[1]).resolve()}"' if line.startswith('#include "') else line
             for line in body.splitlines()]
    copy.write_text("\n".join(lines) + "\n")
    compile_to(copy, work / f"m{number}.o")
    others = [str(o) for p, o in objects.items() if p != path and not p.startswith("tests/sim/sim_")]
    program = work / f"m{number}"
    subprocess.run([CC, "-o", str(program), str(work / f"m{number}.o"), str(objects[f"tests/sim/sim_{sim}.c"]), *others],
                   check=True)
    r = subprocess.run([str(program), {"log": "40", "swap": "4", "life": "10", "manifest": "3", "fault": "", "edges": ""}[sim]], capture_output=True, text=True, timeout=1500)
    first = (r.stdout.splitlines() or [""])[-3:]
    if "BROKEN" not in r.stdout and r.returncode == 0:
        return f"{name}: nobody noticed"
    print(f"noticed: {name:52} {next((l for l in r.stdout.splitlines() if 'BROKEN' in l), 'crash ' + str(first))}", flush=True)
    return None


def main():
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        work, objects = pathlib.Path(folder), {}
        for i, path in enumerate(CORE + [f"tests/sim/sim_{s}.c" for s in ("log", "swap", "life", "manifest", "fault", "edges")]):
            objects[path] = work / f"c{i}.o"
        list(pool.map(lambda item: compile_to(ROOT / item[0], item[1]), objects.items()))
        # a boot is a function of flash: what is kept between boots would hide what a reset loses
        core = [str(o) for p, o in objects.items() if not p.startswith("tests/")]
        symbols = subprocess.run(["nm", *core], capture_output=True, text=True, check=True).stdout
        kept = [line for line in symbols.splitlines() if re.match(r"[0-9a-f]{16} [bBdDC] ", line)]
        if kept:
            sys.exit("the core keeps state between boots: " + ", ".join(kept))
        jobs = [pool.submit(mutate, work, objects, i, m) for i, m in enumerate(MUTANTS) if WANTED in m[0]]
        bad = [b for b in (j.result() for j in jobs) if b]
    for b in bad:
        print("NOT NOTICED:", b)
    print(f"no variables in {len(CORE) - 3} core files; {len(jobs)} mutants, {len(bad)} not noticed")
    sys.exit(bool(bad))


main()
