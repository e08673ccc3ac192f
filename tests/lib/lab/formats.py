"""Files as the tools of chip makers write them, made from the formats' documents: Espressif's images (esptool's elf2image and
merge_bin, Arduino's elf2bin, gen_esp32part), UF2, raw Cortex-M binaries, CycloneDX and SPDX."""
import binascii
import functools
import hashlib
import json
import operator
import struct

CHIPS = {"ESP32": 0, "ESP32-S2": 2, "ESP32-C3": 5, "ESP32-S3": 9, "ESP32-C2": 12, "ESP32-C6": 13, "ESP32-H2": 16, "ESP32-P4": 18,
         "ESP32-C61": 20, "ESP32-C5": 23, "ESP32-H21": 25, "ESP32-H4": 28}
FLASH = {"ESP32": 0x3f400020, "ESP32-S2": 0x3f000020, "ESP32-P4": 0x40000020}  # elsewhere DROM or the one window
RAM = {"ESP32": 0x3ffb0000, "ESP32-S2": 0x3ffb0000, "ESP32-C3": 0x3fc80000, "ESP32-S3": 0x3fc88000, "ESP32-C2": 0x3fca0000, "ESP32-P4": 0x4ff00000}
CODE = {"ESP32": 0x40080000, "ESP32-S2": 0x40022000, "ESP32-P4": 0x4ff20000}  # RAM that a boot loader runs from
MODES = ["qio", "qout", "dio", "dout", "fast-read", "slow-read"]


def filler(n, seed=7):
    """The same bytes each time, without a pattern that is a multiple of anything."""
    return bytes((i * 31 + (i >> 3) * seed + seed) & 255 for i in range(n))


def xor(data):
    return functools.reduce(operator.xor, data, 0)


def segments_and_sum(head, segments, at=0):
    """Header, segments, and the checksum that ends a line of sixteen."""
    out, total = head, 0xef
    for address, data in segments:
        out += struct.pack("<II", address, len(data)) + data
        total ^= xor(data)
    return out + bytes(15 - len(out) % 16) + bytes([total])


def app_descriptor(version="1.2.0", project="blinky", idf="v5.1.4"):
    return struct.pack("<II8x32s32s16s16s32s32s80x", 0xabcd5432, 0, version.encode(), project.encode(), b"12:00:00", b"Nov 20 2026", idf.encode(),
                       hashlib.sha256(project.encode()).digest())


def boot_descriptor(idf="v5.3"):
    return struct.pack("<BBBBI32s24s16x", 80, 0, 0, 0, 1, idf.encode(), b"Nov 20 2026 12:00:00")


def esp32_header(chip, count, mode="dio", size=2, entry=0x40380000, hashed=True, revision=(3, 199)):
    return struct.pack("<BBBBI", 0xe9, count, MODES.index(mode), size << 4 | 0xf, entry) + \
        struct.pack("<BBBBHBHH4xB", 0xee, 0, 0, 0, chip if isinstance(chip, int) else CHIPS[chip], 0, *revision, hashed)


def esp32(chip="ESP32-C3", segments=None, hashed=True, behind=b"", **header):
    if segments is None:
        segments = [(FLASH.get(chip, 0x42000020 if chip not in ("ESP32-C3", "ESP32-S3", "ESP32-C2") else 0x3c000020), app_descriptor() + filler(300)),
                    (RAM.get(chip, 0x40800000), filler(120))]
    out = segments_and_sum(esp32_header(chip, len(segments), hashed=hashed, **header), segments)
    return out + (hashlib.sha256(out).digest() if hashed else b"") + behind


def bootloader(chip="ESP32-C3", described=True, **header):
    ram = RAM.get(chip, 0x40800000)
    return esp32(chip, [(ram, (boot_descriptor() if described else b"") + filler(200)), (CODE.get(chip, 0x40800000), filler(64))], **header)


def ram_only(chip="ESP32-C3", hashed=True):
    """esptool's --ram-only-header: the header counts what is loaded into RAM, code in flash follows uncounted; the digest ends it all."""
    out = segments_and_sum(esp32_header(chip, 1, hashed=hashed), [(RAM[chip], filler(120))])
    out += struct.pack("<II", 0, 40) + bytes(40) + struct.pack("<II", 0x42000020, 400) + filler(400)
    return out + (hashlib.sha256(out).digest() if hashed else b"")


def esp8266_rtos(hashed=True):
    """The RTOS SDK's: with an extended header of zeros and an appended digest."""
    segments = [(0x40210010, filler(200)), (0x40100000, filler(80))]
    out = segments_and_sum(struct.pack("<BBBBI15xB", 0xe9, len(segments), 2, 0x40, 0x40100010, hashed), segments)
    return out + (hashlib.sha256(out).digest() if hashed else b"")


def esp8266(segments=None, mode="dio", size=4, entry=0x40100010):
    segments = segments or [(0x40100000, filler(100)), (0x3ffe8000, filler(60))]
    return segments_and_sum(struct.pack("<BBBBI", 0xe9, len(segments), MODES.index(mode), size << 4, entry), segments)


def crc_mpeg2(data):
    """CRC-32 from the highest bit on: eboot's."""
    crc = 0xffffffff
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04c11db7 if crc & 0x80000000 else crc << 1) & 0xffffffff
    return crc


def arduino8266(size=4, with_crc=True):
    """eboot, then the sketch at 4096; length and CRC go into its first eight bytes of code after its checksum was made."""
    out = esp8266([(0x4010f000, filler(300))], entry=0x4010f3e8, size=size)
    out += b"\xaa" * (4096 - len(out))
    out = bytearray(out + esp8266([(0x40201010, bytes(8) + filler(500)), (0x40100000, filler(80))], entry=0x401000f4, size=size))
    if with_crc:
        crc = crc_mpeg2(out)
        out[4112:4120] = struct.pack("<II", len(out), crc)
    return bytes(out)


def esp8266_v2():
    irom = filler(160)
    out = struct.pack("<BBBBIII", 0xea, 4, 2, 0x40, 0x40100010, 0, len(irom)) + irom + esp8266()
    crc = binascii.crc32(out)
    return out + struct.pack("<I", crc ^ 0xffffffff if crc & 0x80000000 else crc + 1)


def partition(kind, subtype, offset, size, label):
    return struct.pack("<HBBII16sI", 0x50aa, kind, subtype, offset, size, label.encode(), 0)


def partitions(app_at=0x10000, md5=True, extra=b""):
    table = partition(1, 2, 0x9000, 0x5000, "nvs") + partition(1, 0, 0xe000, 0x2000, "otadata") + \
        partition(0, 0x10, app_at, 0x100000, "app0") + extra
    if md5:
        table += b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(table).digest()
    return table + b"\xff" * (0xc00 - len(table))


def merged(chip="ESP32-C3", boot_at=0, app=None, app_at=0x10000, table=None, boot=None):
    out = bytearray(b"\xff" * app_at)
    loader = boot or bootloader(chip)
    out[boot_at:boot_at + len(loader)] = loader
    table = table or partitions(app_at)
    out[0x8000:0x8000 + len(table)] = table
    return bytes(out + (esp32(chip) if app is None else app))


def uf2_block(number, count, address, data, family=0xe48bff56, flags=0x2000, tags=b"", size=None, tail=None):
    body = (data + tags).ljust(476, b"\0")
    if tail is not None:
        body = body[:476 - len(tail)] + tail
    return struct.pack("<8I", 0x0a324655, 0x9e5d5157, flags, address, len(data) if size is None else size, number, count, family) + body + \
        struct.pack("<I", 0x0ab16f30)


def uf2(count=4, base=0x10000000, payload=256, family=0xe48bff56, order=None, **more):
    blocks = [uf2_block(i, count, base + i * payload, filler(payload, i), family, **more) for i in range(count)]
    return b"".join(blocks)


def uf2_tag(kind, text):
    body = struct.pack("<I", kind << 8 | (4 + len(text))) + text
    return body + bytes(-len(body) % 4)


def cortexm(base=0x08000000, size=1024, stack=0x20005000, reset=None, **vectors):
    """Vectors by number: v3=0x08000101."""
    table = [stack, (base + 0x201) if reset is None else reset] + [base + 0x211] * 5 + [0] * 4 + [base + 0x211] * 2 + [0] + [base + 0x211] * 2
    for name, value in vectors.items():
        table[int(name[1:])] = value
    return (struct.pack("<16I", *table) + filler(size))[:size]


def cyclonedx(drop=(), **more):
    doc = {"bomFormat": "CycloneDX", "specVersion": "1.5", "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79", "version": 1,
           "metadata": {"timestamp": "2026-11-20T12:00:00Z", "component": {"type": "firmware", "name": "blinky", "version": "1.2.0"}},
           "components": [{"type": "library", "name": "mbedtls", "version": "2.28.3"}, {"type": "library", "name": "lwip", "version": "2.1.3"}], **more}
    return json.dumps({k: v for k, v in doc.items() if k not in drop}).encode()


def spdx(drop=(), **more):
    doc = {"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "dataLicense": "CC0-1.0", "name": "blinky-1.2.0",
           "documentNamespace": "https://otad.example/spdx/blinky-1.2.0", "creationInfo": {"created": "2026-11-20T12:00:00Z", "creators": ["Tool: west-spdx"]},
           "packages": [{"SPDXID": "SPDXRef-app", "name": "blinky", "downloadLocation": "NOASSERTION"}], **more}
    return json.dumps({k: v for k, v in doc.items() if k not in drop}).encode()


def spdx3(version="3.0.1", **more):
    return json.dumps({"@context": f"https://spdx.org/rdf/{version}/spdx-context.jsonld",
                       "@graph": [{"type": "CreationInfo", "@id": "_:creationinfo"}, {"type": "SpdxDocument", "spdxId": "https://otad.example/doc"}],
                       **more}).encode()
