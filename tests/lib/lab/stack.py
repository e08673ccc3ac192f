"""The deepest stack of a program, from its machine code: what each function pushes, and whom it may call.

Link-time optimisation moves code between functions, so that the compiler's own records (-fstack-usage) name functions that
are no more; the linked program is what runs.  A call through a pointer may reach every function whose address is in the
program's constants; what is itself called through a pointer, or by that, calls only those that lead to no such call (the
sources of images read by way of the flash driver), which keeps the graph free of circles.  Sums are upper bounds."""
import re
import subprocess

HEAD = re.compile(r"^([0-9a-f]+) <([^>]+)>:$")
INSN = re.compile(r"^\s*([0-9a-f]+):\s+(?:[0-9a-f]{4} ?){1,2}\s+(\S+)\s*(.*)$")
TARGET = re.compile(r"([0-9a-f]+) <([^>+]+)>")
WORD = re.compile(r"^\s*[0-9a-f]+:\s+[0-9a-f]{8}\s+\.word\s+0x([0-9a-f]+)")
EXCEPTION_FRAME = 32  # what the core pushes; no floating point is used


def registers(text):
    n = 0
    for part in re.search(r"\{(.*)\}", text)[1].split(","):
        a, _, b = part.strip().partition("-")
        n += int(b[1:]) - int(a[1:]) + 1 if b else 1
    return n


def frame_of(mnemonic, operands):
    name = mnemonic.split(".")[0]
    if name == "push" or (name == "stmdb" and operands.startswith("sp!")):
        return 4 * registers(operands)
    if name in ("sub", "subw") and operands.startswith("sp") and "#" in operands:
        return int(operands.split("#")[1].split()[0], 0)
    m = re.search(r"\[sp, #-(\d+)\]!", operands)
    return int(m[1]) if name in ("str", "strd") and m else 0


class Program:
    def __init__(self, elf):
        self.frame, self.calls, self.indirect, starts = {}, {}, set(), {}
        text = subprocess.run(["arm-none-eabi-objdump", "-d", elf], capture_output=True, text=True, check=True).stdout
        words, name = set(), None
        for line in text.splitlines():
            if m := HEAD.match(line):
                name = m[2]
                starts[int(m[1], 16)] = name
                self.frame[name], self.calls[name] = 0, set()
            elif m := WORD.match(line):
                words.add(int(m[1], 16))
            elif m := INSN.match(line):
                self.instruction(name, m[2], m[3])
        taken = {starts[w & ~1] for w in words | self.constants(elf) if w & 1 and w & ~1 in starts}
        self.taken = taken - {"reset_handler", "fault_handler", "nmi_handler", "tick_handler"}
        self.indirect -= {"enter"}  # the jump into the app: the stack is given up
        plain = {t for t in self.taken if not self.reached({t}) & self.indirect}
        inner = self.reached(self.taken)
        for name in self.indirect:
            self.calls[name] |= plain if name in inner else self.taken

    def reached(self, names):
        """These, and all that they call by name."""
        seen, todo = set(), set(names)
        while todo:
            name = todo.pop()
            seen.add(name)
            todo |= self.calls.get(name, set()) - seen
        return seen

    def instruction(self, name, mnemonic, operands):
        self.frame[name] += frame_of(mnemonic, operands)
        base = mnemonic.split(".")[0]
        target = TARGET.search(operands)
        if target and base.startswith("b") and target[2] != name:
            self.calls[name].add(target[2])
        elif base in ("blx", "bx") and operands.strip() not in ("lr", ""):
            self.indirect.add(name)

    @staticmethod
    def constants(elf):
        """Every aligned word of the program: tables of functions are among them."""
        dump = subprocess.run(["arm-none-eabi-objdump", "-s", "-j", ".text", elf], capture_output=True, text=True, check=True).stdout
        out = set()
        for line in dump.splitlines():
            if re.match(r"^ [0-9a-f]+ ", line):
                for word in line.split()[1:5]:
                    if re.fullmatch(r"[0-9a-f]{8}", word):
                        out.add(int.from_bytes(bytes.fromhex(word), "little"))
        return out

    def deepest(self, name, above=()):
        """Bytes, and the chain of functions."""
        if name in above:
            raise AssertionError(f"recursion: {' > '.join((*above, name))}")
        if name not in self.memo:
            below = max((self.deepest(c, (*above, name)) for c in self.calls[name] if c in self.frame), default=(0, ()))
            self.memo[name] = (self.frame[name] + below[0], (name, *below[1]))
        return self.memo[name]

    def worst(self, start="reset_handler", interrupt="tick_handler"):
        self.memo = {}
        size, chain = self.deepest(start)
        return size + EXCEPTION_FRAME + self.deepest(interrupt)[0], chain
