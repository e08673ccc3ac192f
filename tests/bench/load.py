"""What the benchmark does to a server, and what it asks of the kernel about it."""
import concurrent.futures
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import time

from lab.proc import run

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_s(pids):
    """User and system time of these processes so far."""
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def resident_mib(pids):
    total = 0
    for pid in pids:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
        total += int(next(line.split()[1] for line in text.splitlines() if line.startswith("VmRSS")))
    return total / 1024


def children(pid):
    return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def kernel_tcp_kib():
    """Memory that the kernel holds for all TCP sockets of this machine."""
    line = next(x for x in pathlib.Path("/proc/net/sockstat").read_text().splitlines() if x.startswith("TCP:")).split()
    return int(line[line.index("mem") + 1]) * PAGE / 1024


class Server:
    """Where to knock, and whose CPU time counts."""

    def __init__(self, port, pids, ca):
        self.port, self.pids, self.ca = port, pids, str(ca)

    def url(self, path):
        return f"https://localhost:{self.port}{path}"

    def polls(self, path, header, seconds, connections):
        """CPU microseconds for each request on kept connections."""
        before = cpu_s(self.pids)
        out = run("wrk", "-t2", f"-c{connections}", f"-d{seconds}s", *(["-H", header] if header else []), self.url(path)).stdout
        if "Non-2xx" in out:
            sys.exit(out)
        count = int(next(line.split()[0] for line in out.splitlines() if "requests in" in line))
        return (cpu_s(self.pids) - before) / count * 1e6

    def downloads(self, path, header, count, mib):
        """CPU milliseconds for each MiB, two at a time."""
        before = cpu_s(self.pids)
        for _ in range(count // 2):
            both = [subprocess.Popen(["curl", "-sS", "-f", "--cacert", self.ca, "-o", "/dev/null", *(["-H", header] if header else []),
                                      self.url(path)]) for _ in range(2)]
            if any(p.wait() for p in both):
                sys.exit(f"curl {path} failed")
        return (cpu_s(self.pids) - before) / (count * mib) * 1e3

    def uploads(self, path, header, file, count, mib):
        """CPU milliseconds for each MiB, and MiB a second by the clock of the wall."""
        before, start = cpu_s(self.pids), time.monotonic()
        for _ in range(count):
            r = subprocess.run(["curl", "-sS", "-f", "--cacert", self.ca, "-o", "/dev/null", "-T", str(file),
                                *(["-H", header] if header else []), self.url(path)])
            if r.returncode:
                sys.exit(f"curl -T {path} failed")
        return (cpu_s(self.pids) - before) / (count * mib) * 1e3, count * mib / (time.monotonic() - start)

    def context(self, version=ssl.TLSVersion.TLSv1_2):
        """As devices come: TLS 1.2."""
        context = ssl.create_default_context(cafile=self.ca)
        context.minimum_version = context.maximum_version = version
        return context

    def ask(self, context, path, header, session=None):
        """A new connection, one request; the session to resume with."""
        with socket.create_connection(("127.0.0.1", self.port), 60) as plain:
            with context.wrap_socket(plain, server_hostname="localhost", session=session) as s:
                if session is not None and not s.session_reused:
                    sys.exit("the session was not resumed")
                lines = [f"GET {path} HTTP/1.1", "Host: localhost", *([header] if header else []), "Connection: close", "", ""]
                s.sendall("\r\n".join(lines).encode())
                data = b""
                while chunk := s.recv(65536):
                    data += chunk
                if not data.startswith(b"HTTP/1.1 200"):
                    sys.exit(f"{path}: {data[:200]!r}")
                return s.session

    def handshakes(self, path, header, seconds, resumed):
        """CPU microseconds for each new connection with one request, two at a time."""
        def one_client(_):
            context, count, end = self.context(), 0, time.monotonic() + seconds
            session = self.ask(context, path, header) if resumed else None
            while time.monotonic() < end:
                self.ask(context, path, header, session)
                count += 1
            return count + (1 if resumed else 0)
        before = cpu_s(self.pids)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            count = sum(pool.map(one_client, range(2)))
        return (cpu_s(self.pids) - before) / count * 1e6

    def half_open(self, count, seconds):
        """Percent of a core that so many connections cost that have sent eleven bytes of a handshake."""
        hello = bytes.fromhex("1603010200010001fc0303")
        sockets = [socket.create_connection(("127.0.0.1", self.port), 60) for _ in range(count)]
        for s in sockets:
            s.sendall(hello)
        time.sleep(0.5)
        before, start = cpu_s(self.pids), time.monotonic()
        time.sleep(seconds)
        percent = (cpu_s(self.pids) - before) / (time.monotonic() - start) * 100
        for s in sockets:
            s.close()
        return percent

    def hold(self, count, path, header):
        """So many open connections, each with one answered request behind it."""
        context, held = self.context(), []
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", *([header] if header else []), "", ""]
        for _ in range(count):
            s = context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), 60), server_hostname="localhost")
            s.sendall("\r\n".join(lines).encode())
            if not s.recv(65536).startswith(b"HTTP/1.1 200"):
                sys.exit(f"{path} was refused")
            held.append(s)
        return held

    def stall(self, count, path, header):
        """Kernel memory in KiB for each download whose client reads nothing; small buffers of its own."""
        context, held, before = self.context(), [], kernel_tcp_kib()
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", *([header] if header else []), "", ""]
        for _ in range(count):
            plain = socket.socket()
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            plain.connect(("127.0.0.1", self.port))
            s = context.wrap_socket(plain, server_hostname="localhost")
            s.sendall("\r\n".join(lines).encode())
            held.append(s)
        time.sleep(2)
        each = (kernel_tcp_kib() - before) / count
        for s in held:
            s.close()
        return each
