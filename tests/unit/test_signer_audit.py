#!/usr/bin/env python3
"""signer audit verify: an export that is whole passes; one that was touched in any way is refused, and the line named."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from lab import audit  # noqa: E402

SIGNER = str(pathlib.Path(os.environ.get("OTAD_BUILD", ROOT / "build" / "host")).resolve() / "signer" / "signer")
DONE, FAILED, USAGE, NOT_AUTHENTIC = 0, 1, 2, 3


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name) / "audit.jsonl"
        self.entries = audit.make(12)
        self.lines = [audit.line_of(e) for e in self.entries]

    def signer(self, *args, status=DONE, stdin=None):
        p = subprocess.run([SIGNER, "audit", *map(str, args)], capture_output=True, text=True, timeout=60, input=stdin)
        self.assertEqual(p.returncode, status, p.stdout + p.stderr)
        return p

    def verify(self, lines, *args, status=DONE):
        self.file.write_text("".join(lines))
        return self.signer("verify", *args, self.file, status=status)

    def refused(self, lines, why, *args):
        p = self.verify(lines, *args, status=NOT_AUTHENTIC)
        self.assertIn(why, p.stderr)
        p = self.verify(lines, *args, "--json", status=NOT_AUTHENTIC)
        out = json.loads(p.stdout)
        self.assertEqual((out["ok"], out["exit"]), (False, NOT_AUTHENTIC))
        self.assertIn(why, out["error"])

    def head(self, n=-1):
        return f"{self.entries[n]['seq']}:{self.entries[n]['hash']}"


class Whole(Case):
    def test_from_the_beginning(self):
        out = json.loads(self.verify(self.lines, "--json", "--head", self.head()).stdout)
        self.assertEqual(out, {"ok": True, "verdict": "complete", "file": str(self.file), "entries": 12, "first": 1, "last": 12,
                               "hash": self.entries[-1]["hash"], "start_proved": True, "end_proved": True})

    def test_without_a_head_it_says_what_is_not_proved(self):
        self.assertIn("--head", self.verify(self.lines).stderr)
        self.assertNotIn("warning", self.verify(self.lines, "--head", self.head()).stderr)

    def test_a_range(self):
        rest = self.lines[5:]
        self.assertIn("--from-hash", self.verify(rest).stderr)
        self.verify(rest, "--from-hash", self.entries[4]["hash"], "--head", self.head())
        self.refused(rest, "line 1: entry 6 does not follow --from-hash", "--from-hash", self.entries[3]["hash"])

    def test_the_log_went_on_after_the_head(self):
        self.verify(self.lines, "--head", self.head(6))

    def test_standard_input(self):
        self.signer("verify", "-", stdin="".join(self.lines))

    def test_one_entry(self):
        self.verify(self.lines[:1])


class Touched(Case):
    def test_one_removed(self):
        for i in range(1, 11):
            with self.subTest(i):
                self.refused(self.lines[:i] + self.lines[i + 1:],
                             f"line {i + 1}: entry {i + 2} follows entry {i}: 1 missing (missing-entries)")

    def test_the_first_removed(self):
        self.refused(self.lines[1:], "wrong-start", "--from-hash", audit.ZEROS)

    def test_the_last_removed(self):
        self.refused(self.lines[:-2], "2 missing at the end", "--head", self.head())

    def test_reordered(self):
        self.lines[3], self.lines[4] = self.lines[4], self.lines[3]
        self.refused(self.lines, "line 4: entry 5 follows entry 3")
        self.refused(self.lines[4:5] + self.lines[2:3], "entry 3 stands behind entry 4: not in order")

    def test_twice(self):
        self.refused(self.lines[:3] + self.lines[2:], "line 4: entry 3 is there a second time")

    def test_every_member_changed(self):
        for member in audit.MEMBERS:
            with self.subTest(member):
                e = dict(self.entries[5])
                e[member] = {"seq": 70, "at": "2026-11-20T09:00:07Z", "before": '{"state": "draft"}', "after": "{}"}.get(
                    member, "f" * 64 if "hash" in member else "eve")
                why = "missing" if member == "seq" else "line 6: entry 6 was altered"
                self.refused(self.lines[:5] + [audit.line_of(e)] + self.lines[6:], why)

    def test_changed_and_hashed_again(self):
        e = dict(self.entries[5], actor="eve")
        e["hash"] = audit.hash_of(e)
        self.refused(self.lines[:5] + [audit.line_of(e)] + self.lines[6:], "line 7: entry 7 does not follow the one before")

    def test_all_that_follows_made_anew(self):
        e = dict(self.entries[5], actor="eve")
        e["hash"] = audit.hash_of(e)
        rest = audit.make(6, 7, e["hash"])
        forged = self.lines[:5] + [audit.line_of(e)] + [audit.line_of(x) for x in rest]
        self.verify(forged)  # nothing in it is wrong: only a head that was kept tells
        self.refused(forged, "line 12: entry 12 is not the one of --head", "--head", self.head())
        self.refused(forged, "line 8: entry 8 is not the one of --head", "--head", self.head(7))

    def test_inserted(self):
        e = dict(self.entries[5], object="m4 6.6.6", prev_hash=self.entries[5]["hash"])
        e["hash"] = audit.hash_of(e)
        self.refused(self.lines[:6] + [audit.line_of(e)] + self.lines[6:], "line 7: entry 6 is there a second time")

    def test_the_first_of_all_follows_nothing(self):
        self.refused([audit.line_of(x) for x in audit.make(3, 1, "11" * 32)], "line 1: entry 1 does not follow")

    def test_bytes_changed(self):
        line = self.lines[5].encode()
        for i in range(0, len(line) - 1, 29):  # all of them: test_audit_line.c
            self.file.write_bytes("".join(self.lines[:5]).encode() + line[:i] + bytes([line[i] ^ 1]) + line[i + 1:])
            p = subprocess.run([SIGNER, "audit", "verify", str(self.file)], capture_output=True, timeout=60)
            self.assertEqual(p.returncode, NOT_AUTHENTIC, f"byte {i}: {p.stderr}")

    def test_cut_off(self):
        text = "".join(self.lines)
        self.refused([text[:-1]], "line 12: the file is cut off here")
        self.refused([text[:-20]], "line 12: the file is cut off here")

    def test_nothing(self):
        self.refused([], "holds no entry")
        self.refused(["\n"], "line 1: not a line")

    def test_not_as_exported(self):
        for bad in (self.lines[0].replace('"actor"', ' "actor"'), self.lines[0].replace("}\n", ',"x":1}\n'), "[]\n", "{}\n",
                    self.lines[0].replace('"seq":1', '"seq":01'), self.lines[0].replace('"seq":1', '"seq":-1'),
                    self.lines[0].replace("\n", "\r\n"), '"' * 1000 + "\n", "{" * 100000 + "\n", "x" * 300000 + "\n"):
            with self.subTest(bad[:40]):
                self.refused([bad], "line 1: not a line of an audit export")

    def test_the_head_lies_before(self):
        self.refused(self.lines[5:], "begins with entry 6, behind the one of --head", "--head", self.head(2))


class Usage(Case):
    def test_wrong(self):
        for args in ([], ["prove"], ["verify"], ["verify", "a", "b"], ["verify", "--head", "1", "x"], ["verify", "--head", "1:ab", "x"],
                     ["verify", "--head", "-1:" + "0" * 64, "x"], ["verify", "--from-hash", "zz", "x"], ["verify", "--no", "x"]):
            with self.subTest(args):
                self.signer(*args, status=USAGE)

    def test_help(self):
        self.assertIn("--from-hash", self.signer("--help").stdout)

    def test_no_file(self):
        self.assertIn("cannot open", self.signer("verify", self.file, status=FAILED).stderr)
        self.signer("verify", self.file.parent, status=FAILED)


if __name__ == "__main__":
    unittest.main()
