"""A private CA and server certificates by openssl, P-256 as devices want it."""
import os
import pathlib

from .proc import run

DAYS_CA, DAYS_SERVER = 3650, 397


class Ca:
    def __init__(self, folder, name="otad demo CA"):
        self.folder, self.name = pathlib.Path(folder), name
        self.cert, self.key = self.folder / "ca.pem", self.folder / "ca.key"

    def make(self):
        if self.cert.exists():
            return self
        self.folder.mkdir(parents=True, exist_ok=True)
        _key(self.key)
        run("openssl", "req", "-x509", "-new", "-key", self.key, "-sha256", "-days", DAYS_CA, "-subj", f"/CN={self.name}",
            "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-out", self.cert)
        return self

    def issue(self, label, names, addresses=("127.0.0.1",), expired=False):
        """Server certificate and key as files; made once per label."""
        cert, key = self.folder / f"{label}.pem", self.folder / f"{label}.key"
        if cert.exists():
            return cert, key
        _key(key)
        request, extensions = self.folder / f"{label}.csr", self.folder / f"{label}.ext"
        alt = ",".join([*(f"DNS:{n}" for n in names), *(f"IP:{a}" for a in addresses)])
        extensions.write_text("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
                              f"extendedKeyUsage=serverAuth\nsubjectAltName={alt}\n")
        run("openssl", "req", "-new", "-key", key, "-subj", f"/CN={names[0]}", "-out", request)
        if expired:
            self._issue_expired(request, extensions, cert)
        else:
            run("openssl", "x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key, "-CAcreateserial", "-sha256",
                "-days", DAYS_SERVER, "-extfile", extensions, "-out", cert)
        request.unlink()
        extensions.unlink()
        return cert, key

    def _issue_expired(self, request, extensions, cert):
        """openssl x509 has no start date in version 3.0; openssl ca has."""
        home = self.folder / "expired"
        home.mkdir(exist_ok=True)
        (home / "index.txt").write_text("")
        (home / "serial").write_text("1000\n")
        (home / "ca.cnf").write_text(
            f"[ca]\ndefault_ca=d\n[d]\ndatabase={home}/index.txt\nserial={home}/serial\nnew_certs_dir={home}\n"
            "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
        run("openssl", "ca", "-batch", "-config", home / "ca.cnf", "-cert", self.cert, "-keyfile", self.key, "-in", request,
            "-extfile", extensions, "-startdate", "20240101000000Z", "-enddate", "20240201000000Z", "-notext", "-out", cert)


def _key(path):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as f:
        f.write(run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256").stdout)
