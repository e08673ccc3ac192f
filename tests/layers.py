#!/usr/bin/env python3
"""Fail when a file includes something its layer may not see, or calls what is banned.  The table is the architecture."""
import pathlib
import re
import sys

DEVICE = {"firmware/image", "firmware/slot"}
TUF = "firmware/tuf"
HOST = "firmware/boards/host"

# folder -> folders of ours that it may include from; "." is itself.  The longest matching folder counts.
MAY = {
    "firmware/image": {"."},
    "firmware/slot": {".", "firmware/image"},
    TUF: {".", "firmware/image"},
    TUF + "/host": {".", TUF, "firmware/image"},
    "firmware/ota": {".", TUF, *DEVICE},
    "firmware/boards": {".", "firmware/ota", "bootloader", *DEVICE},
    "firmware/boards/host": {".", "firmware/boards", "firmware/ota", "bootloader", TUF, *DEVICE},
    "firmware/apps": {".", "firmware/ota", "firmware/boards", "firmware/boards/host", *DEVICE},
    "bootloader": {".", "firmware/boards", *DEVICE},
    "keys": {".", "firmware/image"},
    "signer": {".", "keys", "firmware/image", TUF, HOST},
    "otad": {".", "firmware/image"},
    "otad/http": {".", "otad", "firmware/image"},
    "otad/store": {".", "otad", "firmware/image"},
    "otad/formats": {".", "otad", "otad/store", "firmware/image"},
    "otad/db": {".", "otad", "otad/fleet", "otad/tuf", "firmware/image"},
    "otad/tuf": {".", "otad", "otad/auth", "otad/fleet", "firmware/image", TUF},
    "otad/fleet": {".", "otad", "firmware/image"},
    "otad/auth": {".", "keys", "otad", "firmware/image"},
    "otad/api": {".", "otad", "otad/http", "otad/fleet", "otad/auth", "otad/store", "otad/db", "otad/device", "otad/formats",
                 "otad/tuf", "firmware/image", HOST},
    "otad/device": {".", "otad", "otad/http", "otad/fleet", "otad/auth", "otad/store", "otad/db", "otad/formats",
                    "otad/tuf", "firmware/image"},
    "tests": {"*"},
}
# main.c of the daemon ties everything together.
MAY_FILE = {"otad/main.c": {"keys", "otad/http", "otad/store", "otad/db", "otad/fleet", "otad/auth", "otad/api", "otad/device"}}

# header -> the only files that may include it (prefixes); tests may include everything.
ONLY = {
    "board.h": {"bootloader/main.c", "bootloader/say_codes.c", "bootloader/say_words.c", "firmware/apps/", "firmware/boards/"},
    "queries.h": {"otad/db/"},
    "microhttpd.h": {"otad/http/server.c"},
    "libpq-fe.h": {"otad/db/pg.c"},
    "jansson.h": {"otad/json.c", "signer/"},
    "argon2.h": {"otad/auth/password.c"},
    "sodium.h": {HOST + "/crypto.c", HOST + "/crypto_message.c", HOST + "/minisign.c", "keys/", "signer/key.c", "otad/auth/"},
    "pkcs11.h": {"keys/token.c", "keys/token_errors.c"},
    # no heap and no files on the device side
    "stdlib.h": {"otad/", "signer/", "keys/", HOST, TUF + "/host/", "firmware/boards/mps2/"},
    "stdio.h": {"otad/", "signer/", "keys/", HOST, TUF + "/host/", "firmware/boards/mps2/"},
}
BANNED = re.compile(r"\b(strcpy|strcat|strncpy|sprintf|vsprintf|gets|strtok|atoi|atol|gmtime|localtime|rand|system|popen|alloca)\s*\(")
INCLUDE = re.compile(r'\s*#\s*include\s+[<"]([^">]+)[">]')
FOLDERS = ("firmware", "bootloader", "keys", "signer", "otad", "tests")
LINES_MAX = 600


def layer_of(folder):
    return max((d for d in MAY if (folder + "/").startswith(d + "/")), key=len, default=None)


def target_of(path, name, root, headers):
    """Folder of the included header of ours, or None for a header of somebody else's."""
    for base in (path.parent, root, root / "firmware", root / "otad"):
        found = (base / name).resolve()
        if found.is_file() and root in found.parents:
            return found.parent.relative_to(root).as_posix()
    top = path.relative_to(root).parts[0]  # a bare name is never one of another tree's
    folders = {f for f in headers.get(name, set()) if f.split("/")[0] == top} if "/" not in name else set()
    return next(iter(folders)) if len(folders) == 1 else None


def complaint(path, rel, line, root, headers):
    if m := INCLUDE.match(line):
        name, base = m[1], m[1].rsplit("/", 1)[-1]
        layer = layer_of(str(pathlib.PurePosixPath(rel).parent))
        if base in ONLY and layer != "tests" and not any(rel.startswith(o) for o in ONLY[base]):
            return f"<{base}> belongs to {', '.join(sorted(ONLY[base]))}"
        to = target_of(path, name, root, headers)
        if to is None or layer is None or "*" in MAY[layer]:
            return None
        to = layer_of(to)
        if to != layer and to not in MAY[layer] | MAY_FILE.get(rel, set()):
            return f"{layer} may not include {name} from {to}"
        return None
    m = BANNED.search(line.split("//")[0])
    return f"{m[1]} is banned" if m and not line.lstrip().startswith(("*", "/*")) else None


def main():
    root, bad = pathlib.Path(sys.argv[1]).resolve(), 0
    files = sorted(p for f in FOLDERS for p in (root / f).rglob("*.[ch]"))
    headers = {}
    for p in files:
        if p.suffix == ".h":
            headers.setdefault(p.name, set()).add(p.parent.relative_to(root).as_posix())
    for path in files:
        rel = path.relative_to(root).as_posix()
        lines = path.read_text().splitlines()
        found = [(n, say) for n, line in enumerate(lines, 1) if (say := complaint(path, rel, line, root, headers))]
        if len(lines) > LINES_MAX:
            found.append((len(lines), f"longer than {LINES_MAX} lines"))
        for n, say in found:
            print(f"{rel}:{n}: {say}")
        bad += len(found)
    if not files:
        sys.exit("no sources under " + str(root))
    print(f"{len(files)} files, {bad} complaints")
    sys.exit(bad != 0)


main()
