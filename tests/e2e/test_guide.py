"""docs/RELEASING.md is run as it stands: each block on the machine of whom it names, against an otad; nothing in it may rot."""
import base64
import os
import re
import shutil
import stat
import subprocess
import unittest

from harness import BUILD, ROOT, EndToEnd

GUIDE = ROOT / "docs" / "RELEASING.md"
SCOPES = ["release.read", "release.upload", "release.manage", "platform.manage"]
STEP = re.compile(r"^```sh\n# (?P<who>\w+)\n(?P<block>.*?)^```$|<!-- test: (?P<test>[a-z ]+) -->", re.S | re.M)

# As typed, but that nobody is there to read and to answer: cosign is told yes, passphrases come from a credential, and a
# passphrase costs little.
SIGNER = """#!/bin/sh
case "$1 $2" in
"repo cosign") set -- "$@" --yes ;;
"keygen "*) case "$*" in *--encrypt*) set -- "$@" --strength interactive ;; esac ;;
esac
exec {real} "$@"
"""


class Guide(EndToEnd):
    def setUp(self):
        super().setUp()
        self.public, tools = self.folder / "public", self.folder / "bin"
        self.public.mkdir()
        tools.mkdir()
        (tools / "signer").write_text(SIGNER.format(real=BUILD / "signer" / "signer"))
        (tools / "signer").chmod(0o755)
        (tools / "signer.passphrase").write_text("a passphrase of the test\n")
        (tools / "signer.passphrase").chmod(0o600)
        shutil.copy(self.stack.ca.cert, self.public / "ca.pem")
        self.env = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "OTAD": self.otad.url, "CREDENTIALS_DIRECTORY": str(tools)}
        self.env.pop("OTAD_API_KEY", None)

    def machine(self, who):
        """A folder of one's own; what all see is in public/."""
        folder = self.folder / who
        if not folder.exists():
            folder.mkdir()
            (folder / "public").symlink_to(self.public)
            (folder / "app.bin").write_bytes(b"what was built" * 100)
            secret = self.admin.post("/api-keys", {"name": who, "scopes": SCOPES, "platforms": ["*"]})["secret"]
            with open(os.open(folder / "api-key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as f:
                f.write(secret + "\n")
        return folder

    def make_the_platform(self):
        self.admin.post("/platforms", {"name": "my-board", "title": "My board", "aliases": [], "follow_channel": True,
                                       "boot_roots": [(self.public / f"{n}-root.pub").read_text() for n in ("ann", "bob", "cy")],
                                       "key_manifest": base64.b64encode((self.public / "my-board.manifest").read_bytes()).decode()})

    def test_every_command_works(self):
        steps = list(STEP.finditer(GUIDE.read_text()))
        self.assertGreater(len(steps), 15)
        self.assertEqual(GUIDE.read_text().count("```sh"), sum(1 for s in steps if s["who"]), "a block does not say on whose machine it runs")
        said = ""
        for step in steps:
            if step["test"]:
                getattr(self, step["test"].replace(" ", "_"))()
                continue
            r = subprocess.run(["bash", "-euo", "pipefail", "-c", step["block"]], cwd=self.machine(step["who"]), env=self.env, text=True,
                               capture_output=True, stdin=subprocess.DEVNULL, timeout=600, start_new_session=True)
            self.assertEqual(r.returncode, 0, f"on {step['who']}'s machine:\n{step['block']}\n{r.stdout}{r.stderr}")
            said += r.stdout + r.stderr
        for words in ("app-1.0.0.bin: OK", "Signature and comment signature verified", "+ image 1.0.0/app-1.0.0.bin: stable, counter 1, ",
                      "waits for signatures", "- key of root", "days left"):
            self.assertIn(words, said)
        device = self.admin.get("/platforms/my-board/tuf")
        self.assertEqual([(r["role"], r["version"]) for r in device["roles"] if r["role"] in ("root", "my-board")], [("root", 2), ("my-board", 3)])
        self.assertEqual((device["pending"], [t["path"] for t in device["targets"]]), ([], ["1.0.0/app-1.0.0.bin"]))
        self.assertEqual(self.admin.get("/platforms/my-board/releases/1.0.0")["state"], "released")
        for pem in self.folder.glob("*/*.pem"):
            if pem.parent != self.public and not pem.parent.is_symlink():
                self.assertEqual(stat.S_IMODE(pem.stat().st_mode), 0o600, pem)
        self.assertEqual([p.name for p in self.public.glob("*.pem")], ["ca.pem"], "no private key travels")


if __name__ == "__main__":
    unittest.main()
