#!/usr/bin/env python3
"""The tampered repositories of tests/unit/test_tuf_tampered.py and test_tuf_kinds.py, served to tuf-client and to tuf-js: what
each says stands in README.md's table, word for word.  --write puts it there.  The last line is "N passed, M failed".
"""
import functools
import pathlib
import re
import shutil
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parent / "unit")]
import test_tuf_kinds as kinds  # noqa: E402
from test_tuf_tampered import CASES, PATH, good_start, tampered  # noqa: E402
from tuf_client import Client  # noqa: E402
from tuf_js import TufJs  # noqa: E402
from tuf_maker import Key, Repo, Server  # noqa: E402

TABLE = HERE / "README.md"
ACCEPTS = "**accepts**"


def plain(error):
    """tuf-js's reason without what differs from one version of Node, or one run, to the next."""
    error = re.sub(r"Unable to load \w+(?: metadata)? error \w+: ", "", error)
    error = re.sub(r"^SyntaxError: .*", "SyntaxError: no JSON", error)
    return re.sub(r"[0-9a-f]{64}", "...", error)


def shared_role():
    """Both a and b delegate to one role, b to another key than the one that signs it."""
    r = Repo()
    r.content = {"a/fw": b"firmware of a", "b/fw": b"firmware of b"}
    r.listed = {"shared": list(r.content)}
    r.delegations = [{"name": n, "paths": [f"{n}/*"], "terminating": True} for n in "ab"]
    for name in ("a", "b", "shared"):
        r.keys[name], r.version[name] = [Key(name)], 1
    for name in "ab":
        r.extra[name] = [{"name": "shared", "paths": [f"{name}/*"], "terminating": True}]

    def name_another(signed):
        key = Key("of b's own")
        signed["delegations"]["keys"] = {key.id: key.object}
        signed["delegations"]["roles"][0]["keyids"] = [key.id]
    r.edit["b"] = name_another
    return r.publish()


class Start:
    """A good repository that both clients trust: its folders are copied for each case."""

    def __init__(self, both, name, repo):
        self.repo, self.server, base = repo, both.server, both.base / f"start-{name}"
        self.server.trees[name] = repo.files
        self.ours, self.theirs = Client(base / "ours", self.server, name), base / "theirs"
        root = base / "1.root.json"
        root.write_bytes(repo.files["metadata/1.root.json"])
        assert self.ours.init(root.read_bytes()) == (0, None, None)
        assert self.ours.download("1.0.0/fw.bin") == (0, None, None)
        said = both.ask_js(name, self.theirs, "1.0.0/fw.bin", root=root)
        assert said["ok"] and pathlib.Path(said["paths"][0]).read_bytes() == b"firmware " * 40, said


class Both:
    """A server and the two clients."""

    def __init__(self, base):
        self.base, self.server, self.js = base, Server(), TufJs()
        self.plain, self.kinds = Start(self, "good", good_start()), Start(self, "kinds", kinds.start())

    def ask_js(self, tree, folder, *names, **more):
        url = f"{self.server.url}/{tree}"
        return self.js(dir=folder, metadata=url + "/metadata", targets=url + "/targets", names=names, files=f"{folder}-got", **more)

    def rows(self):
        """What gives a row of the table each."""
        for name, (function, reason, file) in CASES.items():
            yield functools.partial(self.row, name, self.plain, functools.partial(tampered, function), reason, file)
        yield self.slow
        yield self.shared_role
        for name, (function, reason, file) in kinds.CASES.items():
            yield functools.partial(self.row, name, self.kinds, functools.partial(kinds.tampered, self.kinds.repo, function), reason, file)

    def slow(self):
        """A byte now and then, for ever: both give up when their patience ends."""
        def dribble(r):
            r.bump("root").raw["root"] = lambda data: lambda: time.sleep(0.2) or b" "
        return self.row("root_drop_by_drop", self.plain, functools.partial(tampered, dribble), "fetch", "3.root.json",
                        ("--patience", "1"), limits={"fetchTimeout": 1500})

    def shared_role(self):
        """One session asks for a file by way of a, then for one by way of b."""
        name, repo = "role_seen_by_way_of_another_delegator", shared_role()
        self.server.trees[name] = repo.files
        root = self.base / f"{name}.root.json"
        root.write_bytes(repo.files["metadata/1.root.json"])
        client = Client(self.base / name, self.server, name)
        assert client.init(root.read_bytes()) == (0, None, None)
        status, why, where = client.download("a/fw", "b/fw")
        assert (status, why, [p.name for p in client.got.iterdir()]) == (1, "threshold", ["a%2Ffw"]), f"{name}: {why}: {where}"
        said = self.ask_js(name, self.base / f"{name}-js", "a/fw", "b/fw", root=root)
        return self.line(name, why, where, said)

    @staticmethod
    def line(name, why, where, said):
        return f"| {name.replace('_', ' ')} | {why}: {where} | {ACCEPTS if said['ok'] else plain(said['error'])} |"

    def row(self, name, start, make, reason, file, options=(), **more):
        """What both say of one case."""
        repo = make()
        self.server.trees[name] = repo.files
        client = Client(self.base / name, self.server, name, options)
        shutil.rmtree(client.trusted)
        shutil.copytree(start.ours.trusted, client.trusted)
        status, why, where = client.download(PATH)
        assert (status, why, where) == (1, reason, file.format(**repo.version)), f"{name}: tuf-client says {why}: {where}"
        assert not list(client.got.iterdir()), f"{name}: tuf-client left a file"
        folder = self.base / f"{name}-js"
        shutil.copytree(start.theirs, folder)
        said = self.ask_js(name, folder, PATH, **more)
        got = pathlib.Path(f"{folder}-got")
        assert said["ok"] or not got.exists() or not list(got.iterdir()), f"{name}: tuf-js left a file"
        return self.line(name, why, where, said)


def main():
    lines = TABLE.read_text().splitlines()
    begin = lines.index("| repository | tuf-client | tuf-js |")
    table = [line for line in lines[begin:] if line.startswith("| ")]
    wanted, rows, failed = set(table[1:]), [], 0
    with tempfile.TemporaryDirectory() as folder:
        both = Both(pathlib.Path(folder))
        for row in both.rows():
            try:
                rows.append(row())
                if "--write" not in sys.argv and rows[-1] not in wanted:
                    raise AssertionError(f"not in {TABLE.name}: {rows[-1]}")
            except AssertionError as e:
                print(f"FAILED {e}")
                failed += 1
        assert both.js.close() == 0
        both.server.close()
    if "--write" in sys.argv:
        at = begin
        TABLE.write_text("\n".join(lines[:at + 2] + rows + lines[at + 1 + len(table):]) + "\n")
    elif len(table) != len(rows) + failed + 1:
        print(f"FAILED {TABLE.name} has {len(table) - 1} rows for {len(rows) + failed} cases")
        failed += 1
    refused = sum(ACCEPTS not in r for r in rows)
    print(f"{len(rows)} repositories, tuf-client refuses {len(rows)}, tuf-js {refused}")
    print(f"{len(rows)} passed, {failed} failed")
    return failed != 0


sys.exit(main())
