"""Device builds that tests make for themselves."""
from .factory import Keys
from .proc import ROOT, run


def profile_keys(profile):
    """The demo keys, or a set of their own for another kind of signature."""
    folder = ROOT / "var" / "keys"
    return Keys(folder if profile == "ed25519" else folder / profile, profile).make()


def device(board, profile, keys, *targets, folder=None):
    folder = folder or ROOT / "build" / "device" / f"{board}-{profile}-bare"
    run("cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=MinSizeRel", f"-DBOARD={board}",
        f"-DCMAKE_TOOLCHAIN_FILE={ROOT}/firmware/boards/arm-none-eabi.cmake", f"-DBOOT_ROOTS={keys.roots_source}",
        f"-DBOOT_PROFILE={profile}")
    run("cmake", "--build", folder, "--target", *targets)
    return folder
