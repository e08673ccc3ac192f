"""A board without network and server: the smallest app, two signed versions of it, a flash file, the emulator."""
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import time

from .board import TOOLS
from .factory import sign
from .proc import Failed, run

FLASH_FILE_BYTES = 16 * 1024 * 1024
PATIENCE_S = 60
APP = re.compile(r"^confirms (\d+\.\d+\.\d+): (.*)\n", re.M)


class Bare:
    """What one board needs, in a folder; versions 1.0.0 and 1.1.0 differ in every sector."""

    USED_BYTES, SLOT_A_AT = 0x200000, 0x10000  # of the MPS2 boards' map (firmware/boards/mps2/map.h)

    def __init__(self, folder, board, build, keys, image_key="image"):
        self.folder, self.name, self.build, self.keys, self.image_key = pathlib.Path(folder), board, pathlib.Path(build), keys, image_key
        self.folder.mkdir(parents=True, exist_ok=True)
        self.manifest = keys.manifest(board, 1, out=self.folder / f"{board}.manifest", image=image_key)
        self.images = {v: self.image("confirms", v, n + 1) for n, v in enumerate(("1.0.0", "1.1.0"))}

    def image(self, app, version, counter):
        payload = self.folder / f"{app}-{version}.bin"
        code = (self.build / "firmware" / "apps" / f"{app}.bin").read_bytes()
        payload.write_bytes(code + random.Random(version).randbytes(8192 - 1024 - len(code) % 4096))
        return sign(self.keys, payload, self.folder / f"{app}-{version}.img", version, counter, self.name, key=self.image_key)

    def make_flash(self, path, staged, running="1.0.0", request=False):
        """Cut to what is used and then grown with zeros, so that a copy is quick."""
        run(TOOLS / "ota-flash", "make", "--out", path, "--board", self.name, "--manifest", self.manifest, "--image",
            self.images[running], "--staged", staged, *(["--request"] if request else []))
        os.truncate(path, self.USED_BYTES)
        os.truncate(path, FLASH_FILE_BYTES)
        return path

    def slot_a(self, flash, version):
        image = self.images[version].read_bytes()
        with open(flash, "rb") as f:
            f.seek(self.SLOT_A_AT)
            return f.read(len(image)) == image

    def journal(self, flash):
        return json.loads(run(TOOLS / "ota-flash", "show", "--json", "--board", self.name, flash).stdout)["state"]

    def machine(self, flash):
        return ["-machine", f"{self.name},memory-backend=flash", "-object",
                f"memory-backend-file,id=flash,share=on,mem-path={flash},size={FLASH_FILE_BYTES}"]

    def start(self, flash, uart, *extra):
        return subprocess.Popen(
            ["qemu-system-arm", *self.machine(flash), "-kernel", str(self.build / "bootloader" / "bootloader.bin"), "-net", "none",
             "-display", "none", "-monitor", "none", "-serial", f"file:{uart}", *extra], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def run(self, flash, uart, over, *extra, end=signal.SIGKILL):
        """Run until over(what the app said so far) or the emulator ends; [(version, saying)], exit status, its stderr."""
        uart = pathlib.Path(uart)
        uart.unlink(missing_ok=True)
        qemu = self.start(flash, uart, *extra)
        limit = time.monotonic() + PATIENCE_S
        try:
            while qemu.poll() is None and not over(said(uart)):
                if time.monotonic() > limit:
                    raise Failed(f"{self.name} hangs:\n{uart.read_text(errors='replace')[-1500:]}")
                time.sleep(0.002)
            if qemu.poll() is None:
                qemu.send_signal(end)
        except BaseException:
            qemu.kill()
            raise
        finally:
            errors = qemu.communicate()[1].decode(errors="replace")
        return said(uart), qemu.returncode, errors


class SerialFlash(Bare):
    """A board whose flash is a chip of its own, with the rules of the emulator's model of it."""

    USED_BYTES, SLOT_A_AT = FLASH_FILE_BYTES, 0x100000  # firmware/boards/emcraft-sf2/map.h

    def machine(self, flash):
        return ["-machine", self.name, "-drive", f"if=mtd,format=raw,file={flash}"]


def said(uart):
    return APP.findall(uart.read_text(errors="replace")) if uart.exists() else []


def ended(sayings):
    """The app has nothing more to do."""
    return bool(sayings) and sayings[-1][1] != "requested"
