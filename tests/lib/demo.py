#!/usr/bin/env python3
"""The second half of ./quickstart: start the real parts, publish two versions as CI would, let a device update itself.

State is in var/ and kept; a second start finds database, keys, login, releases and the device's flash as they were.
"""
import argparse
import datetime
import os
import pathlib
import secrets
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from lab import factory  # noqa: E402
from lab.board import EmulatedBoard, board_app  # noqa: E402
from lab.pki import Ca  # noqa: E402
from lab.postgres import Cluster  # noqa: E402
from lab.proc import ROOT, Failed, free_port, wait_until  # noqa: E402
from lab.repo import SCOPES, Managers  # noqa: E402
from lab.server import Otad  # noqa: E402

VAR = ROOT / "var"
PORT = 8443
BOARD, PAPER = "mps2-an386", "demo-board"  # platform with the emulator, and without
TITLES = {BOARD: "Arm MPS2 AN386 (emulated Cortex-M4F)", PAPER: "Demo board, for want of an emulator"}
ALIASES = {BOARD: ["mps2", "cortex-m4-demo"], PAPER: []}
DEVICE = "demo-device"
ADMIN = "admin"
OLD, NEW = ("1.0.0", 1), ("1.1.0", 2)  # version, security counter


class Stop(Exception):
    """Ctrl-C or kill: leave through the door."""


def say(text):
    print(f"  {datetime.datetime.now():%H:%M:%S}  {text}", flush=True)



class Demo:
    def __init__(self, with_device):
        self.with_device = with_device
        self.name = BOARD if with_device else PAPER
        self.cluster = Cluster(VAR / "pg")
        self.ca = Ca(VAR / "ca")
        self.keys = factory.Keys(VAR / "keys")
        self.managers = Managers(self, VAR / "managers", self.name)
        self.otad = self.admin = self.board = None

    # -- start and end

    def start(self):
        self.keys.make()
        self.ca.make()
        fresh = self.cluster.make()
        self.cluster.start()
        say("PostgreSQL: " + ("a new private cluster" if fresh else "the cluster of last time") + f" in {self.cluster.folder}")
        port = free_port(PORT)
        if port != PORT:
            say(f"port {PORT} is in use by somebody else; otad takes {port}")
        self.otad = Otad(VAR / "otad", self.cluster, self.ca, port=port, settings={"poll_interval_s": 5, "poll_busy_interval_s": 5})
        self.otad.make_database()
        self.otad.start()
        (VAR / "url").write_text(self.otad.url + "\n")
        say(f"otad serves {self.otad.url}")
        self.sign_in()

    def end(self):
        for what, how in (("device", self.board and self.board.kill), ("otad", self.otad and self.otad.process and self.otad.stop),
                          ("PostgreSQL", self.cluster.stop)):
            if how:
                try:
                    how()
                except (Failed, OSError) as e:
                    print(f"  {what} did not end well: {e}", file=sys.stderr)
        (VAR / "quickstart.pid").unlink(missing_ok=True)

    def sign_in(self):
        login = VAR / "login.txt"
        if login.exists():
            name, password = (line.split(": ", 1)[1] for line in login.read_text().splitlines()[:2])
            self.admin = self.otad.client()
            self.admin.sign_in(name, password)
            return
        password = secrets.token_urlsafe(15)
        self.admin = self.otad.first_admin(ADMIN, password)
        factory.keep_secret(login, f"name: {ADMIN}\npassword: {password}\n")
        say("the first admin is set up through the one-time link")

    # -- the release side

    @property
    def manifest(self):
        return self.keys.folder / f"{self.name}.1.manifest"

    def image(self, version):
        return VAR / "images" / f"{self.name}-{version}.bin"

    def platform(self):
        if self.name in {p["name"] for p in self.admin.every("/platforms")}:
            return
        manifest = self.keys.manifest(self.name)
        self.admin.post("/platforms", {
            "name": self.name, "title": TITLES[self.name], "aliases": ALIASES[self.name],
            "follow_channel": True, "boot_roots": self.keys.roots_pem(), "key_manifest": factory.base64_of(manifest)})
        say(f"platform {self.name}: its key manifest is signed by two of three boot roots")
        self.managers.init()
        say("its releases need two of three managers from now on (signer repo); devices trust its first root, and not the server")

    def renew(self):
        """A demo that was away for a month, or runs for one, finds what its managers signed expired."""
        due = self.managers.renew_due() if self.vouched else []
        if due:
            say(f"what managers signed was about to expire or had: {', '.join(due)} signed anew and published (signer repo renew)")

    @property
    def vouched(self):
        """Does the platform have a repository?  One that an earlier quickstart made may not."""
        return self.managers.first_root.exists()

    def ci_key(self, _=None, scopes=SCOPES):
        """CI's is kept; one that may more is for this moment."""
        path = VAR / f"ci.{self.name}.key"
        if scopes != SCOPES:
            return self.admin.post("/api-keys", {"name": "demo, once", "scopes": list(scopes), "platforms": [self.name], "expires_in_days": 1})["secret"]
        if not path.exists():
            made = self.admin.post("/api-keys", {"name": "demo CI", "scopes": list(SCOPES),
                                                 "platforms": [self.name]})
            factory.keep_secret(path, made["secret"] + "\n")
        return path.read_text().strip()

    def released(self, version):
        return any(r["version"] == version and r["state"] == "released"
                   for r in self.admin.every(f"/releases?platform={self.name}"))

    def publish(self, release):
        version, counter = release
        if self.released(version):
            return
        image = self.image(version)
        image.parent.mkdir(exist_ok=True)
        factory.sign(self.keys, self.payload(version), image, version, counter, self.name)
        if not self.vouched:
            factory.publish(self.keys, self.otad.url, self.ca.cert, self.ci_key(), self.name, version, [image],
                            notes=f"Demo firmware {version}")
            say(f"{version} signed, uploaded and released to stable, as CI would (signer publish)")
            return
        m = self.managers
        m.draft(version, image)
        if not any(t["path"].startswith(version + "/") for t in m.state()["targets"]):
            m.add(version, image)
            m.cosign("p1", "p2")
            m.publish()
        m.release(version)
        say(f"{version} uploaded as CI would (signer publish), signed by two managers (signer repo) and released to stable")

    def payload(self, version):
        if self.with_device:
            return board_app(version)
        path = VAR / "images" / f"payload-{version}"
        path.write_bytes(f"demo payload {version}\n".encode() * 400)
        return path

    # -- the device side

    def device(self):
        folder, token = VAR / "device", VAR / "device.token"
        if not token.exists():
            made = self.admin.post("/devices", {"id": DEVICE, "platform": self.name, "name": "Emulated board"})
            factory.keep_secret(token, made["token"])
        fresh = not (folder / "flash.img").exists()
        self.board = EmulatedBoard(folder, DEVICE, self.keys, self.ca.cert, self.otad.port, token=token.read_text(),
                                   image=self.image(OLD[0]), manifest=self.manifest,
                                   root=self.managers.first_root if self.vouched else None)
        self.board.move(self.otad.port)
        say(f"{DEVICE}: " + (f"made with {OLD[0]} in its flash" if fresh else "its flash is as it was"))
        heard = self.shown()["last_seen_at"]
        self.board.start()
        say(f"{DEVICE}: power on (qemu-system-arm, pid {self.board.process.pid})")
        wait_until("the device to reach the server", lambda: self.shown()["last_seen_at"] != heard and self.shown()["version"])
        say(f"{DEVICE}: reached the server over TLS, runs {self.shown()['version']}")

    def shown(self):
        """The device as the server knows it."""
        return self.admin.get(f"/devices/{DEVICE}")

    def watch_update(self):
        seen = [None]

        def done():
            if not self.board.running():
                raise Failed(f"the emulator ended:\n{self.board.process.output()[-1500:]}")
            d = self.shown()
            u = d["update"]
            now = (u["state"], d["version"]) if u else (None, d["version"])
            if now != seen[0] and u:
                seen[0] = now
                say(f"{DEVICE}: update to {u['version']} is {u['state']}, runs {d['version']}")
            if u and u["state"] == "failed":
                raise Failed(f"the update failed: {u['reason']}")
            return d["version"] == NEW[0] and (u is None or u["state"] == "succeeded")
        wait_until(f"the device to confirm {NEW[0]}", done, timeout_s=300, every_s=0.2)
        say(f"{DEVICE}: confirmed {NEW[0]}")

    # -- what is told

    def summary(self, once):
        name, password = (line.split(": ", 1)[1] for line in (VAR / "login.txt").read_text().splitlines()[:2])
        device = f"{DEVICE} was made with {OLD[0]} and updated itself to {NEW[0]}: see Devices" if self.with_device else "none"
        print(f"""
  {"Address" if once else "Open   "}   {self.otad.url}{"   (ended; ./quickstart starts it again)" if once else ""}
  Sign in   {name} with {password}   (kept in var/login.txt)
  Device    {device}
  Trust     the certificate is by the CA var/ca/ca.pem: import it, or accept the browser's warning for this demo
  Files     CI key var/ci.{self.name}.key, signing keys var/keys/, managers' keys var/managers/, logs var/otad/otad.log
            and var/device/
""", flush=True)

    def live(self):
        last, renewed = None, time.monotonic()
        while True:
            if time.monotonic() - renewed > 3600:
                self.renew()
                renewed = time.monotonic()
            for name, process in (("otad", self.otad.process), ("the emulator", self.board and self.board.process)):
                if process and not process.running():
                    raise Failed(f"{name} ended:\n{process.output()[-1500:]}")
            d = self.shown() if self.with_device else None
            now = f"{DEVICE} is {d['state']}, runs {d['version']}" if d else "serving"
            if now != last:
                say(now + "    (Ctrl-C ends everything)")
                last = now
            time.sleep(2)


def told_to_stop(*_):
    raise Stop


def main():
    parser = argparse.ArgumentParser()
    for flag in ("--once", "--no-device", "--keys-only"):
        parser.add_argument(flag, action="store_true")
    args = parser.parse_args()
    os.umask(0o077)
    if args.keys_only:
        factory.Keys(VAR / "keys").make()
        return 0
    for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(s, told_to_stop)
    (VAR / "quickstart.pid").write_text(str(os.getpid()))
    demo = Demo(not args.no_device)
    status = 0
    try:
        demo.start()
        demo.platform()
        demo.renew()
        demo.publish(OLD)
        if demo.with_device:
            demo.device()
        demo.publish(NEW)
        if demo.with_device:
            demo.watch_update()
        demo.summary(args.once)
        if not args.once:
            demo.live()
    except Stop:
        say("stopping")
    except Failed as e:
        print(f"\n{e}\n\nWhat to do: the logs are var/otad/otad.log, {demo.cluster.link}/postgres.log and var/device/; "
              "./quickstart again tries again, ./quickstart --clean starts from nothing.", file=sys.stderr)
        status = 1
    finally:
        for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(s, signal.SIG_IGN)
        demo.end()
    return status


sys.exit(main())
