"""A device as a factory makes it (key manifest, settings and first firmware in its flash), then switched on: the emulated
board, and the host program that runs the same agent, slots and bootloader code over the same flash file."""
import json
import mmap
import os
import pathlib
import re

from .factory import HEADER_BYTES, keep_secret
from .proc import BUILD, ROOT, Failed, Process, run, wait_until
from .qemu import Board
from .server import TENANT

PLATFORM = "mps2-an386"
DEVICE_BUILD = ROOT / "build" / "device" / PLATFORM
TOOLS = BUILD / "firmware" / "boards" / "host"

# The map of both boards, in bytes from the start of the flash file (firmware/boards/mps2-an386/board.h).
JOURNAL_AT, JOURNAL_BYTES, RECORD_BYTES = 0, 0x2000, 32
SETTINGS_AT, SETTINGS_BYTES = 0x6000, 0x1000
SLOT_AT = {"a": 0x10000, "b": 0x90000}

APPS = {"1.0.0": "status-1.0.0.bin", "1.1.0": "status-1.1.0.bin", "never-confirms": "never-confirms.bin", "crashes": "crashes.bin"}


def board_app(which="1.0.0"):
    """A program for the emulated board: the reference app as of a version, or one that misbehaves."""
    path = DEVICE_BUILD / "firmware" / "apps" / APPS[which]
    if not path.exists():
        raise Failed(f"{path} is missing: ./check --only device builds it")
    return path


def host_app(folder, behaviour="ok", size=120_000):
    """What the host program takes for an app: it reads its behaviour from the text."""
    path = pathlib.Path(folder) / f"host-app-{behaviour}-{size}"
    text = f"otad host app\nbehaviour={behaviour}\n".encode()
    path.write_bytes(text + bytes((7 * n + n // 251) & 0xFF for n in range(size - len(text))))
    return path


class Device:
    """What both kinds share: one flash file, made once."""

    host = "127.0.0.1"

    def __init__(self, folder, name, keys, ca, port, image, manifest, token=None, gateway=None, floor=1, platform=PLATFORM,
                 server_name="localhost", heartbeat_s=2):
        self.folder, self.name, self.keys = pathlib.Path(folder), name, keys
        self.ca, self.port, self.server_name, self.platform = ca, port, server_name, platform
        self.token, self.gateway, self.heartbeat_s = token, gateway, heartbeat_s
        self.folder.mkdir(parents=True, exist_ok=True)
        self.flash = self.folder / "flash.img"
        self.starts = 0
        if not self.flash.exists():
            self._make_flash(image, manifest, floor)

    def settings_file(self):
        token, out = self.folder / "token", self.folder / "settings.bin"
        keep_secret(token, (self.gateway or self.token) + "\n")
        run(TOOLS / "ota-settings", "--host", self.host, "--port", self.port, "--name", self.server_name, "--ca", self.ca,
            "--tenant", TENANT, "--device-id", self.name, "--token-file", token, *(["--gateway"] if self.gateway else []),
            "--platform", self.platform, "--heartbeat", self.heartbeat_s, "--out", out)
        token.unlink()
        return out

    def _make_flash(self, image, manifest, floor):
        settings = self.settings_file()
        run(TOOLS / "ota-flash", "make", "--out", self.flash, "--manifest", manifest, "--image", image, "--floor", floor,
            "--settings", settings)
        settings.unlink()

    def move(self, port):
        """The service technician: another server port, with the power off."""
        self.port = port
        settings = self.settings_file()
        data = settings.read_bytes()
        settings.unlink()
        with open(self.flash, "r+b") as f:
            f.seek(SETTINGS_AT)
            f.write(data.ljust(SETTINGS_BYTES, b"\xff"))

    def slots(self):
        """Journal and slots as the bootloader's own code reads them, from the file."""
        return json.loads(run(TOOLS / "ota-flash", "show", "--json", self.flash).stdout)

    def slot_bytes(self, slot, size):
        with open(self.flash, "rb") as f:
            f.seek(SLOT_AT[slot])
            return f.read(size)

    def force_stage(self, image):
        """Past every check of the agent: what an attacker with a flash programmer would do."""
        run(TOOLS / "ota-flash", "stage", "--force", self.flash, image)


class EmulatedBoard(Device):
    host = "10.0.2.2"

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.board = Board(self.folder, DEVICE_BUILD / "bootloader" / "bootloader.bin", None, name=self.name)

    def start(self):
        self.starts += 1
        self.board.start()
        return self

    @property
    def process(self):
        return self.board.process

    def running(self):
        return self.board.running()

    def kill(self):
        self.board.kill()

    def said(self):
        return self.board.said()

    def said_ever(self):
        return self.board.said_ever()

    def wait_said(self, text, timeout_s=None):
        self.board.wait_said(text, timeout_s)


class HostDevice(Device):
    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.process = None

    def start(self):
        self.starts += 1
        roots = [a for n in self.keys.ROOTS for a in ("--boot-root", self.keys.public(n))]
        self.process = Process(self.name, [TOOLS / "ota-device", "--flash", self.flash, *roots, "--fast"], self.folder / "device.log")
        return self

    def running(self):
        return self.process is not None and self.process.running()

    def kill(self):
        if self.process is not None:
            self.process.kill()

    def said(self):
        return self.process.output()

    def said_ever(self):
        log = self.folder / "device.log"
        return log.read_text(errors="replace") if log.exists() else ""
