"""A board's table of flash regions that is wrong does not compile, and the compiler says what is wrong (docs/PORTING.md)."""
import pathlib
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOOD = {"FLASH_BYTES": 0x40000, "ERASE_BYTES": 0x1000, "PROGRAM_BYTES": 4, "ERASED": 0xFF, "WATCHDOG": 1, "JOURNAL_AT": 0, "MANIFEST_AT": 0x2000,
        "AGENT_AT": 0x4000, "SETTINGS_AT": 0x6000, "SLOT_A_AT": 0x8000, "SLOT_BYTES": 0x10000, "SLOT_B_AT": 0x18000}
WRONG = [
    ({"ERASE_BYTES": 256, "PROGRAM_BYTES": 4}, "erase units hold the journal"),
    ({"PROGRAM_BYTES": 3}, "a power of two"),
    ({"PROGRAM_BYTES": 64}, "1 to 32 bytes"),
    ({"ERASE_BYTES": 4000}, "multiples of 256"),
    ({"ERASED": 0xAA}, "ff or 00"),
    ({"WATCHDOG": 2}, "whether it has a watchdog"),
    ({"SLOT_A_AT": 0x8100}, "starts with an erase unit"),
    ({"SLOT_BYTES": 0x10100}, "whole erase units"),
    ({"SLOT_BYTES": 0}, "whole erase units"),
    ({"FLASH_BYTES": 0x28000}, "ends within the flash"),
    ({"SETTINGS_AT": 0x40000}, "ends within the flash"),
    ({"MANIFEST_AT": 0x1000}, "agent and settings do not overlap"),
    ({"SETTINGS_AT": 0x5000}, "agent and settings do not overlap"),
    ({"SLOT_A_AT": 0x6000}, "slot A overlaps"),
    ({"SLOT_B_AT": 0x17000}, "slot B, with its extra"),
    ({"SLOT_A_AT": 0x28000}, "slot B, with its extra"),
]

TRUST_WRONG = [
    ({"TRUST_AT": 0x30100}, "starts with an erase unit"),
    ({"TRUST_AT": 0x3D000}, "ends within the flash"),
    ({"TRUST_AT": 0x1000}, "overlaps nothing"),
    ({"TRUST_AT": 0x5000}, "overlaps nothing"),
    ({"TRUST_AT": 0x6000}, "overlaps nothing"),
    ({"TRUST_AT": 0x27000}, "overlaps nothing"),
]


def compiled(table):
    names = ", ".join(f"BOARD_{k} = {v}" for k, v in table.items())
    trust = "TRUST_MAP_CHECK(BOARD);" if "TRUST_AT" in table else ""
    source = f'#include "firmware/ota/trust_map.h"\nenum {{ {names} }};\nSLOT_MAP_CHECK(BOARD);\n{trust}\n'
    return subprocess.run(["cc", "-std=c11", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-x", "c", f"-I{ROOT}", "-"], input=source, text=True,
                          capture_output=True)


class MapCheck(unittest.TestCase):
    def test_good_tables_compile(self):
        for change in ({}, {"ERASED": 0}, {"WATCHDOG": 0}, {"SLOT_B_AT": 0x8000, "SLOT_A_AT": 0x19000}, {"FLASH_BYTES": 0x29000}):
            r = compiled({**GOOD, **change})
            self.assertEqual((r.returncode, r.stderr), (0, ""), change)

    def test_a_board_must_say_whether_it_has_a_watchdog(self):
        r = compiled({k: v for k, v in GOOD.items() if k != "WATCHDOG"})
        self.assertNotEqual(r.returncode, 0)
        self.assertIn("BOARD_WATCHDOG", r.stderr)

    def test_wrong_tables_do_not(self):
        self.assertEqual(compiled({**GOOD, "TRUST_AT": 0x30000}).returncode, 0)
        for change, why in WRONG + TRUST_WRONG:
            r = compiled({**GOOD, **change})
            self.assertNotEqual(r.returncode, 0, change)
            self.assertIn(why, r.stderr, change)


if __name__ == "__main__":
    unittest.main()
