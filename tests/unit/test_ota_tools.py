#!/usr/bin/env python3
"""The programs that make and run host devices: what they take, what they refuse, how they end."""
import os
import pathlib
import subprocess
import tempfile
import unittest

TOOLS = pathlib.Path(os.environ.get("OTAD_BUILD", "build/host")).resolve() / "firmware" / "boards" / "host"
KEYS = pathlib.Path("tests/vectors/keys").resolve()
USAGE, FAILED = 2, 1


def tool(name, *argv):
    return subprocess.run([str(TOOLS / name), *map(str, argv)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=60, check=False)


class Settings(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="otad-tools.")
        self.addCleanup(self.scratch.cleanup)
        self.folder = pathlib.Path(self.scratch.name)
        self.out = self.folder / "settings.bin"
        self.token = self.folder / "token"
        self.token.write_text("0123456789abcdef\n")
        self.ca = self.folder / "ca.pem"
        self.ca.write_text("-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n")  # any DER will do here
        self.good = {"--host": "10.0.2.2", "--port": 8443, "--name": "ota.example.test", "--ca": self.ca, "--tenant": "DEFAULT",
                     "--device-id": "dev:1", "--token-file": self.token, "--platform": "mps2-an386", "--out": self.out}

    def make(self, **changed):
        options = {**self.good, **{"--" + k.replace("_", "-"): v for k, v in changed.items()}}
        return tool("ota-settings", *(x for k, v in options.items() if v is not None for x in (k, v)))

    def test_makes_a_sector(self):
        r = self.make(poll=60, heartbeat=5)
        self.assertEqual((r.returncode, r.stderr), (0, ""))
        data = self.out.read_bytes()
        self.assertTrue(data.startswith(b"OTADSETT\x01\x00"))
        self.assertEqual(int.from_bytes(data[10:12], "little"), len(data))
        self.assertIn(b"0123456789abcdef", data)
        self.assertNotIn(b"\n", data.partition(b"0123456789abcdef")[2][:1])

    def test_same_input_same_bytes(self):
        self.make()
        first = self.out.read_bytes()
        self.make()
        self.assertEqual(self.out.read_bytes(), first)

    def test_refuses(self):
        self.ca.with_suffix(".txt").write_text("nothing")
        for changed in ({"host": None}, {"host": "a b"}, {"port": 0}, {"port": 65536}, {"port": "x"}, {"tenant": "a/b"},
                        {"device_id": "a" * 129}, {"platform": 'x"'}, {"ca": self.folder / "none"},
                        {"ca": self.ca.with_suffix(".txt")}, {"token_file": self.folder / "none"}, {"poll": "-1"}, {"out": None}):
            with self.subTest(changed):
                r = self.make(**changed)
                self.assertEqual(r.returncode, USAGE)
                self.assertNotEqual(r.stderr, "")
                self.assertFalse(self.out.exists())

    def test_unwritable_place(self):
        self.assertEqual(self.make(out=self.folder / "no" / "such").returncode, FAILED)


class Device(unittest.TestCase):
    ROOTS = [x for n in (1, 2, 3) for x in ("--boot-root", KEYS / f"root{n}.pub")]

    def test_help(self):
        r = tool("ota-device", "--help")
        self.assertEqual((r.returncode, r.stderr), (0, ""))

    def test_refuses(self):
        with tempfile.NamedTemporaryFile() as empty:
            for argv, status in (([], USAGE), (["--flash", empty.name], USAGE), (["--flash", empty.name, *self.ROOTS[:4]], USAGE),
                                 (["--flash", empty.name, *self.ROOTS, "--boot-root", KEYS / "root1.pub"], USAGE),
                                 (["--flash", empty.name, "--boot-root", KEYS / "README.md"], USAGE),
                                 (["--flash", empty.name, *self.ROOTS], FAILED),
                                 (["--flash", "/no/such/file", *self.ROOTS], FAILED),
                                 (["--flash", empty.name, *self.ROOTS, "--max-seconds", "x"], USAGE)):
                with self.subTest(argv):
                    r = tool("ota-device", *argv)
                    self.assertEqual(r.returncode, status, r.stderr)
                    self.assertNotEqual(r.stderr, "")


if __name__ == "__main__":
    unittest.main()
