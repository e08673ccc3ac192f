#!/usr/bin/env python3
"""Every query of sql/queries has been run by the database tests: the cluster's log says so."""
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
log = (pathlib.Path(os.environ["OTAD_TEST_PG"]) / "data/log").read_text(errors="replace")
seen = set(re.findall(r"LOG:  execute ([a-z0-9_]+):", log))
named = set()
for file in (ROOT / "sql/queries").glob("*.sql"):
    text = file.read_text()
    named |= set(re.findall(r"^-- name: ([a-z0-9_]+)", text, flags=re.M))
    if re.search(r"\boffset\b", text, flags=re.I):
        sys.exit(f"{file}: pages are by key, never by OFFSET")
missing = sorted(named - seen)
print(f"{len(named)} queries, {len(missing)} never run: {' '.join(missing)}")
sys.exit(bool(missing) or not named)
