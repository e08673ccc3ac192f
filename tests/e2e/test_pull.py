"""Two release managers on two machines, and between them an otad that neither trusts: what waits for signatures comes by
`signer repo pull`, signed it goes back by `signer repo publish`."""
import hashlib
import json
import shutil
import unittest

from harness import EndToEnd
from lab.factory import signer
from lab.repo import SCOPES, Managers

PLATFORM = "pulled"


class Pull(EndToEnd):
    @classmethod
    def prepare(cls):
        cls.stack.platform(PLATFORM)
        cls.ann = Managers(cls.stack, cls.stack.folder / "ann", PLATFORM).init()

    def on_bobs(self, verb, *args, scopes=SCOPES, check=True):
        """On the other machine, with an API key of its own."""
        server = () if verb in ("cosign", "status") else ("--server", self.otad.url, "--ca", self.stack.ca.cert)
        return signer("repo", verb, "-d", self.bob, *server, *args, check=check, env={"OTAD_API_KEY": self.stack.ci_key(PLATFORM, scopes)})

    def pulled(self, *args, scopes=("release.read",)):
        return {n["file"]: n["state"] for n in json.loads(self.on_bobs("pull", "--json", *args, scopes=scopes).stdout)["news"]}

    def test_a_release_between_two_machines(self):
        self.bob = self.folder / "bob"
        trusted = shutil.copy(self.ann.first_root, self.folder)  # by hand, once
        role = f"1.{PLATFORM}.json"
        self.assertEqual(self.pulled("--root", trusted, "--platform", PLATFORM), {"1.root.json": "trusted", "1.targets.json": "published", role: "published"})
        signer("repo", "verify", self.bob)
        self.assertEqual(self.pulled(), {})

        built = self.folder / "built.bin"
        built.write_bytes(b"what ann has built" * 99)
        image = self.ann.upload("1.0.0", 7, built)
        self.ann.add("1.0.0", image)
        self.ann.cosign("p1")
        self.ann.publish()
        said = self.on_bobs("pull", scopes=("release.read",)).stdout
        for words in ("waits for signatures", f"+ image 1.0.0/{image.name}: stable, counter 7, ", hashlib.sha256(image.read_bytes()).hexdigest()):
            self.assertIn(words, said)

        self.on_bobs("cosign", "-k", self.ann.secret("p2"), "--yes")
        self.on_bobs("publish")
        self.ann.release("1.0.0")
        self.assertEqual(self.pulled(), {}, "what bob completed is what stands")
        again = json.loads(signer("repo", "pull", "-d", self.ann.repo, "--server", self.otad.url, "--ca", self.stack.ca.cert, "--json",
                                  env={"OTAD_API_KEY": self.stack.ci_key(PLATFORM, SCOPES)}).stdout)
        self.assertEqual([(n["file"], n["state"]) for n in again["news"]], [(f"2.{PLATFORM}.json", "published")])
        self.assertFalse((self.ann.repo / "pending" / f"2.{PLATFORM}.json").exists())

        self.ann.rotate("root", "--remove", self.ann.public("r3"))
        self.ann.cosign("r1", "r2")
        self.ann.publish()
        self.assertEqual(self.pulled(), {"2.root.json": "published"})
        signer("repo", "verify", self.bob)

        kept = {p: p.read_bytes() for p in self.bob.rglob("*") if p.is_file()}
        self.otad.stop()
        self.stack.sql("UPDATE otad.tuf_file f SET body = convert_to(replace(convert_from(body, 'UTF8'), '\"counter\":7', '\"counter\":8'), 'UTF8') "
                       f"FROM otad.platform p WHERE p.platform_id = f.platform_id AND p.name = '{PLATFORM}' AND role = 'platform'")
        self.otad.start()
        refused = self.on_bobs("pull", check=False)
        self.assertEqual(refused.returncode, 3, refused.stderr)
        self.assertIn(f"the server's 2.{PLATFORM}.json is refused: its digest is not the one that is listed (hash)", refused.stderr)
        self.assertEqual({p: p.read_bytes() for p in self.bob.rglob("*") if p.is_file()}, kept)


if __name__ == "__main__":
    unittest.main()
