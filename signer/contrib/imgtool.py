#!/usr/bin/env python3
"""imgtool for builds that run it with Python, as Zephyr's does (`${PYTHON_EXECUTABLE} ${IMGTOOL}`): it becomes signer.

west build -- -DIMGTOOL=/usr/share/otad-signer/imgtool.py          OTAD_SIGNER names another signer than the one in PATH.
"""
import os
import sys

signer = os.environ.get("OTAD_SIGNER", "signer")
try:
    os.execvp(signer, [signer, "imgtool", *sys.argv[1:]])
except OSError as error:
    sys.exit(f"imgtool.py: cannot run {signer}: {error.strerror}")
