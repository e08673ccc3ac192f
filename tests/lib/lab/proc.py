"""Processes with their output in a file, ended by id and never by name."""
import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("OTAD_BUILD", ROOT / "build" / "host")).resolve()
PATIENCE_S = float(os.environ.get("OTAD_PATIENCE_S", "120"))  # for waits on conditions; two busy cores are slow


LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1


def die_with_parent():
    """In a new process: be told to end when the thread that started it ends, in whatever way.  Start from the main thread."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Failed(AssertionError):
    """Something outside did not do what it should; the message is for people."""


def wait_until(what, condition, timeout_s=None, every_s=0.05):
    """Wait for condition() to be truthy and return it."""
    timeout_s = timeout_s or PATIENCE_S
    end = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"waited {timeout_s:.0f} s for: {what}")
        time.sleep(every_s)


def free_port(preferred=None):
    """preferred if nobody has it, else one that the kernel picks."""
    for port in (preferred, 0):
        if port is None:
            continue
        with socket.socket(socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET) as s:
            if s.family == socket.AF_INET6:
                s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("", port))
                return s.getsockname()[1]
            except OSError:
                continue
    raise Failed("no free port")


def run(*command, stdin=None, check=True, cwd=None, env=None, timeout_s=300):
    """Run to the end; the whole output is in the error when it fails."""
    r = subprocess.run([str(c) for c in command], input=stdin, capture_output=True, cwd=cwd, timeout=timeout_s,
                       env={**os.environ, **(env or {})}, text=not isinstance(stdin, bytes))
    if check and r.returncode != 0:
        raise Failed(f"{' '.join(str(c) for c in command)}\n  exit {r.returncode}\n{r.stdout}{r.stderr}")
    return r


class Process:
    """A running program.  Its standard output and error go to log, which is appended to."""

    def __init__(self, name, command, log, env=None, cwd=None):
        self.name, self.log = name, pathlib.Path(log)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.from_byte = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as out:
            self.popen = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                          cwd=cwd, env={**os.environ, **(env or {})}, start_new_session=True,
                                          preexec_fn=die_with_parent)

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def output(self):
        with open(self.log, "rb") as f:
            f.seek(self.from_byte)
            return f.read().decode("utf-8", "replace")

    def wait_output(self, text, timeout_s=None):
        def there():
            found = text in self.output()
            if not found and not self.running():
                raise Failed(f"{self.name} ended (status {self.popen.returncode}) before it said {text!r}:\n"
                             + self.output()[-3000:])
            return found
        wait_until(f"{self.name} to say {text!r} ({self.log})", there, timeout_s)

    def wait(self, timeout_s=None):
        try:
            return self.popen.wait(timeout_s or PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} (pid {self.pid}) did not end") from None

    def kill(self):
        """The power cut: SIGKILL, no matter what it does."""
        if self.running():
            self.popen.send_signal(signal.SIGKILL)
        self.popen.wait()

    def end(self, timeout_s=30):
        """Ask, wait, then insist.  Returns the exit status."""
        if self.running():
            self.popen.terminate()
            try:
                self.popen.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.popen.kill()
        return self.popen.wait()
