#!/usr/bin/env python3
"""What the daemon costs beside nginx with the same certificate on the same machine, in CPU time: idle polls on kept
connections, and downloads.  Prints ratios against the budgets of docs/DESIGN.md; asserts nothing (machines differ).
Needs nginx and wrk, and the optimised build in build/host."""
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("OTAD_BUILD", str(HERE.parent.parent / "build" / "host"))
sys.path.insert(0, str(HERE.parent / "e2e"))
from harness import TENANT, Stack, free_port, run, shared, wait_until  # noqa: E402
from lab.proc import Process  # noqa: E402

ROUNDS, SECONDS, CONNECTIONS = 3, 5, 16
DOWNLOAD_MIB, DOWNLOADS = 24, 24
TICK = os.sysconf("SC_CLK_TCK")


def cpu_s(pids):
    """User and system time of these processes so far."""
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def children(pid):
    return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def nginx(folder, certificate, constant, files):
    port = free_port()
    (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/error.log; user root;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; keepalive_requests 100000000;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d;
  scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port} ssl; ssl_certificate {certificate[0]}; ssl_certificate_key {certificate[1]};
    ssl_protocols TLSv1.2 TLSv1.3;
    location = /poll {{ default_type application/json; return 200 '{constant}'; }}
    location /files/ {{ alias {files}/; }}
  }}
}}
""")
    process = Process("nginx", ["nginx", "-c", folder / "nginx.conf", "-e", folder / "error.log"], folder / "nginx.log")
    wait_until("nginx to start", lambda: len(children(process.pid)) == 2)
    return process, port


def polls(url, header, pids):
    """CPU microseconds of the server for each request of a run of wrk."""
    before = cpu_s(pids)
    out = run("wrk", "-t2", f"-c{CONNECTIONS}", f"-d{SECONDS}s", *(["-H", header] if header else []), url).stdout
    count = int(next(line.split()[0] for line in out.splitlines() if "requests in" in line))
    if "Non-2xx" in out:
        sys.exit(out)
    return (cpu_s(pids) - before) / count * 1e6, count / SECONDS


def downloads(url, header, ca, pids):
    """CPU milliseconds of the server for each MiB."""
    before = cpu_s(pids)
    for _ in range(DOWNLOADS // 2):
        both = [subprocess.Popen(["curl", "-sS", "-f", "--cacert", str(ca), "-o", "/dev/null", *(["-H", header] if header else []), url])
                for _ in range(2)]
        if any(p.wait() for p in both):
            sys.exit(f"curl {url} failed")
    return (cpu_s(pids) - before) / (DOWNLOADS * DOWNLOAD_MIB) * 1e3


def median(values):
    return sorted(values)[len(values) // 2]


def main():
    for program in ("nginx", "wrk", "curl"):
        if not shutil.which(program):
            sys.exit(f"{program} is missing: apt-get install {program}")
    stack = Stack("bench")
    try:
        measure(stack)
    finally:
        stack.end()


def measure(stack):
    files = stack.folder / "files"
    files.mkdir()
    payload = files / "payload.dat"
    payload.write_bytes(os.urandom(1 << 20) * DOWNLOAD_MIB)
    stack.platform("bench-board")
    stack.publish_file("bench-board", "1.0.0", 1, payload)
    key = stack.ci_key("bench-board", ("release.read",))
    token = stack.admin.post("/devices", {"id": "bench", "platform": "bench-board"})["token"]
    device = stack.otad.client().use_device(token)
    path = f"/{TENANT}/controller/v1/bench"
    device.call("PUT", path + "/configData", {"data": {"version": "1.0.0"}})
    constant = device.request("GET", path).body.decode()
    url = f"https://localhost:{stack.otad.port}"
    other, port = nginx(stack.folder, stack.otad.certificate, constant, files)
    try:
        ours, theirs = [stack.otad.process.pid], children(other.pid)
        poll = [], []
        load = [], []
        for _ in range(ROUNDS):  # in turns, so that a busy machine meets both
            poll[0].append(polls(url + path, f"Authorization: TargetToken {token}", ours))
            poll[1].append(polls(f"https://localhost:{port}/poll", None, theirs))
            load[0].append(downloads(f"{url}/api/firmware/bench-board", f"Authorization: Bearer {key}", shared().ca.cert, ours))
            load[1].append(downloads(f"https://localhost:{port}/files/{payload.name}", None, shared().ca.cert, theirs))
        a, b = (median([p[0] for p in side]) for side in poll)
        print(f"idle poll on a kept connection: otad {a:.1f} us CPU, nginx with a constant {b:.1f} us: ratio {a / b:.2f} (budget 1.7)")
        print(f"  at {median([p[1] for p in poll[0]]):.0f} and {median([p[1] for p in poll[1]]):.0f} requests a second")
        a, b = (median(side) for side in load)
        print(f"download: otad {a:.2f} ms CPU per MiB, nginx {b:.2f} ms: ratio {a / b:.2f} (budget 1.15)")
    finally:
        other.end()


main()
