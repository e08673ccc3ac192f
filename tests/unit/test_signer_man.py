#!/usr/bin/env python3
"""The manual pages of signer say what its --help says, and groff takes them without a word; completion knows the same."""
import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIGNER = str(pathlib.Path(os.environ.get("OTAD_BUILD", ROOT / "build" / "host")).resolve() / "signer" / "signer")
MAN = ROOT / "signer" / "man"


def out(*args):
    return subprocess.run([SIGNER, *args], check=True, capture_output=True, text=True, timeout=60).stdout


def verbs(*group):
    """The verbs of `signer`, or of one of its groups, as its help lists them."""
    text = out(*group, "--help")
    listed = re.search(r"^(?:Verbs|Commands):\n(.*?)(?:\n\n|\Z)", text, re.S | re.M)[1]
    return re.findall(r"^  ([a-z-]+) ", listed, re.M)


def options(*verb):
    return re.findall(r"^ +(?:-\w, )?(--[a-z0-9-]+)", out(*verb, "--help").split("Options:\n", 1)[1], re.M)


def complete(*words):
    script = ('source signer/contrib/signer.bash; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _signer; printf "%s\\n" "${COMPREPLY[@]}"')
    r = subprocess.run(["bash", "-c", script, "bash", "-", SIGNER, *words], check=True, capture_output=True, text=True, cwd=ROOT, timeout=60)
    return r.stdout.split()


class Pages(unittest.TestCase):
    def test_groff_has_nothing_to_say(self):
        pages = sorted(MAN.glob("*.1"))
        self.assertEqual([p.name for p in pages], ["signer-imgtool.1", "signer-repo.1", "signer.1"])
        for page in pages:
            r = subprocess.run(["groff", "-man", "-ww", "-z", "-Tascii", page], capture_output=True, text=True, timeout=60)
            self.assertEqual((r.returncode, r.stderr), (0, ""), page)

    def documented(self, page, *verb):
        text = (MAN / page).read_text().replace("\\-", "-")
        heads = re.split(r"^\.S[SH] ", text, flags=re.M)
        head = " ".join(("signer", *verb))
        mine = [h for h in heads if h.split("\n", 1)[0] == head]
        self.assertEqual(len(mine), 1, f"{page}: .SS {head}")
        common = next(h for h in heads if h.startswith("COMMON OPTIONS"))
        written = set(re.findall(r"--[a-z0-9-]+", mine[0] + common))
        self.assertLessEqual(set(options(*verb)), written, f"{page}: {head}")
        stale = set(re.findall(r"^\\fB(?:-\w\\fR, \\fB)?(--[a-z0-9-]+)", mine[0], re.M)) - set(options(*verb))
        self.assertEqual(stale, set(), f"{page}: {head}")

    def test_every_verb_and_option(self):
        for verb in verbs():
            if verb not in ("repo", "imgtool"):
                with self.subTest(verb=verb):
                    self.documented("signer.1", verb)

    def test_every_verb_and_option_of_repo(self):
        for verb in verbs("repo"):
            with self.subTest(verb=verb):
                self.documented("signer-repo.1", "repo", verb)

    def test_every_command_and_option_of_imgtool(self):
        for verb in verbs("imgtool"):
            if verb not in ("create", "version"):  # another name; no options
                with self.subTest(verb=verb):
                    self.documented("signer-imgtool.1", "imgtool", verb)


class Completion(unittest.TestCase):
    def test_verbs(self):
        self.assertEqual(complete(""), verbs())
        self.assertEqual(complete("keym"), ["keymanifest"])
        self.assertEqual(complete("repo", ""), verbs("repo"))
        self.assertEqual(complete("imgtool", "getpub"), ["getpub", "getpubhash"])
        self.assertEqual(complete("sign", "app.b"), [])

    def test_options(self):
        self.assertEqual(set(complete("repo", "cosign", "--")), set(options("repo", "cosign")))
        self.assertEqual(complete("sign", "--pad"), ["--pad-header"])


if __name__ == "__main__":
    unittest.main()
