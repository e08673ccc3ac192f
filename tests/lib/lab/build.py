"""Device builds that tests make for themselves; tests that run side by side wait for each other's."""
import contextlib
import fcntl

from .factory import Keys
from .proc import ROOT, run


@contextlib.contextmanager
def alone():
    folder = ROOT / "build" / "device"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w", encoding="utf-8") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def profile_keys(profile):
    """The demo keys, or a set of their own for another kind of signature; and a stranger's."""
    folder = ROOT / "var" / "keys"
    with alone():
        keys = Keys(folder if profile == "ed25519" else folder / profile, profile).make()
        keys.extra("stranger")
        return keys


def device(board, profile, keys, *targets, folder=None):
    folder = folder or ROOT / "build" / "device" / f"{board}-{profile}-bare"
    with alone():
        run("cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=MinSizeRel", f"-DBOARD={board}",
            f"-DCMAKE_TOOLCHAIN_FILE={ROOT}/firmware/boards/arm-none-eabi.cmake", f"-DBOOT_ROOTS={keys.roots_source}",
            f"-DBOOT_PROFILE={profile}")
        run("cmake", "--build", folder, "--target", *targets)
    return folder
