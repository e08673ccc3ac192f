"""This machine's files as a layer below: a place to install and remove packages for real, and nothing of it stays.

Root, in namespaces of its own for mounts, processes and network; all that was started in it ends with it."""
import os
import pathlib
import subprocess
import tempfile

from .proc import Failed, run

MAKE = """set -e
mount -t tmpfs otad-test "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs run "$1/root/run"
python3 -c 'import fcntl, socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 1))'  # lo is up (SIOCSIFFLAGS, IFF_UP)
echo ready
exec sleep infinity
"""


class Overlay:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="otad-overlay."))
        self.sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
        self.process = subprocess.Popen([*self.sudo, "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", MAKE, "sh", self.folder],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            why = self.process.communicate()[1]
            self.folder.rmdir()
            raise Failed(f"an overlay of this machine's files can't be made (it takes root, or sudo without a password): {why}")
        self.first = self._first()

    def _first(self):
        """The id, out here, of the first process in there."""
        pid = self.process.pid
        while True:
            below = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            if not below:
                return pid
            pid = int(below[0])

    def sh(self, script, check=True):
        """Run it in there; everything it printed."""
        r = subprocess.run([*self.sudo, "nsenter", "-t", str(self.first), "-m", "-n", "-p", "chroot", self.folder / "root", "sh", "-c", script],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=600)
        if check and r.returncode != 0:
            raise Failed(f"exit {r.returncode} of: {script}\n{r.stdout}")
        return r.stdout if check else (r.returncode, r.stdout)

    def put(self, path, name):
        """Copy a file of ours to /root/name in there."""
        run(*self.sudo, "cp", path, f"/proc/{self.first}/root{self.folder}/root/root/{name}")
        return f"/root/{name}"

    def end(self):
        run(*self.sudo, "kill", "-9", self.first, check=False)
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()
        self.folder.rmdir()
