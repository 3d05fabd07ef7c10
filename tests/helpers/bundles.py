"""Bundles for device/install.sh, with tiny packages in place of the real ones."""

import ensurepip
import hashlib
import shutil
import zipfile
from pathlib import Path

import pytest

DEVICE = Path(__file__).parents[2] / "device"
PARTS = ("install.sh", "edge-emotion.service", "edge-emotion.toml", "99-edge-emotion-coral.rules")
PROGRAM = """
import sys
def main():
    print("{name} says", *sys.argv[1:])
    sys.exit({codes}.get(sys.argv[1], 0))
"""
# Does for `pip install --find-links WHEELS edge-emotion` what these tests look at, in no time.
QUICK_PIP = """
import pathlib, sys, zipfile
wheels = pathlib.Path(sys.argv[sys.argv.index("--find-links") + 1])
wheel = zipfile.ZipFile(next(wheels.glob("edge_emotion-*.whl")))
if b"Requires-Dist" in wheel.read(next(name for name in wheel.namelist() if "METADATA" in name)):
    sys.exit("no matching distribution")
program = pathlib.Path(sys.prefix, "bin/edge-emotion")
program.write_text(f"#!{sys.executable}\\n" + wheel.read("tiny_program.py").decode() + "main()")
program.chmod(0o755)
"""


def write_wheel(folder, name, version, *, program="", requires=()):
    """A package without files, or with the command `edge-emotion`."""
    stem = f"{name.replace('-', '_')}-{version}"
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        info = f"{stem}.dist-info"
        needs = "".join(f"Requires-Dist: {need}\n" for need in requires)
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
        )
        wheel.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        if program:
            wheel.writestr("tiny_program.py", program)
            wheel.writestr(
                f"{info}/entry_points.txt", "[console_scripts]\nedge-emotion = tiny_program:main\n"
            )
        wheel.writestr(f"{info}/RECORD", "")


def pip_wheel():
    places = (Path(ensurepip.__file__).parent / "_bundled", Path("/usr/share/python-wheels"))
    found = [wheel for place in places for wheel in place.glob("pip-*.whl")]
    if not found:
        pytest.skip("this Python has no pip in ensurepip")
    return found[0]


def write_bundle(
    folder, *, name="first", requires=(), others=(), quick=True, settings=None, **codes
):
    """A bundle as `make bundle` leaves it; `codes` are the exit codes of the program's commands."""
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    for part in PARTS:
        shutil.copy(DEVICE / part, folder)
    if settings is not None:
        (folder / "edge-emotion.toml").write_text(settings)
    if quick:
        with zipfile.ZipFile(wheels / "pip-0-py3-none-any.whl", "w") as wheel:
            wheel.writestr("pip/__main__.py", QUICK_PIP)
    else:
        shutil.copy(pip_wheel(), wheels)
    write_wheel(
        wheels, "edge-emotion", "0.1", program=PROGRAM.format(name=name, codes=codes),
        requires=requires,
    )  # fmt: skip
    for other, version in others:
        write_wheel(wheels, other, version)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    sums = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(folder)}\n"
        for file in files
    ]
    (folder / "SHA256SUMS").write_text("".join(sums))
    return folder
