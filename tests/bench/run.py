#!/usr/bin/env python3
"""What the daemon costs beside nginx with the same certificate on the same machine, in one run and in turns: polls, handshakes,
resumed ones, downloads by link, uploads, memory.  Prints ratios against the budgets of the design; asserts nothing (machines
differ).  Needs nginx and wrk, and the optimised build in build/host.

    tests/bench/run.py [PART...]      parts: poll director handshake download upload stall memory
"""
import os
import pathlib
import resource
import shutil
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("OTAD_BUILD", str(HERE.parent.parent / "build" / "host"))
sys.path.insert(0, str(HERE.parent / "e2e"))
from harness import TENANT, Otad, Stack, free_port, shared, wait_until  # noqa: E402
from lab.proc import Process  # noqa: E402
from lab.tuf import Maker  # noqa: E402
from load import Server, children, resident_mib  # noqa: E402

ROUNDS = 7
PLATFORM, MIB = "bench-board", 24
FLEET, CONNECTIONS = 100_000, (1_000, 5_000)
PARTS = {}


def part(f):
    PARTS[f.__name__] = f
    return f


class Report:
    """One line each, with the budget beside it."""

    def line(self, what, ours, theirs, unit, budget=None, of="ratio"):
        """of: what the budget limits: the ratio, or our figure itself."""
        ratio = ours / theirs if theirs else None
        value = ratio if of == "ratio" else ours
        verdict = "" if budget is None or value is None else ("met" if value <= budget else "MISSED")
        limit = "" if budget is None else f"<= {budget:g}" + (" x" if of == "ratio" else f" {unit}")
        print(f"{what:<44} {ours:10.2f} {'' if theirs is None else format(theirs, '.2f'):>10} {unit:<10}"
              f"{'' if ratio is None else format(ratio, '.2f') + ' x':>8}   {limit:<14} {verdict}", flush=True)

    def at_least(self, what, ours, theirs, unit, budget):
        print(f"{what:<44} {ours:10.0f} {theirs:10.0f} {unit:<10}{ours / theirs:6.2f} x   {'>= ' + str(budget):<14} "
              f"{'met' if ours >= budget else 'MISSED'}", flush=True)


class Bench:
    def __init__(self, stack):
        self.stack, self.report, self.nginx = stack, Report(), None
        self.otad = Server(stack.otad.port, [stack.otad.process.pid], shared().ca.cert)
        self.poll_path = f"/{TENANT}/controller/v1/bench"

    def prepare(self, payload):
        s = self.stack
        s.platform(PLATFORM)
        s.publish_file(PLATFORM, "1.0.0", 1, payload)
        self.payload, self.file = payload, f"/platforms/{PLATFORM}/releases/1.0.0/artifacts/{payload.name}"
        key = s.ci_key(PLATFORM, ("release.read", "release.upload"))
        self.key = f"Authorization: Bearer {key}"
        token = s.admin.post("/devices", {"id": "bench", "platform": PLATFORM})["token"]
        self.device = f"Authorization: TargetToken {token}"
        device = s.otad.client().use_device(token)
        device.call("PUT", self.poll_path + "/configData", {"data": {"version": "1.0.0"}})
        link = s.admin.post(f"{self.file}/links", {"byte_budget": 1 << 50})
        self.link = link["url"].removeprefix(s.otad.url)
        return device.request("GET", self.poll_path).body.decode()

    def in_turns(self, ours, theirs, rounds=ROUNDS):
        """Medians of both, of rounds in which first one and then the other goes first."""
        out = [], []
        for n in range(rounds):
            for side in ((0, 1) if n % 2 == 0 else (1, 0)):
                out[side].append((ours, theirs)[side]())
        return [statistics.median(side) for side in out]


@part
def poll(b):
    ours, theirs = b.in_turns(lambda: b.otad.polls(b.poll_path, b.device, 2, 16), lambda: b.nginx.polls("/poll", None, 2, 16))
    b.report.line("idle poll, kept connection", ours, theirs, "us CPU", 1.7)


@part
def director(b):
    """One more request in a poll, whose answer is signed: what it costs beyond a request that isn't."""
    s, name = b.stack, "bench-signed"
    s.platform(name)
    maker = Maker(s.folder / "officers", name)
    s.admin.call("PUT", f"/api/v1/platforms/{name}/tuf/root.json", maker.root(s.admin.get(f"/platforms/{name}/tuf")["online"]))
    device = "Authorization: TargetToken " + s.admin.post("/devices", {"id": name, "platform": name})["token"]
    path = f"/{TENANT}/controller/v1/{name}"
    ours, plain = b.in_turns(lambda: b.otad.polls(f"{path}/director?nonce={'0' * 32}", device, 2, 16), lambda: b.otad.polls(path, device, 2, 16))
    b.report.line("director's answer, on top of a plain poll", ours - plain, None, "us CPU", 20, of="itself")


@part
def handshake(b):
    full = b.in_turns(lambda: b.otad.handshakes(b.poll_path, b.device, 2, False), lambda: b.nginx.handshakes("/poll", None, 2, False))
    b.report.line("poll on a new connection, full handshake", *full, "us CPU", 1.25)
    short = b.in_turns(lambda: b.otad.handshakes(b.poll_path, b.device, 2, True), lambda: b.nginx.handshakes("/poll", None, 2, True))
    b.report.line("poll on a new connection, resumed", *short, "us CPU", 1.25)
    b.report.line("resumed beside full, each for itself", short[0] / full[0], short[1] / full[1], "of a full", 0.85, of="itself")
    b.report.line("100 half-open handshakes", b.otad.half_open(100, 5), b.nginx.half_open(100, 5), "% of core", 2, of="itself")


@part
def download(b):
    ours, theirs = b.in_turns(lambda: b.otad.downloads(b.link, None, 8, MIB), lambda: b.nginx.downloads(f"/files/{b.payload.name}", None, 8, MIB))
    b.report.line("download by link", ours, theirs, "ms CPU/MiB", 1.15)


@part
def upload(b):
    ours, theirs = [], []

    def one(server, path, header, out):
        cpu, rate = server.uploads(path, header, b.payload, 4, MIB)
        out.append(rate)
        return cpu
    cpu = b.in_turns(lambda: one(b.otad, "/api/v1" + b.file, b.key, ours), lambda: one(b.nginx, "/put/up.dat", None, theirs), 3)
    b.report.line("upload, hashed and durable (nginx: DAV)", *cpu, "ms CPU/MiB")
    b.report.at_least("  the same by the clock", statistics.median(ours), statistics.median(theirs), "MiB/s", 250)


@part
def stall(b):
    b.report.line("kernel memory of a stalled download", b.otad.stall(50, b.link, None), b.nginx.stall(50, f"/files/{b.payload.name}", None),
                  "KiB", 256, of="itself")


@part
def memory(b):
    b.report.line("resident when idle, after all that ran above", resident_mib(b.otad.pids), resident_mib(b.nginx.pids), "MiB")
    other = Otad(b.stack.folder / "fleet", b.stack.cluster, shared().ca, database="otad_bench_fleet")
    other.make_database()
    other.start()
    pid = [other.process.pid]
    b.report.line("resident when idle, just started", resident_mib(pid), resident_mib(b.nginx.pids), "MiB", 32, of="itself")
    other.stop()
    b.stack.cluster.sql(
        "SET session_replication_role = replica;"  # the superuser's: neither policies nor triggers slow it down
        "INSERT INTO otad.device (tenant_id, device_id, name, platform_chosen, channel, token_hash, version, version_key, config_wanted)"
        " SELECT 1, 'device-' || n, 'a name for people ' || n, false, 'stable', sha256(n::text::bytea), '1.0.0', NULL, false"
        f" FROM generate_series(1, {FLEET}) n;"
        "INSERT INTO otad.device_seen (tenant_id, device_no) SELECT tenant_id, device_no FROM otad.device d"
        " WHERE NOT EXISTS (SELECT FROM otad.device_seen s WHERE s.tenant_id = d.tenant_id AND s.device_no = d.device_no)", other.database)
    start = time.monotonic()
    other.start()
    b.report.line(f"start with {FLEET} devices", (time.monotonic() - start) * 1e3, None, "ms", 300 + FLEET / 1_000_000 * 2700, of="itself")
    b.report.line(f"resident with {FLEET} devices", resident_mib([other.process.pid]), None, "MiB", 128, of="itself")
    other.stop()
    for count, budget in zip(CONNECTIONS, (80, None), strict=True):
        connections(b, count, budget)


def connections(b, count, budget):
    """Each server started anew for them would be fairer and slower: what grew is told, too."""
    before = resident_mib(b.otad.pids), resident_mib(b.nginx.pids)
    held = b.otad.hold(count, b.poll_path, b.device), b.nginx.hold(count, "/poll", None)
    after = resident_mib(b.otad.pids), resident_mib(b.nginx.pids)
    b.report.line(f"resident with {count} connections", *after, "MiB", budget, of="itself")
    b.report.line("  more for each of them", *((y - x) / count * 1024 for x, y in zip(before, after, strict=True)), "KiB")
    for side in held:
        for s in side:
            s.close()


def nginx_start(folder, certificate, constant, files):
    port = free_port()
    (folder / "put").mkdir()
    (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/error.log; user root; worker_rlimit_nofile 20000;
events {{ worker_connections 16384; }}
http {{
  access_log off; sendfile on; keepalive_requests 100000000; keepalive_timeout 600s; client_max_body_size 0;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d;
  scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port} ssl backlog=4096; ssl_certificate {certificate[0]}; ssl_certificate_key {certificate[1]};
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:bench:20m;
    location = /poll {{ default_type application/json; return 200 '{constant}'; }}
    location /files/ {{ alias {files}/; }}
    location /put/ {{ alias {folder}/put/; dav_methods PUT; }}
  }}
}}
""")
    process = Process("nginx", [shutil.which("nginx") or "/usr/sbin/nginx", "-c", folder / "nginx.conf", "-e", folder / "error.log"],
                      folder / "nginx.log")
    wait_until("nginx to start", lambda: len(children(process.pid)) == 2)
    return process, port


def main():
    for program in ("nginx", "wrk", "curl"):
        if not (shutil.which(program) or pathlib.Path("/usr/sbin", program).exists()):
            sys.exit(f"{program} is missing: apt-get install {program}")
    wanted = sys.argv[1:] or list(PARTS)
    if set(wanted) - set(PARTS):
        sys.exit(__doc__)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    stack = Stack("bench", settings={"timeout_idle_s": 600})
    process = None
    try:
        files = stack.folder / "files"
        files.mkdir()
        payload = files / "payload.dat"
        payload.write_bytes(os.urandom(1 << 20) * MIB)
        folder = stack.folder / "nginx"
        folder.mkdir()
        b = Bench(stack)
        constant = b.prepare(payload)  # the very answer that a device gets
        process, port = nginx_start(folder, stack.otad.certificate, constant, files)
        b.nginx = Server(port, children(process.pid), shared().ca.cert)
        print(f"{'':<44} {'otad':>10} {'nginx':>10} {'':<10}{'':>8}   budget")
        for name in wanted:
            PARTS[name](b)
    finally:
        if process is not None:
            process.end()
        stack.end()


main()
