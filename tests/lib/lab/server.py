"""otad as an operator runs it: a configuration file, a certificate, a database of its own."""
import pathlib

from .client import Client
from .proc import BUILD, ROOT, Failed, Process, free_port, wait_until

TENANT = "DEFAULT"


class Otad:
    """folder holds configuration, state, artifacts and log; cluster is a running postgres.Cluster."""

    def __init__(self, folder, cluster, ca, port=None, settings=None, database="otad", names=("localhost",),
                 certificate=None, binary=None, web=None, host="127.0.0.1", env=None):
        self.folder, self.cluster, self.ca, self.database = pathlib.Path(folder), cluster, ca, database
        self.port = port or free_port()
        self.host, self.name = host, names[0]
        self.url = f"https://{self.name}:{self.port}"
        self.certificate = certificate or ca.issue("server", names)
        self.binary = pathlib.Path(binary or BUILD / "otad" / "otad")
        self.web = web or ROOT / "web" / "dist"
        self.settings = settings or {}
        self.env = env or {}
        self.config = self.folder / "otad.conf"
        self.process = None

    def make_database(self):
        """sql/roles.sql is what an operator's superuser runs once; the rest otad does itself."""
        self.cluster.file(ROOT / "sql" / "roles.sql")
        if not self.cluster.sql(f"SELECT 1 FROM pg_database WHERE datname = '{self.database}'"):
            self.cluster.sql(f"CREATE DATABASE {self.database} OWNER otad_owner")

    def write_config(self):
        for sub in ("state", "artifacts"):
            (self.folder / sub).mkdir(parents=True, exist_ok=True, mode=0o700)
        values = {
            "listen": f"{self.host}:{self.port}", "public_url": self.url,
            "tls_cert": self.certificate[0], "tls_key": self.certificate[1],
            "database": self.cluster.conninfo(self.database, "otad_app"),
            "database_owner": self.cluster.conninfo(self.database, "otad_owner"),
            "database_jobs": self.cluster.conninfo(self.database, "otad_jobs"),
            "artifacts_dir": self.folder / "artifacts", "state_dir": self.folder / "state",
            "web_dir": self.web if pathlib.Path(self.web).is_dir() else "", "tenant": TENANT,
        }
        values.update(self.settings)
        self.config.write_text("".join(f"{k} = {v}\n" for k, v in values.items()))

    def start(self):
        self.write_config()
        self.process = Process("otad", [self.binary, "--config", self.config], self.folder / "otad.log",
                               env={"ASAN_OPTIONS": "abort_on_error=0:exitcode=99", **self.env})
        return self.wait_ready()

    def wait_ready(self):
        def ready():
            if not self.process.running():
                raise Failed(f"otad ended with status {self.process.popen.returncode}:\n{self.process.output()[-3000:]}")
            try:
                return self.client(timeout_s=5).request("GET", "/readyz").status == 200
            except OSError:
                return False
        wait_until(f"otad to be ready at {self.url} ({self.folder}/otad.log)", ready)
        return self

    def stop(self):
        """Graceful; the status is otad's own."""
        return self.process.end() if self.process else 0

    def kill(self):
        self.process.kill()

    def client(self, **more):
        return Client(self.url, self.ca.cert, **more)

    def setup_link(self):
        path = self.folder / "state" / "setup-link"
        return wait_until("the one-time set-up link", lambda: path.exists() and path.read_text().strip())

    def first_admin(self, name, password):
        """Through the one-time link, as a person would; returns a signed-in client."""
        client = self.client()
        client.setup(self.setup_link().split("#", 1)[1], name, password)
        return client

    def device_url(self, device):
        return f"/{TENANT}/controller/v1/{device}"

    def log_text(self):
        return (self.folder / "otad.log").read_text(errors="replace")
