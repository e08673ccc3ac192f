"""A board whose time is the test's: weeks pass at once.  What runs is the product, byte for byte; the emulator's gdb server
stops the processor between two instructions, and the counter of ticks goes on as if they had come."""
import os
import socket
import subprocess

from .board import APPS, DEVICE_BUILD, EmulatedBoard
from .proc import Failed, wait_until

TICKS_PER_S = 100   # firmware/boards/mps2/startup.h
LEAP_MAX_S = 2_000_000  # lwIP takes a leap of more than 24 days for a step back


def address_of_ticks(app):
    out = subprocess.run(["arm-none-eabi-nm", (DEVICE_BUILD / "firmware" / "apps" / app).with_suffix(".elf")], check=True,
                         capture_output=True, text=True).stdout
    return next(int(line.split()[0], 16) for line in out.splitlines() if line.split()[-1] == "ticks")


class Debugger:
    """One stop of the processor, over its gdb server's protocol; it goes on at the end of the block."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        where = os.open(self.folder, os.O_PATH)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(f"/proc/self/fd/{where}/gdb.sock")
        os.close(where)
        self.stream = self.socket.makefile("rb")
        return self

    def __exit__(self, *_):
        self.ask("D")
        self.stream.close()
        self.socket.close()

    def answer(self):
        while (c := self.stream.read(1)) != b"$":
            if not c:
                raise Failed("the emulator's gdb server has hung up")
        text = b""
        while (c := self.stream.read(1)) != b"#":
            text += c
        self.stream.read(2)
        self.socket.sendall(b"+")
        return text.decode()

    def ask(self, text):
        self.socket.sendall(f"${text}#{sum(text.encode()) % 256:02x}".encode())
        answer = self.answer()
        while answer.startswith("T"):  # that it has stopped, which it says when it likes
            answer = self.answer()
        return answer

    def word(self, at):
        return int.from_bytes(bytes.fromhex(self.ask(f"m{at:x},4")), "little")

    def put_word(self, at, value):
        if self.ask(f"M{at:x},4:{value.to_bytes(4, 'little').hex()}") != "OK":
            raise Failed(f"the emulator does not write to {at:#x}")


class TimedBoard(EmulatedBoard):
    """Runs the reference app as of a version (lab/board.py)."""

    app = "1.0.0"

    def start(self):
        self.starts += 1
        (self.folder / "gdb.sock").unlink(missing_ok=True)
        self.board.start("-chardev", "socket,path=gdb.sock,server=on,wait=off,id=gdb", "-gdb", "chardev:gdb")
        wait_until("the emulator's gdb server", lambda: (self.folder / "gdb.sock").exists())
        return self

    def pass_time(self, seconds):
        """Whole seconds."""
        at = address_of_ticks(APPS[self.app])
        while seconds > 0:
            leap = min(seconds, LEAP_MAX_S)
            with Debugger(self.folder) as d:
                d.put_word(at, (d.word(at) + leap * TICKS_PER_S) % 2 ** 32)
            seconds -= leap
