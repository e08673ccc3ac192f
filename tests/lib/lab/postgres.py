"""A private PostgreSQL cluster that listens on a Unix socket in its own folder and nowhere else.

PostgreSQL refuses to run as root, and another user cannot enter root's folders: for root the cluster runs as Debian's
user postgres in a folder under /var/tmp, which the caller's folder links to.  So does everybody's whose folder's name is
too long for a socket in it.
"""
import glob
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

from .proc import Failed, run, wait_until

SOCKET_FOLDER_MAX = 80  # a Unix socket's path ends at 107


def program(name):
    found = shutil.which(name) or max(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), default=None,
                                      key=lambda p: int(p.split("/")[4]))
    if not found:
        raise Failed(f"PostgreSQL's {name} is missing: apt-get install postgresql")
    return found


class Cluster:
    """Made in link (a path that does not exist or was made by us before), started, stopped, removed."""

    def __init__(self, link, durable=True):
        self.link, self.durable = pathlib.Path(link), durable
        self.user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        self.popen = None

    def command(self, *argv, dies_with_us=False):
        """argv as the cluster's user; dies_with_us: a fast shutdown when this process ends in whatever way."""
        who = ["--reuid", self.user, "--regid", self.user, "--init-groups"] if os.getuid() == 0 else []
        return ["setpriv", *who, *(["--pdeathsig", "INT"] if dies_with_us else []), *argv]

    @property
    def folder(self):
        return self.link.resolve()

    @property
    def data(self):
        return self.folder / "data"

    def make(self):
        if (self.link / "data" / "PG_VERSION").exists():
            return False
        self.link.parent.mkdir(parents=True, exist_ok=True)
        if os.getuid() == 0 or len(str(self.link.absolute())) > SOCKET_FOLDER_MAX:
            who = pwd.getpwnam(self.user)
            outside = tempfile.mkdtemp(prefix="otad-pg.", dir="/var/tmp")
            os.chown(outside, who.pw_uid, who.pw_gid)
            if self.link.is_symlink():
                self.link.unlink()
            self.link.symlink_to(outside)
        else:
            self.link.mkdir(mode=0o700, exist_ok=True)
        run(*self.command(program("initdb"), "-D", str(self.data), "-U", self.user, "-A", "trust", "-E", "UTF8",
                          "--locale=C.UTF-8", *([] if self.durable else ["--no-sync"])), cwd="/")
        settings = {
            "listen_addresses": "''", "unix_socket_directories": f"'{self.folder}'", "unix_socket_permissions": "0700",
            "max_connections": "60", "shared_buffers": "64MB", "logging_collector": "off",
            "log_line_prefix": "'%m [%p] user=%u app=%a '", "fsync": "on" if self.durable else "off",
        }
        text = "".join(f"{k} = {v}\n" for k, v in settings.items())
        run(*self.command("sh", "-c", f"cat >> '{self.data}/postgresql.conf'"), stdin=text, cwd="/")
        return True

    def start(self):
        self._end_left_over()
        log = self.folder / "postgres.log"
        with open(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as out:
            self.popen = subprocess.Popen(self.command(program("postgres"), "-D", str(self.data), dies_with_us=True), cwd="/", stdout=out,
                                          stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)
        wait_until("PostgreSQL to accept connections", self._ready)

    def _end_left_over(self):
        """A postmaster of this very folder that an earlier run could not end."""
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        pid = int(pid_file.read_text().split()[0])
        line = pathlib.Path(f"/proc/{pid}/cmdline")
        if line.exists() and str(self.data).encode() in line.read_bytes():
            os.kill(pid, signal.SIGINT)
            wait_until(f"PostgreSQL of an earlier run (pid {pid}) to end", lambda: not line.exists())

    def _ready(self):
        if self.popen.poll() is not None:
            raise Failed("PostgreSQL ended:\n" + self.log_text()[-2000:])
        return subprocess.run([program("pg_isready"), "-q", "-h", str(self.folder)], check=False).returncode == 0

    def log_text(self):
        return (self.folder / "postgres.log").read_text(errors="replace")

    def log_size(self):
        return (self.folder / "postgres.log").stat().st_size

    def log_since(self, size):
        with open(self.folder / "postgres.log", "rb") as f:
            f.seek(size)
            return f.read().decode("utf-8", "replace")

    def pid(self):
        return self.popen.pid

    def stop(self, how=signal.SIGINT):
        """SIGINT: fast shutdown.  SIGQUIT: at once, recovery at the next start."""
        if self.popen is None:
            return
        if self.popen.poll() is None:
            os.kill(self.pid(), how)
        self.popen.wait(60)
        self.popen = None

    def restart(self, how=signal.SIGQUIT):
        self.stop(how)
        self.start()

    def remove(self):
        self.stop()
        outside = self.folder
        if self.link.is_symlink():
            self.link.unlink()
        if outside.exists():
            shutil.rmtree(outside)

    def sql(self, text, database="postgres"):
        """Rows as lists of strings."""
        r = run(program("psql"), "-X", "-q", "-A", "-t", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U",
                self.user, "-d", database, "-c", text)
        return [line.split("\x1f") for line in r.stdout.splitlines() if line]

    def file(self, path, database="postgres"):
        run(program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", self.user, "-d", database, "-f",
            path)

    def conninfo(self, database, user=None):
        return f"host='{self.folder}' dbname={database} user={user or self.user}"
