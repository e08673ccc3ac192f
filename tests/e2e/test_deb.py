"""The Debian packages: made, installed on this machine's files in an overlay, set up by otad-setup against a real PostgreSQL,
upgraded, removed, purged."""
import pathlib
import re
import shutil
import tempfile
import unittest

from lab.overlay import Overlay
from lab.proc import BUILD, ROOT, run, wait_until

VERSIONS = ("0.1.0", "0.1.1")
CURL = "curl -sS --cacert /etc/otad/tls/ca.pem --max-time 60"


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="otad-deb."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        if not (ROOT / "web" / "dist" / "index.html").exists():
            raise AssertionError("web/dist is not built: ./check --only package builds it")
        cls.deb = {}
        for version in VERSIONS:
            run("cpack", "-G", "DEB", "-D", f"CPACK_PACKAGE_VERSION={version}", "-B", cls.folder / version, cwd=BUILD)
            for name in ("otad", "otad-signer"):
                found = list((cls.folder / version).glob(f"{name}_{version}_*.deb"))
                assert len(found) == 1, found
                cls.deb[name, version] = found[0]
        cls.there = Overlay()
        cls.addClassCleanup(cls.there.end)

    def control(self, name, field):
        return run("dpkg-deb", "-f", self.deb[name, VERSIONS[0]], field).stdout

    def test_1_what_is_in_them(self):
        listing = run("dpkg-deb", "-c", self.deb["otad", VERSIONS[0]]).stdout
        for path in ("./usr/bin/otad", "./usr/sbin/otad-setup", "./lib/systemd/system/otad.service", "./etc/otad/otad.conf",
                     "./usr/share/otad/web/index.html", "./usr/share/otad/roles.sql", "./usr/share/doc/otad/copyright"):
            self.assertRegex(listing, rf" {re.escape(path)}\n")
        self.assertNotRegex(listing, r"(?m)^[dl-]\S* (?!root/root)", "everything belongs to root")
        self.assertNotRegex(listing, r"(?m)^-....(w|...w)", "nothing is writable by others")
        for library in ("libmicrohttpd", "libgnutls", "libpq", "libsodium", "libargon2", "libjansson"):
            self.assertIn(library, self.control("otad", "Depends"))
        self.assertIn("libcurl4", self.control("otad-signer", "Depends"))
        listing = run("dpkg-deb", "-c", self.deb["otad-signer", VERSIONS[0]]).stdout
        for path in ("bin/signer", "share/otad-signer/imgtool.py", "share/otad-signer/imgtool -> ../../bin/signer"):
            self.assertRegex(listing, rf" {re.escape('./usr/' + path)}\n")
        for script in ("postinst", "prerm", "postrm"):
            run("sh", "-n", ROOT / "otad" / "contrib" / "debian" / script)

    def test_2_installs_sets_up_and_serves(self):
        there = self.there
        for name in ("otad", "otad-signer"):
            there.put(self.deb[name, VERSIONS[0]], f"{name}.deb")
        said = there.sh("dpkg -i /root/otad.deb /root/otad-signer.deb")
        self.assertIn("otad-setup HOST", said)
        there.sh("test $(stat -c %U:%a /var/lib/otad) = otad:750 && otad --version && signer --version")
        code, said = there.sh("otad-setup ota.test", check=False)
        self.assertEqual(code, 1)
        self.assertIn("PostgreSQL does not answer", said)
        code, said = there.sh("otad-setup 'ota.test; id'", check=False)
        self.assertEqual(code, 1)
        self.assertIn("usage", said)

        self.start_postgres()
        said = there.sh("otad-setup ota.test:9443")
        self.assertIn("ca.pem", said)
        before = there.sh("sha256sum /etc/otad/tls/* /etc/otad/otad.conf $(runuser -u postgres -- psql -qAtX -c 'show hba_file' postgres)")
        there.sh("otad-setup ota.test:9443")
        self.assertEqual(before, there.sh("sha256sum /etc/otad/tls/* /etc/otad/otad.conf $(runuser -u postgres -- psql -qAtX -c 'show hba_file' postgres)"),
                         "a second set-up changes nothing")
        there.sh("test $(stat -c %a:%G /etc/otad/tls/key.pem) = 640:otad && test $(stat -c %a /etc/otad/tls/ca.key) = 600")
        self.start()
        at = f"{CURL} --resolve ota.test:9443:127.0.0.1 https://ota.test:9443"
        self.assertIn("ok", there.sh(f"{at}/healthz"))
        self.assertIn("<!doctype html", there.sh(f"{at}/ -H Accept:text/html").lower())
        self.assertIn('"needed":true', there.sh(f"{at}/api/v1/setup"))
        self.assertIn("https://ota.test:9443/setup#", there.sh("cat /var/lib/otad/state/setup-link"))
        self.assertEqual(there.sh("runuser -u otad -- psql -qAtX -h /run/postgresql -U otad_app -d otad -c 'SELECT current_user'"), "otad_app\n")
        code, _ = there.sh("runuser -u nobody -- psql -qAtX -h /run/postgresql -U otad_app -d otad -c 'SELECT 1'", check=False)
        self.assertNotEqual(code, 0, "nobody else signs in as otad_app")

    def test_3_upgrades_keeps_all_and_goes(self):
        there = self.there
        there.sh("echo 'session_hours = 8' >>/etc/otad/otad.conf")
        kept = there.sh("sha256sum /etc/otad/otad.conf /etc/otad/tls/* /var/lib/otad/state/pepper")
        there.put(self.deb["otad", VERSIONS[1]], "otad-next.deb")
        there.sh("dpkg -i /root/otad-next.deb")
        self.assertEqual(kept, there.sh("sha256sum /etc/otad/otad.conf /etc/otad/tls/* /var/lib/otad/state/pepper"))
        self.assertEqual(there.sh("dpkg-query -W -f '${Version}' otad"), VERSIONS[1])
        there.sh("kill $(cat /run/otad.pid)")
        wait_until("otad to end", lambda: there.sh("kill -0 $(cat /run/otad.pid)", check=False)[0] != 0)
        self.start()
        there.sh("kill $(cat /run/otad.pid)")

        there.sh("dpkg -r otad otad-signer")
        there.sh("test ! -e /usr/bin/otad -a ! -e /usr/bin/signer -a ! -e /usr/share/otad -a -e /etc/otad/otad.conf -a -e /var/lib/otad/state/pepper")
        there.sh("dpkg -P otad otad-signer")
        there.sh("test ! -e /etc/otad -a ! -e /var/lib/otad -a ! -e /lib/systemd/system/otad.service -a ! -e /usr/share/doc/otad")
        self.assertEqual(there.sh("dpkg -l otad 2>/dev/null | grep -c '^[hipr]' || true"), "0\n")

    def start_postgres(self):
        self.there.sh("""set -e
            ip=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
            install -d -o postgres -g postgres -m 2775 /run/postgresql
            install -d -o postgres -g postgres -m 700 /var/lib/postgresql/otad-test
            cd /
            runuser -u postgres -- $ip/initdb -D /var/lib/postgresql/otad-test -A peer -E UTF8 --locale C.UTF-8 -N >/dev/null
            runuser -u postgres -- $ip/pg_ctl -D /var/lib/postgresql/otad-test -w -t 120 -l /var/lib/postgresql/otad-test/log \
                -o "-c listen_addresses='' -c unix_socket_directories=/run/postgresql -c fsync=off" start >/dev/null""")

    def start(self):
        """As the unit does, without systemd."""
        self.there.sh("""cd / && rm -f /run/otad.log
            runuser -u otad -- sh -c 'umask 027; echo $$; exec otad --config /etc/otad/otad.conf' >/run/otad.pid 2>/run/otad.log &""")
        wait_until("otad to be ready", lambda: "event=ready" in self.there.sh("cat /run/otad.log; head -n 1 /run/otad.pid >/dev/null"))
        self.there.sh("head -n 1 /run/otad.pid >/run/otad.pid.1 && mv /run/otad.pid.1 /run/otad.pid")


if __name__ == "__main__":
    unittest.main()
