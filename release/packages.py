"""The wheel and the sdist, the same bytes from the same files, whoever builds them and where.

python release/packages.py [FOLDER]           # dist without
"""

import gzip
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def build(into: Path) -> list[Path]:
    """Build what git knows of the working tree, as it is now, into `into`.

    The sdist first, and the wheel from it: so the wheel holds nothing that the sdist has not.

    Args:
        into: made where it is missing; other files in it stay.

    Returns:
        The wheel and the sdist.

    Raises:
        RuntimeError: with what the build said.
    """
    epoch_s = when()
    with tempfile.TemporaryDirectory() as folder:
        tree, made, unpacked = (Path(folder, name) for name in ("tree", "made", "unpacked"))
        _copy_tree(tree, epoch_s)
        _run_build(tree, made, "--sdist", epoch_s)
        (sdist,) = made.glob("*.tar.gz")
        _normalize(sdist, epoch_s)
        with tarfile.open(sdist) as archive:
            archive.extractall(unpacked, filter="data")
        (source,) = unpacked.iterdir()
        _run_build(source, made, "--wheel", epoch_s)
        (wheel,) = made.glob("*.whl")
        into.mkdir(parents=True, exist_ok=True)
        return [Path(shutil.copy(file, into)) for file in (wheel, sdist)]


def when() -> int:
    """The time that the files are given: SOURCE_DATE_EPOCH, or that of the last commit; in s.

    See https://reproducible-builds.org/specs/source-date-epoch/.
    """
    return int(os.environ.get("SOURCE_DATE_EPOCH") or _git("log", "-1", "--format=%ct"))


def _copy_tree(into: Path, epoch_s: int) -> None:
    """Copy the files that git tracks, or would, with the rights that git keeps."""
    names = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in filter(None, names):
        source, copy = ROOT / name, into / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
            copy.chmod(0o755 if os.access(source, os.X_OK) else 0o644)
            os.utime(copy, (epoch_s, epoch_s))


def _run_build(tree: Path, into: Path, what: str, epoch_s: int) -> None:
    arguments = ["--no-isolation", what, "--outdir", str(into), str(tree)]
    done = subprocess.run(
        [sys.executable, "-m", "build", *arguments],
        cwd=tree.parent,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch_s)},
        capture_output=True,
        text=True,
        umask=0o022,  # wheels keep the rights of files, and so the builder's umask
    )
    if done.returncode:
        raise RuntimeError(f"the build failed:\n{done.stdout}{done.stderr}")


def _normalize(sdist: Path, epoch_s: int) -> None:
    """Pack it again without what tells of the builder: times, owners, rights, order.

    setuptools keeps to SOURCE_DATE_EPOCH in wheels alone (pypa/setuptools#2133).
    """
    with tarfile.open(sdist) as archive:
        members = sorted(archive.getmembers(), key=lambda member: member.name)
        files = [(member, archive.extractfile(member)) for member in members]
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as fresh:
            for member, stream in files:
                plain = tarfile.TarInfo(member.name)
                plain.type, plain.size, plain.mtime = member.type, member.size, epoch_s
                plain.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
                fresh.addfile(plain, stream)
    with sdist.open("wb") as stream, gzip.GzipFile("", "wb", 9, stream, mtime=epoch_s) as zipped:
        zipped.write(packed.getvalue())


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip("\n")


if __name__ == "__main__":
    for file in build(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "dist")):
        print(file)
