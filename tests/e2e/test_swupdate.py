"""SWUpdate from Debian in its suricatta mode, as an embedded Linux box runs it: polls over TLS, downloads a signed .swu, installs it to
a file, reports; resumes after a cut, stops when it is cancelled, and says why it refuses."""
import hashlib
import subprocess
import unittest

from harness import EndToEnd, run, wait_until
from lab.factory import VENDOR, signer
from lab.proc import Process
from lab.wire import Relay

PLATFORM = "linux-box"
PAYLOAD_BYTES = 600_000


def certificate(folder, name):
    """Who signs .swu files: a key of its own, known to the device."""
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt",
        "-subj", f"/CN={name}", "-days", "30", "-addext", "extendedKeyUsage=emailProtection", "-addext", "keyUsage=digitalSignature")
    return folder / f"{name}.key", folder / f"{name}.crt"


def payload(version):
    """Not to be compressed, and another one for each version."""
    out, block = b"", version.encode()
    while len(out) < PAYLOAD_BYTES:
        block = hashlib.sha256(block).digest()
        out += block
    return out[:PAYLOAD_BYTES]


def swu(folder, version, target, signed_by):
    """sw-description, its CMS signature, the file; joined by cpio, as SWUpdate's manual says."""
    key, crt = signed_by
    work = folder / f"swu-{version}"
    work.mkdir()
    (work / "rootfs.bin").write_bytes(payload(version))
    (work / "sw-description").write_text(
        f'software = {{ version = "{version}"; hardware-compatibility = [ "1.0" ]; files: ( {{ filename = "rootfs.bin"; path = "{target}"; '
        f'type = "rawfile"; sha256 = "{hashlib.sha256(payload(version)).hexdigest()}"; }} ); }}\n')
    run("openssl", "cms", "-sign", "-in", work / "sw-description", "-out", work / "sw-description.sig", "-signer", crt, "-inkey", key, "-outform", "DER",
        "-nosmimecap", "-binary")
    packed = subprocess.run(["cpio", "-o", "-H", "crc", "--quiet"], input=b"sw-description\nsw-description.sig\nrootfs.bin\n", cwd=work,
                            stdout=subprocess.PIPE, check=True).stdout
    out = folder / f"box-{version}.swu"
    out.write_bytes(packed)
    return out


class SwUpdate(EndToEnd):
    """otad stands behind a relay, because SWUpdate follows links: they lead through the relay as well."""

    @classmethod
    def setUpClass(cls):
        cls.relay = Relay(0)
        cls.addClassCleanup(cls.relay.kill)
        cls.settings = {"public_url": f"https://localhost:{cls.relay.port}", "poll_interval_s": 1, "poll_busy_interval_s": 1}
        super().setUpClass()

    @classmethod
    def prepare(cls):
        s = cls.stack
        cls.relay.target = s.otad.port
        manifest = s.folder / "box.manifest"
        signer("keymanifest", "new", "--vid", VENDOR, "--class", PLATFORM, "--sequence", 1, "--release-key", s.keys.public("release"), "--out", manifest)
        for r in (0, 2):
            signer("keymanifest", "cosign", "--key", s.keys.secret(s.keys.ROOTS[r]), *s.keys._root_options(), manifest)
        s.platform(PLATFORM, manifest=manifest)
        cls.author = certificate(s.folder, "author")
        cls.target = s.folder / "installed.bin"
        for version, by in (("1.1.0", cls.author), ("1.2.0", certificate(s.folder, "stranger"))):
            s.publish_file(PLATFORM, version, 1, swu(s.folder, version, cls.target, by))

    def setUp(self):
        super().setUp()
        self.relay.rate = None
        self.target.unlink(missing_ok=True)
        self.name = "box-" + self._testMethodName.removeprefix("test_").replace("_", "-")
        self.token = self.admin.post("/devices", {"id": self.name, "platform": PLATFORM})["token"]

    def box(self, version, *options):
        """The daemon; what it keeps between two starts (a boot loader's environment) is said by options."""
        config = self.folder / f"{version}.cfg"
        config.write_text(
            f'globals: {{ loglevel = 5; verbose = true; public-key-file = "{self.author[1]}"; postupdatecmd = "true"; bootloader = "none"; }};\n'
            f'suricatta: {{ tenant = "DEFAULT"; id = "{self.name}"; url = "https://localhost:{self.relay.port}"; polldelay = 1; retry = 9; retrywait = 1; '
            f'nocheckcert = false; cafile = "{self.stack.ca.cert}"; targettoken = "{self.token}"; }};\n'
            f'identify: ( {{ name = "version"; value = "{version}"; }} );\n')
        sockets = self.stack.folder / "t"  # paths of sockets are short
        sockets.mkdir(exist_ok=True)
        ignoring_pipes = ["sh", "-c", 'trap "" PIPE; exec "$@"', "sh"]  # as systemd starts a service; a cut would end it otherwise
        return self.started(Process("swupdate", [*ignoring_pipes, "swupdate", "-f", config, "-H", "board:1.0", "-u", " ".join(options) or "-e"], self.folder / "swupdate.log",
                                    env={"TMPDIR": str(sockets)}))

    def knows(self, version):
        wait_until(f"{self.name} to tell that it runs {version}", lambda: self.stack.device(self.name)["version"] == version)

    def update(self, number):
        return self.admin.get(f"/updates/{number}")

    def ends(self, number, state):
        def closed():
            u = self.update(number)
            return u if u["closed_at"] else None
        u = wait_until(f"update {number} to end", closed)
        self.assertEqual(u["state"], state, u["events"])
        return u

    def files_sent(self):
        """Status of each answer to a GET of the file, as otad's log has them."""
        return [int(w.split("status=")[1].split()[0]) for w in self.otad.log_text().splitlines()
                if "/softwaremodules/" in w and "method=GET" in w and "route=" in w and "artifacts/{file}" in w]

    def test_polls_installs_and_reports(self):
        box = self.box("1.0.0")
        self.knows("1.0.0")
        update = self.stack.assign(self.name, "1.1.0")
        box.wait_output("SWUPDATE successful")
        self.assertEqual(self.target.read_bytes(), payload("1.1.0"))
        box.end()
        # Its boot loader would say that the new one is on trial; the box confirms it when it starts.
        self.box("1.1.0", "-c", "2")
        self.ends(update["id"], "succeeded")
        self.knows("1.1.0")
        details = [d for e in self.update(update["id"])["events"] for d in e["details"]]
        self.assertTrue(any("Installing Update Chunk" in d for d in details), details)

    def test_resumes_after_a_cut(self):
        box = self.box("1.0.0")
        self.knows("1.0.0")
        before = len(self.files_sent())
        self.relay.at(PAYLOAD_BYTES // 2, self.relay.cut)
        self.stack.assign(self.name, "1.1.0")
        box.wait_output("SWUPDATE successful")
        self.assertEqual(self.target.read_bytes(), payload("1.1.0"))
        first, *rest = self.files_sent()[before:]
        self.assertEqual((first, set(rest)), (200, {206}), "what was there is not fetched again")

    def test_cancelled_while_it_downloads(self):
        box = self.box("1.0.0")
        self.knows("1.0.0")
        self.relay.rate = 30_000  # twenty seconds for all of it: time enough to notice
        update = self.stack.assign(self.name, "1.1.0")
        wait_until("the download to begin", lambda: self.update(update["id"])["state"] == "downloading")
        self.admin.post(f"/updates/{update['id']}/cancel")
        self.ends(update["id"], "cancelled")
        self.relay.rate = None
        self.assertFalse(self.target.exists() and self.target.read_bytes() == payload("1.1.0"))
        # It lives on, and takes the same release when it is wanted again.
        self.stack.assign(self.name, "1.1.0")
        box.wait_output("SWUPDATE successful")
        self.assertEqual(self.target.read_bytes(), payload("1.1.0"))

    def test_a_stranger_s_file_is_refused_with_the_reason(self):
        box = self.box("1.0.0")
        self.knows("1.0.0")
        update = self.stack.assign(self.name, "1.2.0")
        u = self.ends(update["id"], "failed")
        # Which of its lines come first depends on when it collects them; each of them says why.
        self.assertRegex(" ".join([u["reason"], *(d for e in u["events"] for d in e["details"])]),
                         "Authentication of all signatures failed|Compatible SW not found|Image invalid or corrupted")
        self.assertFalse(self.target.exists())
        self.assertTrue(box.running())


if __name__ == "__main__":
    unittest.main()
