"""A device as a factory makes it (key manifest, settings and first firmware in its flash), then switched on: the emulated
board, and the host program that runs the same agent, slots and bootloader code over the same flash file."""
import json
import os
import pathlib
import re
import struct
import time

from .factory import keep_secret
from .proc import BUILD, ROOT, Failed, Process, run, wait_until
from .qemu import Board
from .server import TENANT

PLATFORM = "mps2-an386"
DEVICE_BUILD = pathlib.Path(os.environ.get("OTAD_DEVICE_BUILD", ROOT / "build" / "device" / PLATFORM))
TOOLS = BUILD / "firmware" / "boards" / "host"

# The map of both boards, in bytes from the start of the flash file (firmware/boards/mps2-an386/board.h).
JOURNAL_AT, JOURNAL_BYTES = 0, 0x2000
RECORD = struct.Struct("<BBBBIB23x")  # type, part, parts, bytes, sequence, first byte of the payload (SPEC 4.2)
STATE, SWAP, STEP = 1, 2, 3
PHASE_REQUESTED = 1
SETTINGS_AT, SETTINGS_BYTES = 0x6000, 0x1000
SLOT_AT = {"a": 0x10000, "b": 0x90000}

BOOTED = re.compile(r"\bboot: boot (\d+\.\d+\.\d+)|^\S+: boot \S+ (\d+\.\d+\.\d+)", re.M)

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


def booted(text):
    return [a or b for a, b in BOOTED.findall(text)]


class Device:
    """What both kinds share: one flash file, made once."""

    host = "127.0.0.1"

    def __init__(self, folder, name, keys, ca, port, image, manifest, token=None, gateway=None, floor=1, platform=PLATFORM,
                 server_name="localhost", heartbeat_s=2, poll_s=2, root=None):
        self.folder, self.name, self.keys = pathlib.Path(folder), name, keys
        self.ca, self.port, self.server_name, self.platform = ca, port, server_name, platform
        self.token, self.gateway, self.heartbeat_s, self.poll_s = token, gateway, heartbeat_s, poll_s
        self.folder.mkdir(parents=True, exist_ok=True)
        self.flash = self.folder / "flash.img"
        self.root = root  # of the platform's repository, if the device shall hold the server to it
        self.starts = 0
        if not self.flash.exists():
            self._make_flash(image, manifest, floor)

    def settings_file(self):
        token, out = self.folder / "token", self.folder / "settings.bin"
        keep_secret(token, (self.gateway or self.token) + "\n")
        run(TOOLS / "ota-settings", "--host", self.host, "--port", self.port, "--name", self.server_name, "--ca", self.ca,
            "--tenant", TENANT, "--device-id", self.name, "--token-file", token, *(["--gateway"] if self.gateway else []),
            "--platform", self.platform, "--poll", self.poll_s, "--heartbeat", self.heartbeat_s, "--out", out)
        token.unlink()
        return out

    def _make_flash(self, image, manifest, floor):
        settings = self.settings_file()
        run(TOOLS / "ota-flash", "make", "--out", self.flash, "--manifest", manifest, "--image", image, "--floor", floor,
            "--settings", settings, *(["--root", self.root] if self.root else []))
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

    def newest_record(self):
        """Type and sequence of the journal's newest record, and the first byte of it."""
        with open(self.flash, "rb", buffering=0) as f:
            f.seek(JOURNAL_AT)
            data = f.read(JOURNAL_BYTES)
        return max(((r[4], r[0], r[5]) for r in RECORD.iter_unpack(data) if r[0] in (STATE, SWAP, STEP)), default=(0, 0, 0))

    def wait_swap(self, over):
        """Until a swap is in progress; the sequence of its newest record.  None when over() says that none will come."""
        while True:
            sequence, kind, first = self.newest_record()
            if kind in (SWAP, STEP):
                return sequence
            if kind != STATE or first != PHASE_REQUESTED:
                if over():
                    return None
                time.sleep(0.001)

    def wait_swap_beyond(self, sequence):
        """Until the swap wrote the record of this sequence, or is over."""
        while True:
            now, kind, _ = self.newest_record()
            if now >= sequence or kind not in (SWAP, STEP):
                return

    def boots(self):
        """Versions in the order in which they were started."""
        return booted(self.said_ever())

    def wait_booted(self):
        """The version that this start came up with."""
        return wait_until(f"{self.name} to come up", lambda: booted(self.said()))[-1]

    def force_stage(self, image):
        """Past every check of the agent: what an attacker with a flash programmer would do."""
        run(TOOLS / "ota-flash", "stage", "--request", self.flash, image)


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
