"""A Debian for arm64 in a folder, whose programs run on this machine through QEMU.

It holds Python and the packages of the base install, as a Raspberry Pi has them.  No chroot and no
binfmt_misc is needed, so it also works in a container: QEMU looks for each file in the folder first
and on this machine after that, and a script for each board starts it.
"""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import requires
from pathlib import Path
from tempfile import mkdtemp

# Debian packages that are needed here, and a file of each.
_NEEDED = {
    "mmdebstrap": "/usr/bin/mmdebstrap",
    "debian-archive-keyring": "/usr/share/keyrings/debian-archive-keyring.gpg",
    "qemu-user-static": "/usr/bin/qemu-aarch64-static",
    "gcc-aarch64-linux-gnu": "/usr/bin/aarch64-linux-gnu-gcc",
    "libc6-dev-arm64-cross": "/usr/aarch64-linux-gnu/include/stdio.h",
}

# As Raspberry Pi OS Bookworm has it.
_SUITE, _PYTHON, _GLIBC_MINOR = "bookworm", "3.11", 36
_PACKAGES = ("python3.11-minimal", "libpython3.11-stdlib", "libstdc++6", "zlib1g")
_DEBIAN = "debian"
_WHEELS = f"usr/local/lib/python{_PYTHON}/dist-packages"
_NO_WHEELS = "usr/lib/python3/dist-packages"  # without it the host's would be seen

# XNNPACK chooses its kernels by what the processor says of its instructions, which QEMU emulates,
# and by the core's name (CPU part) in /proc/cpuinfo; it needs that and some of /sys as plain files.
_FEATURES = "fp asimd evtstrm crc32 cpuid"
BOARDS = {  # what QEMU calls the core, its part number and its features
    "Zero 2 W": ("cortex-a53", 0xD03, _FEATURES),
    "Pi 4": ("cortex-a72", 0xD08, _FEATURES),
    "Pi 5": ("cortex-a76", 0xD0B, f"{_FEATURES} atomics fphp asimdhp asimdrdm lrcpc dcpop asimddp"),
}
_CORES = 4
_CORE = """processor\t: {number}
Features\t: {features}
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: {part:#x}
CPU revision\t: 3

"""

# Called by the name of this script, Python takes it for its executable, and so the Pythons that it
# starts are of this board, too.
_SCRIPT = """#!/bin/sh
board=${{0%/*}}
export QEMU_CPU={core}
exec qemu-aarch64-static -L "$board" -0 "$0" "$board/usr/bin/python{version}" "$@"
"""


def missing_packages() -> list[str]:
    """The Debian packages that the root and its tests need and this machine lacks."""
    return [package for package, file in _NEEDED.items() if not Path(file).exists()]


def python_of(root: Path, board: str) -> Path:
    """The script that runs Python as one of the `BOARDS` would."""
    return root / "boards" / board / "python"


def make_root(place: Path) -> None:
    """Make the root in a folder, unless it is there and was made by this recipe.

    It grows in a folder beside it, which takes its place when it is whole.

    Raises:
        FileExistsError: there is something else in the folder.
        RuntimeError: a program that helps to make it failed.
    """
    dependencies = [line for line in requires("edge-emotion") or [] if "extra ==" not in line]
    recipe = "\n".join([Path(__file__).read_text(encoding="utf-8"), *dependencies])
    made_by = place / "recipe"
    with suppress(OSError):
        if made_by.read_text(encoding="utf-8") == recipe:
            return
    if place.exists() and not made_by.exists() and any(place.iterdir()):
        raise FileExistsError(f"{place} is in the way of the arm64 root; name an empty folder")
    place.parent.mkdir(parents=True, exist_ok=True)
    part = Path(mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        _unpack_debian(part / _DEBIAN)
        _install_wheels(part / _DEBIAN, dependencies)
        for board in BOARDS:
            _make_board(part, board)
        (part / made_by.name).write_text(recipe, encoding="utf-8")
        if place.exists():
            shutil.rmtree(place)
        part.rename(place)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _unpack_debian(root: Path) -> None:
    root.mkdir()
    archive = root / "debian.tar"  # by way of a file, so that everything in it is the caller's own
    include = f"--include={','.join(_PACKAGES)}"
    options = ["--quiet", "--mode=chrootless", "--variant=extract", "--architectures=arm64"]
    _run(["mmdebstrap", *options, include, _SUITE, str(archive)])
    _run(["tar", "-x", "-f", str(archive), "--no-same-owner", "--exclude=./dev", "-C", str(root)])
    archive.unlink()
    (root / _NO_WHEELS).mkdir(parents=True, exist_ok=True)


def _install_wheels(root: Path, dependencies: list[str]) -> None:
    glibc = [f"manylinux_2_{minor}_aarch64" for minor in range(17, _GLIBC_MINOR + 1)]
    options = ["--quiet", "--disable-pip-version-check", "--only-binary=:all:", "--no-compile"]
    options += ["--implementation=cp", f"--python-version={_PYTHON}", f"--target={root / _WHEELS}"]
    options += [f"--platform={platform}" for platform in ["manylinux2014_aarch64", *glibc]]
    _run([sys.executable, "-m", "pip", "install", *options, *dependencies])


def _make_board(root: Path, name: str) -> None:
    """The same Debian, its files linked, with what one board tells of its cores."""
    core, part, features = BOARDS[name]
    board = python_of(root, name).parent
    shutil.copytree(root / _DEBIAN, board, symlinks=True, copy_function=os.link)
    cpu = board / "sys/devices/system/cpu"
    cpu.mkdir(parents=True)
    for file in ("possible", "present", "online"):
        (cpu / file).write_text(f"0-{_CORES - 1}\n", encoding="ascii")
    (board / "proc").mkdir(exist_ok=True)
    (board / "proc/cpuinfo").write_text(
        "".join(_CORE.format(number=n, part=part, features=features) for n in range(_CORES)),
        encoding="ascii",
    )
    script = python_of(root, name)
    script.write_text(_SCRIPT.format(core=core, version=_PYTHON), encoding="ascii")
    script.chmod(0o755)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr.strip()[-2000:]}")
