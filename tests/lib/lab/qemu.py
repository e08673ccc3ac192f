"""The emulated board: mps2-an386, its flash a file of the host that survives a kill."""
import json
import os
import pathlib
import shutil
import socket

from .proc import Failed, Process, wait_until

FLASH_BYTES = 16 * 1024 * 1024
MAC = "52:54:00:12:34:56"


class Board:
    """flash.img, uart.log and the monitor's socket in folder.  Cutting the power is kill()."""

    def __init__(self, folder, bootloader, flash, name="board"):
        self.folder, self.bootloader, self.name = pathlib.Path(folder), pathlib.Path(bootloader), name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.flash = self.folder / "flash.img"
        if flash is not None and pathlib.Path(flash) != self.flash:
            shutil.copyfile(flash, self.flash)
        self.uart = self.folder / "uart.log"
        self.process = None
        self.starts = 0

    def command(self, extra=()):
        return ["qemu-system-arm", "-machine", "mps2-an386,memory-backend=flash",
                "-object", f"memory-backend-file,id=flash,share=on,mem-path=flash.img,size={FLASH_BYTES}",
                "-kernel", str(self.bootloader), "-nic", f"user,id=n0,mac={MAC}", "-display", "none", "-monitor", "none",
                "-serial", f"file:uart.{self.starts}.log", "-serial", "pipe:/dev/urandom",
                "-semihosting-config", "enable=on,target=native",
                "-qmp", "unix:qmp.sock,server=on,wait=off", *extra]

    def start(self, *extra):
        self.starts += 1
        (self.folder / "qmp.sock").unlink(missing_ok=True)
        self.uart = self.folder / f"uart.{self.starts}.log"
        self.process = Process(self.name, self.command(extra), self.folder / "qemu.log", cwd=self.folder)
        wait_until("the emulator to start", self._started)
        return self

    def _started(self):
        if not self.process.running():
            raise Failed(f"the emulator ended at once:\n{self.process.output()[-1500:]}")
        return self.uart.exists()

    def said(self):
        return self.uart.read_text(errors="replace") if self.uart.exists() else ""

    def said_ever(self):
        return "".join(p.read_text(errors="replace") for p in sorted(self.folder.glob("uart.*.log"),
                                                                     key=lambda p: int(p.suffixes[0][1:])))

    def wait_said(self, text, timeout_s=None):
        wait_until(f"{self.name} to say {text!r} on its UART ({self.uart})", lambda: text in self.said(), timeout_s)

    def kill(self):
        if self.process is not None:
            self.process.kill()

    def running(self):
        return self.process is not None and self.process.running()

    def monitor(self, command, **arguments):
        """One command over QMP; its return value."""
        folder = os.open(self.folder, os.O_PATH)
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(30)
            s.connect(f"/proc/self/fd/{folder}/qmp.sock")  # a socket's path is short, a folder's may be long
            os.close(folder)
            f = s.makefile("rw", encoding="utf-8")
            f.readline()

            def ask(name, args):
                f.write(json.dumps({"execute": name, "arguments": args}) + "\n")
                f.flush()
                while True:
                    answer = json.loads(f.readline())
                    if "return" in answer or "error" in answer:
                        return answer
            ask("qmp_capabilities", {})
            return ask(command, arguments)

    def reset(self):
        return self.monitor("system_reset")
