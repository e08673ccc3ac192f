#!/usr/bin/env python3
"""Write the seeds of the fuzz targets esp, uf2, cortexm and sbom: small files of each kind, as tests/lib/lab/formats.py makes them.

Usage: make_formats.py        (doing it again changes nothing)
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
from lab import formats as make  # noqa: E402

CORPUS = HERE.parent / "fuzz" / "corpus"


def merged():
    """Whole flash with its app right behind the table, so that it stays small."""
    return make.merged("ESP32-C3", app_at=0x9000)


SEEDS = {
    "esp": {"esp32": make.esp32("ESP32"), "esp32c3": make.esp32(), "unhashed": make.esp32(hashed=False), "bootloader": make.bootloader(),
            "signed": make.esp32() + bytes(68), "esp8266": make.esp8266(), "arduino": make.arduino8266(), "v2": make.esp8266_v2(), "rtos": make.esp8266_rtos(),
            "ram-only": make.ram_only(),
            "partitions": make.partitions(), "no-md5": make.partitions(md5=False), "merged": merged(), "cut": make.esp32()[:200]},
    "uf2": {"rp2040": make.uf2(3), "wide": make.uf2(2, payload=476), "two-families": make.uf2(2, family=0xe48bff59) + make.uf2(1, family=0xe48bff5a),
            "tags": make.uf2(1, flags=0xa000, tags=make.uf2_tag(0x9fc7bc, b"1.2.0") + make.uf2_tag(0x650d9d, b"Toaster") + b"\xff" * 4),
            "comment": make.uf2_block(0, 2, 0x2000, bytes(256)) + make.uf2_block(1, 2, 0, b"text", flags=0x2001),
            "container": make.uf2_block(0, 1, 0, b"text", flags=0x1000), "md5": make.uf2(1, flags=0x6000, tail=bytes(24)), "cut": make.uf2(2)[:700]},
    "cortexm": {"stm32": make.cortexm(size=600), "low": make.cortexm(0, 600), "bad-reset": make.cortexm(size=600, reset=2), "cut": make.cortexm()[:40]},
    "sbom": {"cyclonedx": make.cyclonedx(), "spdx": make.spdx(), "spdx3": make.spdx3(), "old": make.cyclonedx(specVersion="1.1"),
             "twice": make.cyclonedx()[:-1] + b', "bomFormat": "CycloneDX"}', "deep": b"[" * 20 + b"]" * 20, "cut": make.spdx()[:100]},
}


def main():
    for target, seeds in SEEDS.items():
        folder = CORPUS / target
        folder.mkdir(exist_ok=True)
        for name, data in seeds.items():
            (folder / name).write_bytes(data)


main()
