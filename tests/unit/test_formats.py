#!/usr/bin/env python3
"""Files that chip makers' tools write are recognised and shown rightly; broken ones are refused with a code of their own; an
arbitrary file is never refused.  Made by tests/lib/lab/formats.py from the formats' documents, judged by otad/formats."""
import hashlib
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = pathlib.Path(os.environ["OTAD_BUILD"]) / "tests" / "unit" / "file_facts"
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from lab import formats as make  # noqa: E402


def judge_all(files):
    """(name, bytes, platform, sibling, chip) each -> (format or code, chip, details or text)."""
    feed = b"".join(b"".join(s.encode() + b"\0" for s in (name, platform, sibling, chip)) + struct.pack("<I", len(data)) + data
                    for name, data, platform, sibling, chip in files)
    out = subprocess.run([TOOL], input=feed, stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    assert len(out) == len(files)
    return [line.split("\t") for line in out]


def judge(name, data, platform="lamp", sibling="", chip=""):
    kind, for_chip, rest = judge_all([(name, data, platform, sibling, chip)])[0]
    return kind, for_chip, json.loads(rest) if rest.startswith(("{", "null")) else rest


class Formats(unittest.TestCase):
    def refused(self, code, name, data, **more):
        kind, _, text = judge(name, data, **more)
        self.assertEqual(kind, code)
        self.assertRegex(text, r"^[A-Z].*[.?)]$")

    # -- Espressif

    def test_every_esp32_of_the_family(self):
        for chip in make.CHIPS:
            kind, for_chip, d = judge("app.bin", make.esp32(chip))
            self.assertEqual((kind, for_chip, d["image"]), ("esp", chip, "app"), d)
            self.assertEqual((d["project"], d["version"], d["idf"]), ("blinky", "1.2.0", "v5.1.4"))
            self.assertEqual((d["segments"], d["entry"], d["flash_mode"], d["hashed"], d["signed"]), (2, "0x40380000", "dio", True, False))
            self.assertEqual((d["flash_bytes"], d["trailing_bytes"]), (4 << 20, 0))
            self.assertEqual((d["minimum_revision"], d["maximum_revision"]), ("0.3", "1.99"))
            kind, for_chip, d = judge("boot.bin", make.bootloader(chip))
            self.assertEqual((kind, for_chip, d["image"], d["idf"]), ("esp", chip, "bootloader", "v5.3"))
            kind, for_chip, d = judge("boot.bin", make.bootloader(chip, described=False))
            self.assertEqual((kind, d["image"]), ("esp", "bootloader"), "an older one tells by where it is loaded to")

    def test_header_fields(self):
        for size, want in enumerate([1, 2, 4, 8, 16, 32, 64, 128]):
            self.assertEqual(judge("a.bin", make.esp32(size=size))[2]["flash_bytes"], want << 20)
        for mode in make.MODES:
            self.assertEqual(judge("a.bin", make.esp32(mode=mode))[2]["flash_mode"], mode)
        d = judge("a.bin", make.esp32(hashed=False, revision=(0, 0)))[2]
        self.assertFalse(d["hashed"])
        self.assertNotIn("maximum_revision", d)

    def test_signatures_and_what_else_follows(self):
        app = make.esp32()
        v2 = app + b"\xff" * (-len(app) % 4096) + b"\xe7\x02" + bytes(4094)
        for data, signed in ((app + bytes(68), True), (v2, True), (app + make.filler(256) + struct.pack("<I", 256), True),
                             (app + b"\xff" * 100, False), (app + bytes(67), False)):
            kind, _, d = judge("a.bin", data)
            self.assertEqual((kind, d["signed"], d["trailing_bytes"]), ("esp", signed, len(data) - len(app)))

    def test_code_behind_the_counted_segments(self):
        for hashed in (True, False):
            kind, chip, d = judge("zephyr.bin", make.ram_only(hashed=hashed))
            self.assertEqual((kind, chip, d["image"], d["hashed"], d["trailing_bytes"]), ("esp", "ESP32-C3", "app", hashed, 0 if hashed else 456))
        torn = bytearray(make.ram_only())
        torn[-100] ^= 1
        self.refused("esp-bad-hash", "zephyr.bin", bytes(torn))

    def test_esp8266_with_the_later_header(self):
        for hashed in (True, False):
            kind, chip, d = judge("rtos.bin", make.esp8266_rtos(hashed))
            self.assertEqual((kind, chip, d["image"], d["hashed"], d["flash_bytes"]), ("esp", "ESP8266", "app", hashed, 4 << 20))
        torn = bytearray(make.esp8266_rtos())
        torn[-1] ^= 1
        self.refused("esp-bad-hash", "rtos.bin", bytes(torn))

    def test_esp8266_in_three_layouts(self):
        for name, data, size in (("rom", make.esp8266(), 4 << 20), ("arduino", make.arduino8266(), 4 << 20), ("older", make.arduino8266(with_crc=False), 4 << 20),
                                 ("v2", make.esp8266_v2(), 4 << 20), ("half", make.esp8266(size=0), 512 << 10), ("large", make.esp8266(size=9), 16 << 20)):
            kind, chip, d = judge("sketch.bin", data)
            self.assertEqual((kind, chip, d["image"], d["flash_bytes"], d["trailing_bytes"]), ("esp", "ESP8266", "app", size, 0), name)
        signed = make.arduino8266() + make.filler(256) + struct.pack("<I", 256)
        self.assertTrue(judge("sketch.bin.signed", signed)[2]["signed"])
        self.assertEqual(judge("sketch.bin", make.arduino8266())[2]["entry"], "0x401000f4", "the sketch's, not eboot's")

    def test_arduino_is_vouched_for_by_its_crc(self):
        whole = make.arduino8266()
        for at in (4200, 4300, len(whole) - 40, 100):
            torn = bytearray(whole)
            torn[at] ^= 1
            self.refused("esp-bad-checksum", "sketch.bin", bytes(torn))

    def test_partition_tables(self):
        kind, chip, d = judge("partitions.bin", make.partitions())
        self.assertEqual((kind, chip, d["image"], d["partitions"]), ("esp", "", "partition-table", 3))
        self.assertEqual(judge("partitions.bin", make.partitions(md5=False))[0], "esp")
        torn = bytearray(make.partitions())
        torn[40] ^= 1
        self.refused("esp-bad-partition-table", "partitions.bin", bytes(torn))
        self.refused("esp-bad-partition-table", "p.bin", make.partitions(extra=make.partition(1, 0x82, 0x9800, 0x1000, "spiffs"), md5=False))
        self.refused("esp-bad-partition-table", "p.bin", make.partitions(extra=make.partition(1, 0x82, 0xfffff000, 0x2000, "wraps"), md5=False))
        self.refused("esp-bad-partition-table", "p.bin", make.partitions(extra=b"\1" * 32, md5=False))

    def test_whole_flash(self):
        for chip, boot_at in (("ESP32-C3", 0), ("ESP32", 0x1000), ("ESP32-P4", 0x2000)):
            kind, for_chip, d = judge("x.factory.bin", make.merged(chip, boot_at))
            self.assertEqual((kind, for_chip, d["image"], d["partitions"], d["app_offset"]), ("esp", chip, "merged", 3, 0x10000))
            self.assertEqual((d["project"], d["trailing_bytes"]), ("blinky", 0))
        self.refused("esp-chips-differ", "x.factory.bin", make.merged("ESP32-C3", app=make.esp32("ESP32-C6")))
        self.refused("esp-no-app", "x.factory.bin", make.merged("ESP32-C3", app=b""))
        self.refused("esp-no-app", "x.factory.bin", make.merged("ESP32-C3", app=b"\xff" * 4096))
        torn = bytearray(make.merged())
        torn[-1] ^= 1
        self.refused("esp-bad-hash", "x.factory.bin", bytes(torn))
        torn = bytearray(make.merged())
        torn[0x8000 + 12] ^= 1
        self.refused("esp-bad-partition-table", "x.factory.bin", bytes(torn))

    def test_esp_refusals(self):
        good = make.esp32()
        changed = bytearray(good)
        changed[60] ^= 4
        self.refused("esp-bad-checksum", "a.bin", bytes(changed))
        changed[61] ^= 4  # the XOR is blind to it, the hash is not
        self.refused("esp-bad-hash", "a.bin", bytes(changed))
        self.refused("esp-bad-segment", "a.bin", make.esp32(segments=[(0x10000000, make.filler(64))]))
        self.refused("esp-bad-segment", "a.bin", make.esp32(segments=[(0x42000020, make.filler(64))])[:28] + b"\0\0\0\2" + bytes(99))
        self.refused("esp-unknown-chip", "a.bin", make.esp32(chip=99, segments=[(0x42000020, make.filler(64))]))
        self.refused("esp-too-large", "a.bin", make.esp32(size=0, segments=[(0x3c000020, bytes(1 << 20))]))
        self.refused("esp-bad-header", "app-esp32c3.bin", good[:1] + b"\x11" + good[2:])
        self.refused("esp-bad-header", "app-esp32c3.bin", good[:2] + b"\x06" + good[3:])
        self.refused("esp-bad-header", "app-esp32c3.bin", good[:23] + b"\2" + good[24:])
        self.refused("esp-not-an-image", "app-esp32c3.bin", b"\x7fELF" + bytes(400))
        self.refused("esp-not-an-image", "app_esp8266.bin", b"")

    def test_cut_anywhere(self):
        for data in (make.esp32(), make.esp8266(), make.arduino8266(), make.esp8266_v2()):
            cuts = sorted({*range(0, len(data), 37), *range(max(0, len(data) - 50), len(data))})
            for (kind, _, _), cut in zip(judge_all([("a.bin", data[:c], "lamp", "", "") for c in cuts]), cuts):
                if cut < 24:
                    self.assertEqual(kind, "file", "too short to claim anything")
                else:
                    self.assertIn(kind, ("esp-truncated", "esp-bad-checksum") + (("esp",) if cut <= 4200 and len(data) > 4200 else ()), (cut, len(data)))

    def test_every_bit_of_a_hashed_image_counts(self):
        good = make.esp32()
        files = []
        for at in range(0, len(good)):
            changed = bytearray(good)
            changed[at] ^= 1 << at % 8
            files.append(("app-esp32c3.bin", bytes(changed), "lamp", "", ""))
        for at, (kind, _, _) in enumerate(judge_all(files)):
            self.assertNotEqual(kind, "esp", f"byte {at}")

    def test_chips_fit_names_platform_and_siblings(self):
        c3, plain, old = make.esp32("ESP32-C3"), make.esp32("ESP32"), make.esp8266()
        for name, data in (("app-esp32-c3.bin", c3), ("ESP32_C3.bin", c3), ("tasmota-esp32.bin", plain), ("wemos_esp8266.bin", old)):
            self.assertEqual(judge(name, data)[0], "esp", name)
        for name, data in (("app-esp32-s3.bin", c3), ("app-esp32.bin", c3), ("app-esp32c3.bin", plain), ("app-esp8266.bin", plain), ("app-esp32.bin", old)):
            self.refused("esp-wrong-chip", name, data)
        for platform, data in (("lamp-esp32c3", c3), ("esp32-lamp", c3), ("esp8266", old), ("lamp", old)):
            self.assertEqual(judge("app.bin", data, platform)[0], "esp", platform)
        for platform, data in (("lamp-esp32s3", c3), ("esp32-lamp", old), ("esp8266", plain)):
            self.refused("esp-wrong-chip", "app.bin", data, platform=platform)
        self.assertEqual(judge("app-esp32c3.bin", c3, "lamp-esp32s3")[0], "esp", "what the file is called goes before the platform's name")
        self.assertEqual(judge("app.bin", c3, sibling="boot.bin", chip="ESP32-C3")[0], "esp")
        self.refused("esp-wrong-chip", "app.bin", c3, sibling="boot.bin", chip="ESP32-C6")
        self.assertEqual(judge("app-esp32c3.bin", c3, sibling="boot.bin", chip="ESP32-C6")[0], "esp")

    # -- UF2

    def test_uf2(self):
        kind, chip, d = judge("blink.uf2", make.uf2())
        self.assertEqual((kind, chip, d["blocks"]), ("uf2", "", 4))
        self.assertEqual(d["families"], [{"id": "0xe48bff56", "name": "RP2040", "from": "0x10000000", "to": "0x10000400", "bytes": 1024, "gaps": 0}])
        self.assertEqual(judge("blink.bin", make.uf2())[0], "uf2", "by its magic")
        self.assertEqual(judge("a.uf2", make.uf2(payload=476))[2]["families"][0]["bytes"], 4 * 476)
        self.assertEqual(judge("a.uf2", make.uf2(family=0x12345678))[2]["families"][0]["name"], None)
        self.assertEqual(judge("a.uf2", make.uf2(flags=0, family=2048))[2]["families"][0]["id"], "0x00000000")
        self.assertEqual(judge("a.uf2", make.uf2(family=0xd42ba06c))[1], "ESP32-C3")
        self.refused("esp-wrong-chip", "a-esp32s3.uf2", make.uf2(family=0xd42ba06c))

    def test_uf2_of_several_families_and_comments(self):
        both = make.uf2(3, family=0xe48bff59) + make.uf2(2, family=0xe48bff5a)
        self.assertEqual([f["name"] for f in judge("a.uf2", both)[2]["families"]], ["RP2350 Arm", "RP2350 RISC-V"])
        mixed = b"".join(make.uf2_block(i, 2, 0x10000000 + 256 * i, bytes(256), f) for i in range(2) for f in (0xe48bff59, 0xe48bff5a))
        self.assertEqual(judge("a.uf2", mixed)[0], "uf2")
        absolute = make.uf2_block(0, 2, 0x10ffff00, b"\xef" * 256, 0xe48bff57, flags=0xa000)
        self.assertEqual(judge("a.uf2", absolute + make.uf2(3, family=0xe48bff59))[0], "uf2", "as picotool begins an RP2350's file")
        comment = make.uf2_block(1, 2, 0, b"source", flags=0x2001)
        kind, _, d = judge("a.uf2", make.uf2_block(0, 2, 0x2000, bytes(256)) + comment)
        self.assertEqual((kind, d["comments"]), ("uf2", 1))
        twice = make.uf2(2) + make.uf2(2, base=0x10001000)
        self.assertEqual(judge("a.uf2", twice)[2]["families"][0]["gaps"], 1, "files joined, with a gap between them")

    def test_uf2_tags(self):
        tags = make.uf2_tag(0x9fc7bc, b"1.2.0") + make.uf2_tag(0x650d9d, b"ACME Toaster mk3") + b"\xff" * 4
        d = judge("a.uf2", make.uf2(flags=0xa000, tags=tags))[2]
        self.assertEqual((d["version"], d["device"]), ("1.2.0", "ACME Toaster mk3"))
        self.refused("uf2-bad-tag", "a.uf2", make.uf2(flags=0xa000, tags=b"\xfe\xbc\xc7\x9f"))
        self.refused("uf2-bad-tag", "a.uf2", make.uf2(flags=0xa000, tags=b"\3\xbc\xc7\x9f"))

    def test_uf2_refusals(self):
        good = make.uf2()
        blocks = [good[i:i + 512] for i in range(0, len(good), 512)]
        self.refused("uf2-not-uf2", "a.uf2", b"")
        self.refused("uf2-not-uf2", "a.uf2", b"\x7fELF" + bytes(508))
        self.refused("uf2-bad-length", "a.uf2", good[:-1])
        for at in (512, 516, 1020):
            torn = bytearray(good)
            torn[at] ^= 1
            self.refused("uf2-bad-block", "a.uf2", bytes(torn))
        for order in ([0, 1, 3], [0, 1, 1, 2, 3], [1, 2, 3], [0, 2, 1, 3], [0]):
            self.refused("uf2-bad-numbering", "a.uf2", b"".join(blocks[i] for i in order))
        self.refused("uf2-bad-numbering", "a.uf2", make.uf2_block(0, 0, 0x2000, bytes(256)))
        self.refused("uf2-bad-numbering", "a.uf2", make.uf2_block(0, 2, 0x2000, bytes(256)) + make.uf2_block(1, 3, 0x2100, bytes(256)))
        for at in (0x10000000, 0x10000080, 0x0fffff80):
            self.refused("uf2-overlap", "a.uf2", make.uf2_block(0, 2, 0x10000000, bytes(256)) + make.uf2_block(1, 2, at, bytes(256)))
        for address, data, more in ((0x2000, b"", {}), (0x2000, bytes(255), {}), (0x2001, bytes(256), {}), (0x2000, bytes(256), {"size": 477}),
                                    (0x2000, bytes(256), {"size": 480}), (0xffffff00, bytes(260), {}), (0x2000, bytes(456), {"flags": 0x6000})):
            self.refused("uf2-bad-payload", "a.uf2", make.uf2_block(0, 1, address, data, **more))
        self.refused("uf2-nothing", "a.uf2", make.uf2_block(0, 1, 0, b"text", flags=0x2001))
        self.refused("uf2-too-many-families", "a.uf2", b"".join(make.uf2(1, family=i) for i in range(1, 10)))
        self.refused("uf2-too-scattered", "a.uf2", b"".join(make.uf2_block(i, 65, i * 4096, bytes(256)) for i in range(65)))
        self.assertEqual(judge("a.uf2", b"".join(make.uf2_block(i, 64, i * 4096, bytes(256)) for i in range(64)))[2]["families"][0]["gaps"], 63)

    def test_uf2_blocks_may_write_in_any_order(self):
        numbers = list(range(200))
        random.Random(3).shuffle(numbers)
        # Pairs first, so that few extents are open at a time.
        order = sorted(numbers, key=lambda n: (n // 50, n % 50 * 7 % 50))
        kind, _, d = judge("a.uf2", b"".join(make.uf2_block(i, 200, 0x10000000 + 256 * n, bytes(256)) for i, n in enumerate(order)))
        self.assertEqual((kind, d["families"][0]["gaps"]), ("uf2", 0))

    # -- Cortex-M

    def test_cortex_m(self):
        for base, stack in ((0x08000000, 0x20005000), (0, 0x20000400), (0x00010000, 0x20040000), (0x60002000, 0x20020000), (0, 0x10008000), (0x08004000, 0x1fff8000)):
            kind, _, d = judge("app.cortex-m.bin", make.cortexm(base, stack=stack))
            self.assertEqual((kind, d["entry"], d["stack"], d["handlers"]), ("cortex-m", f"0x{base + 0x200:08x}", f"0x{stack:08x}", 10))
            self.assertLessEqual(int(d["lowest_base"], 16), base)
            self.assertGreaterEqual(int(d["highest_base"], 16), base)
        self.assertEqual(judge("app.bin", make.cortexm())[0], "cortex-m", "recognised by its vectors")
        self.assertEqual(judge("app.cortex-m.bin", make.cortexm(v7=0xdeadbeee))[0], "cortex-m", "NXP's checksum")

    def test_cortex_m_refusals(self):
        for code, data in (("truncated", make.cortexm()[:63]), ("bad-stack", make.cortexm(stack=0x20005002)), ("bad-stack", make.cortexm(stack=0x08000000)),
                           ("bad-stack", b"\x7fELF" + bytes(400)), ("bad-reset", make.cortexm(reset=0x08000200)), ("bad-reset", make.cortexm(reset=0x20000201)),
                           ("bad-reset", make.cortexm(reset=0xe0000001)), ("bad-vectors", make.cortexm(v3=0x08000210)), ("bad-vectors", make.cortexm(v3=0x08100001)),
                           ("bad-vectors", make.cortexm(v2=0)), ("bad-vectors", make.cortexm(reset=0x08000601)), ("bad-vectors", make.cortexm(size=80, reset=0x08000181))):
            self.refused("cortex-m-" + code, "app.cortex-m.bin", data)
            self.assertEqual(judge("app.bin", data)[0], "file", "nobody promised anything")

    # -- bills of materials

    def test_cyclonedx(self):
        kind, _, d = judge("blinky.cdx.json", make.cyclonedx())
        self.assertEqual((kind, d), ("cyclonedx", {"spec": "1.5", "components": 2, "subject": "blinky", "version": "1.2.0",
                                                   "serial": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"}))
        for spec in ("1.2", "1.3", "1.4", "1.6", "1.7"):
            self.assertEqual(judge("b.cdx.json", make.cyclonedx(specVersion=spec))[2]["spec"], spec)
        self.assertEqual(judge("b.cdx.json", make.cyclonedx(drop=("components", "metadata", "serialNumber", "version")))[2], {"spec": "1.5", "components": 0})
        self.assertEqual(judge("sbom.json", make.cyclonedx())[0], "file", "only the name promises")

    def test_spdx(self):
        kind, _, d = judge("blinky.spdx.json", make.spdx())
        self.assertEqual((kind, d), ("spdx", {"spec": "2.3", "components": 1, "subject": "blinky-1.2.0", "serial": "https://otad.example/spdx/blinky-1.2.0"}))
        self.assertEqual(judge("b.spdx.json", make.spdx3())[2], {"spec": "3.0.1", "components": 2})
        self.assertEqual(judge("b.spdx.json", make.spdx(spdxVersion="SPDX-2.2"))[2]["spec"], "2.2")

    def test_sbom_refusals(self):
        cdx, spdx = "b.cdx.json", "b.spdx.json"
        for name, code, data in ((cdx, "not-json", b""), (cdx, "not-json", b"<bom/>"), (cdx, "not-json", b"[]"), (cdx, "not-json", make.cyclonedx()[:-1]),
                                 (cdx, "not-json", b"\xff" + make.cyclonedx()), (cdx, "other-format", make.spdx()), (spdx, "other-format", make.cyclonedx()),
                                 (cdx, "bad-member", make.cyclonedx(drop=("bomFormat",))), (cdx, "bad-member", make.cyclonedx(drop=("specVersion",))),
                                 (cdx, "other-format", make.cyclonedx(bomFormat="CycloneDy")), (cdx, "bad-member", make.cyclonedx(components={})),
                                 (cdx, "bad-version", make.cyclonedx(specVersion="1.1")), (cdx, "bad-version", make.cyclonedx(specVersion="2.0")),
                                 (cdx, "bad-member", make.cyclonedx(specVersion=1.5)), (cdx, "bad-member", make.cyclonedx(serialNumber="urn:uuid:1")),
                                 (cdx, "bad-member", make.cyclonedx(serialNumber="urn:uuid:3E671687-395b-41f5-a30f-a58921a69b79")),
                                 (cdx, "bad-member", make.cyclonedx()[:-1] + b', "bomFormat": "CycloneDX"}'), (cdx, "too-large", make.cyclonedx(x="y" * (4 << 20))),
                                 (cdx, "too-large", make.cyclonedx(x=json.loads("[" * 20 + "]" * 20))),
                                 (spdx, "bad-version", make.spdx(spdxVersion="SPDX-2.1")), (spdx, "bad-member", make.spdx(dataLicense="MIT")),
                                 (spdx, "bad-member", make.spdx(SPDXID="SPDXRef-x")), (spdx, "bad-member", make.spdx(creationInfo={"created": "now", "creators": []})),
                                 *((spdx, "bad-member", make.spdx(drop=(k,))) for k in ("spdxVersion", "SPDXID", "name", "dataLicense", "documentNamespace",
                                                                                       "creationInfo")),
                                 (spdx, "bad-version", make.spdx3("2.9.9")), (spdx, "bad-version", make.spdx3("3.0.1/evil")),
                                 (spdx, "bad-member", make.spdx3(**{"@graph": []})), (spdx, "bad-member", b"{}")):
            self.refused("sbom-" + code, name, data)
        self.assertIn("/creationInfo/creators", judge(spdx, make.spdx(creationInfo={"created": "now"}))[2])

    # -- everything else

    def test_an_arbitrary_file_is_never_refused(self):
        random.seed(20261120)
        blobs = [b"", b"\xe9", b"\xe9" + bytes(5000), b"\xe9" + b"\xff" * 300, b"\xff" * 9000, bytes(70000), b"UF2\n" + bytes(600), b"\xaa\x50" + bytes(100),
                 b"PK\3\4" + bytes(300), b"\x1f\x8b" + bytes(300), b"{}", b"\x7fELF" + bytes(300)]
        blobs += [random.randbytes(random.randrange(1, 3000)) for _ in range(400)]
        blobs += [b"\xe9" + random.randbytes(random.randrange(1, 3000)) for _ in range(400)]
        for name in ("data.bin", "assets.littlefs.esp32c3.bin", "app.bin.gz", "app-esp32.bin.gz", "ota_data_esp32.bin", "notes.txt", "x.img"):
            files = [(name, b, "esp8266", "", "") for b in blobs]
            for (kind, _, _), (_, data, *_) in zip(judge_all(files), files):
                self.assertEqual(kind, "file", (name, data[:40].hex()))


if __name__ == "__main__":
    unittest.main()
