"""The people who vouch for a platform's releases (SPEC 10): root officers, targets' managers and release managers with a key each,
and the folder in which they sign, all of it by `signer repo`."""
import datetime
import json
import pathlib
import shutil

from .factory import signer

SCOPES = ("release.read", "release.upload", "release.manage")
FOUNDER = (*SCOPES, "platform.manage")  # gives a platform its first root
KEYS = {"root": ("r1", "r2", "r3"), "targets": ("t1", "t2"), "platform": ("p1", "p2", "p3")}  # two of each have to sign


class Managers:
    """Keys in folder, which platforms may share; the files to be signed in folder/PLATFORM.  stack: otad, its CA, admin and keys."""

    def __init__(self, stack, folder, platform):
        self.stack, self.folder, self.platform = stack, pathlib.Path(folder), platform
        self.repo = self.folder / platform
        self.folder.mkdir(parents=True, exist_ok=True)

    def secret(self, name):
        path = self.folder / f"{name}.pem"
        if not path.exists():
            signer("keygen", "--type", "ed25519", "--out", path)
        return path

    def public(self, name):
        return self.secret(name).with_suffix(".pub")

    @property
    def first_root(self):
        return self.repo / "1.root.json"

    def _do(self, verb, *args, check=True):
        return signer("repo", verb, "-d", self.repo, *args, check=check)

    def init(self, *args):
        """First root, targets and an empty list, signed by two each and published."""
        online = self.folder / "online.json"
        online.write_text(json.dumps(self.stack.admin.get(f"/platforms/{self.platform}/tuf")))
        given = [a for role, names in KEYS.items() for n in names for a in (f"--{role}-key", self.public(n))]
        self._do("init", "--platform", self.platform, "--class", self.platform, "--online", online, *given, *args)
        self.cosign("r1", "r2", "t1", "t2", "p1", "p2")
        self.publish(scopes=FOUNDER)
        return self

    def upload(self, version, counter, payload):
        """The image, signed and uploaded as a draft."""
        image = self.stack.image(self.platform, version, counter, payload)
        self.draft(version, image)
        return image

    def draft(self, version, image):
        s = self.stack
        signer("publish", "--server", s.otad.url, "--ca", s.ca.cert, "--platform", self.platform, "--version", version,
               "--release-key", s.keys.secret("release"), image, env={"OTAD_API_KEY": s.ci_key(self.platform)})

    def add(self, version, image, *args):
        """The release becomes its channel's head in a list that nobody has signed yet."""
        folder = self.folder / f"{self.platform}-{version}"
        folder.mkdir(exist_ok=True)
        shutil.copy(image, folder)
        self._do("add-release", *args, folder)

    def cosign(self, *names, check=True):
        for name in names:
            said = self._do("cosign", "-k", self.secret(name), "--yes", check=check)
        return said

    def rotate(self, role, *args):
        self._do("rotate", "--role", role, *args)

    def renew_online(self):
        """A new root for the online keys that otad names now."""
        online = self.folder / "online.json"
        online.write_text(json.dumps(self.state()))
        self._do("rotate", "--role", "root", "--online", online)
        self.cosign("r1", "r2")
        self.publish()

    def revoke(self, name, *args):
        self._do("revoke", self.public(name), *args)

    def renew(self, *roles):
        self._do("renew", *roles)

    def renew_due(self):
        """What expires within a week, or has, signed anew and published; the names of it."""
        soon = f"{datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}"
        expires = {r["role"]: r["expires"] for r in self.state()["roles"]}
        due = [role for role in ("root", "targets", self.platform) if expires.get(role, "9999") < soon]
        if due:
            self.renew(*due)
            self.cosign(*(n for role in due for n in KEYS["platform" if role == self.platform else role][:2]))
            self.publish()
        return due

    def publish(self, check=True, scopes=SCOPES):
        return signer("repo", "publish", "-d", self.repo, "--server", self.stack.otad.url, "--ca", self.stack.ca.cert, check=check,
                      env={"OTAD_API_KEY": self.stack.ci_key(self.platform, scopes)})

    def release(self, version, check=True):
        """Let devices have what is uploaded and listed; the answer."""
        answer = self.stack.admin.request("POST", f"/api/v1/platforms/{self.platform}/releases/{version}/release",
                                          b'{"channel":"stable"}', {"Content-Type": "application/json"})
        assert not check or answer.status == 200, answer.body
        return answer

    def ship(self, version, counter, payload, *args):
        """From the image to the release, by those who usually do it."""
        image = self.upload(version, counter, payload)
        self.add(version, image, *args)
        self.cosign("p1", "p2")
        self.publish()
        self.release(version)
        return image

    def state(self):
        return self.stack.admin.get(f"/platforms/{self.platform}/tuf")
