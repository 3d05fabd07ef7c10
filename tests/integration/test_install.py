"""device/install.sh below a folder of its own, with tiny packages in place of the real ones.

What changes the machine (apt, users, systemctl) is left out there and told; the script was run in
whole Debian trees by hand, see docs/device.md.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from helpers.bundles import DEVICE, PARTS, write_bundle

BUNDLED = ("pyproject.toml", "README.md", "LICENSE", "NOTICE", "edge_emotion", "train", "convert")


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    (folder / "etc").mkdir(parents=True)
    (folder / "etc/os-release").write_text("ID=debian\nVERSION_CODENAME=bookworm\n")
    return folder


def install(bundle, *options, root=None, stubs=None, **environment):
    """Run the bundle's script; `stubs` is a folder whose programs go before the machine's."""
    environment = {"EDGE_EMOTION_PYTHON": sys.executable, **environment}
    if root is not None:
        environment["EDGE_EMOTION_ROOT"] = str(root)
    path = f"{stubs}:{os.environ['PATH']}" if stubs else os.environ["PATH"]
    return subprocess.run(
        ["bash", bundle / "install.sh", *options],
        capture_output=True,
        text=True,
        env={**os.environ, **environment, "PATH": path, "PIP_CONFIG_FILE": os.devnull},
        timeout=120,
    )


def environments(root):
    return sorted(path.name for path in (root / "opt/edge-emotion").glob("venv-*"))


def says(root):
    program = root / "opt/edge-emotion/venv/bin/edge-emotion"
    return subprocess.run([program, "run"], capture_output=True, text=True).stdout.strip()


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="needs Debian's shellcheck")
@pytest.mark.parametrize("script", ["install.sh", "bundle.sh"])
def test_shellcheck_has_nothing_to_say(script):
    done = subprocess.run(["shellcheck", DEVICE / script], capture_output=True, text=True)
    assert done.stdout == ""


def test_it_installs_program_service_rule_and_settings(tmp_path, root):
    done = install(write_bundle(tmp_path / "bundle"), root=root)

    assert done.returncode == 0, done.stderr
    assert says(root) == "first says run"
    link = root / "usr/local/bin/edge-emotion"
    assert str(link.readlink()) == "/opt/edge-emotion/venv/bin/edge-emotion"
    for place, mode in (
        ("etc/systemd/system/edge-emotion.service", 0o644),
        ("etc/udev/rules.d/99-edge-emotion-coral.rules", 0o644),
        ("etc/edge-emotion.toml", 0o640),  # it may hold a camera's password
    ):
        assert (root / place).read_bytes() == (DEVICE / Path(place).name).read_bytes()
        assert (root / place).stat().st_mode & 0o777 == mode
    assert (root / "opt/edge-emotion/install.sh").stat().st_mode & 0o777 == 0o755


def test_it_tells_what_it_does_to_the_machine(tmp_path, root):
    told = install(write_bundle(tmp_path / "bundle"), root=root).stdout

    assert "left out: useradd --system --user-group" in told
    assert "left out: usermod --append --groups video,plugdev edge-emotion" in told
    assert f"left out: chgrp edge-emotion {root}/etc/edge-emotion.toml" in told
    assert "left out: systemctl enable --quiet edge-emotion.service" in told
    assert "apt-get" not in told  # with a bundle there may be no network


def test_a_second_run_changes_nothing_but_keeps_the_former_environment(tmp_path, root):
    bundle = write_bundle(tmp_path / "bundle")
    for kept in (1, 2, 2):
        former = environments(root)
        assert install(bundle, root=root).returncode == 0
        assert len(environments(root)) == kept
        assert len(set(environments(root)) - set(former)) == 1
    assert sorted(path.name for path in (root / "etc").iterdir()) == [
        "edge-emotion.toml", "os-release", "systemd", "udev",
    ]  # fmt: skip


def test_settings_that_were_changed_stay(tmp_path, root):
    first = write_bundle(tmp_path / "first")
    second = write_bundle(tmp_path / "second", settings="[run]\nmax_fps = 10\n")
    mine = root / "etc/edge-emotion.toml"
    install(first, root=root)
    mine.write_text("[run]\nmax_fps = 5\n")

    assert ".new" not in install(first, root=root).stdout  # the defaults are the same
    assert "edge-emotion.toml.new" in install(second, root=root).stdout
    assert mine.read_text() == "[run]\nmax_fps = 5\n"
    assert mine.with_name("edge-emotion.toml.new").read_text() == "[run]\nmax_fps = 10\n"


def test_settings_that_nobody_changed_follow_the_new_defaults(tmp_path, root):
    first = write_bundle(tmp_path / "first")
    second = write_bundle(tmp_path / "second", settings="[run]\nmax_fps = 10\n")
    install(first, root=root)
    install(second, root=root)

    assert (root / "etc/edge-emotion.toml").read_text() == "[run]\nmax_fps = 10\n"


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ({"doctor": 1}, "doctor fails with the new version and not with the one before"),
        ({"models": 3}, "second says models verify emotion\ninstall.sh: the new installation does"),
        ({"requires": ["not-in-the-bundle"]}, "pip could not install the packages"),
    ],
)
def test_a_version_that_does_not_work_leaves_the_former_one(tmp_path, root, made, message):
    install(write_bundle(tmp_path / "first"), root=root)
    before = environments(root)
    done = install(write_bundle(tmp_path / "second", name="second", **made), root=root)

    assert done.returncode == 1
    assert message in done.stderr
    assert "what was installed before is as it was" in done.stderr
    assert environments(root) == before
    assert says(root) == "first says run"


def test_without_a_former_version_doctor_alone_refuses_nothing(tmp_path, root):
    done = install(write_bundle(tmp_path / "bundle", doctor=1), root=root)  # no camera yet

    assert done.returncode == 0
    assert "first says doctor" in done.stdout
    assert says(root) == "first says run"


@pytest.mark.parametrize(
    ("system", "versions"),
    [("bookworm", {"numpy-1.26", "opencv_python_headless-4.11"}),
     ("trixie", {"numpy-2.3", "opencv_python_headless-4.14"})],
)  # fmt: skip
def test_bookworm_gets_what_its_picamera2_was_built_for(tmp_path, root, system, versions):
    (root / "etc/os-release").write_text(f"VERSION_CODENAME={system}\n")
    several = [("numpy", "1.26"), ("numpy", "2.3"), ("opencv-python-headless", "4.11")]
    several.append(("opencv-python-headless", "4.14"))
    bundle = write_bundle(
        tmp_path / "bundle", requires=[name for name, _ in several], others=several, quick=False
    )
    install(bundle, root=root, PIP_IGNORE_INSTALLED="1")  # of the Python that runs the tests

    assert says(root) == "first says run"
    packages = (root / "opt/edge-emotion/venv/lib").glob("python3*/site-packages/*.dist-info")
    assert versions <= {path.stem for path in packages}


def test_dry_run_changes_nothing_and_names_every_step(tmp_path, root):
    done = install(write_bundle(tmp_path / "bundle"), "--dry-run", root=root)

    assert done.returncode == 0
    assert [path.name for path in root.rglob("*")] == ["etc", "os-release"]
    for step in (
        "-m venv --system-site-packages",
        "pip install edge-emotion[web,mqtt]",
        "ln -sfn",
        "install -D",
    ):
        assert f"would run: {step}" in done.stdout.replace(f"{sys.executable} ", "")


def test_without_a_service_there_is_only_the_program(tmp_path, root):
    done = install(write_bundle(tmp_path / "bundle"), "--no-service", root=root)

    assert says(root) == "first says run"
    assert "useradd" not in done.stdout
    assert not (root / "etc/edge-emotion.toml").exists()
    assert not (root / "etc/systemd").exists()


def test_remove_leaves_settings_and_what_the_service_wrote(tmp_path, root):
    install(write_bundle(tmp_path / "bundle"), root=root)
    (root / "var/lib/edge-emotion").mkdir(parents=True)
    done = install(root / "opt/edge-emotion", "--remove", root=root)

    assert done.returncode == 0
    assert "left out: systemctl disable --now" in done.stdout
    assert "userdel" not in done.stdout  # what is left belongs to it, and its number stays taken
    left = {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}
    assert left == {"etc/os-release", "etc/edge-emotion.toml"}
    assert (root / "var/lib/edge-emotion").is_dir()


@pytest.fixture
def stubs(tmp_path):
    folder = tmp_path / "stubs"
    folder.mkdir()

    def stub(name, prints="", code=0):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho {prints}\nexit {code}\n")
        program.chmod(0o755)
        return folder

    return stub


def test_it_wants_root(tmp_path, stubs):
    done = install(write_bundle(tmp_path / "bundle"), stubs=stubs("id", 1000))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "this needs root; run: sudo" in done.stderr


def test_a_32_bit_system_is_refused(tmp_path, root, stubs):
    done = install(write_bundle(tmp_path / "bundle"), root=root, stubs=stubs("dpkg", "armhf"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "the system is armhf; the TFLite runtime needs the 64-bit" in done.stderr


def test_too_old_a_python_is_refused(tmp_path, root, stubs):
    python = stubs("python3", "3.9", code=0) / "python3"
    python.write_text('#!/bin/sh\ncase "$2" in *print*) echo 3.9 ;; *) exit 1 ;; esac\n')
    done = install(write_bundle(tmp_path / "bundle"), root=root, EDGE_EMOTION_PYTHON=str(python))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "is Python 3.9; 3.10 or newer is needed" in done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--bundle", "/nowhere"], "there is no wheels/edge_emotion-*.whl in /nowhere"),
        (["--bundel", "x"], "unknown option --bundel; see install.sh --help"),
    ],
)
def test_wrong_use_is_one_line(tmp_path, root, options, message):
    done = install(write_bundle(tmp_path / "bundle"), *options, root=root)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert message in done.stderr


@pytest.mark.parametrize("options", [[], ["--remove"]], ids=["install", "remove"])
def test_two_at_a_time_do_not_disturb_each_other(tmp_path, root, options):
    bundle = write_bundle(tmp_path / "bundle")
    install(bundle, root=root)
    half_built = root / "opt/edge-emotion/venv-others"
    half_built.mkdir()
    other = os.open(root / "opt/edge-emotion", os.O_RDONLY)
    try:
        fcntl.flock(other, fcntl.LOCK_EX)
        done = install(bundle, *options, root=root)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "another install.sh is at work" in done.stderr
        assert half_built.is_dir()
    finally:
        os.close(other)
    assert install(bundle, *options, root=root).returncode == 0
    assert not half_built.exists()  # nobody's now


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda wheel: wheel.write_bytes(wheel.read_bytes()[:-1]), "is not as it was packed"),
        (lambda wheel: wheel.unlink(), "is not as it was packed"),
        (lambda wheel: (wheel.parents[1] / "SHA256SUMS").unlink(), "there is no SHA256SUMS"),
    ],
    ids=["cut short", "missing", "without sums"],
)
def test_a_damaged_bundle_is_refused(tmp_path, root, spoil, message):
    bundle = write_bundle(tmp_path / "bundle", others=[("numpy", "1.26")])
    spoil(bundle / "wheels/numpy-1.26-py3-none-any.whl")
    done = install(bundle, root=root)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert message in done.stderr
    assert not (root / "opt").exists()


def test_a_script_alone_says_what_it_lacks(tmp_path, root):
    folder = tmp_path / "alone" / "device"
    folder.mkdir(parents=True)
    shutil.copy(DEVICE / "install.sh", folder)
    done = install(folder, root=root)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "neither a bundle nor the repository" in done.stderr


@pytest.mark.skipif(not shutil.which("udevadm"), reason="needs udevadm, of Debian's udev")
def test_udev_reads_the_rule():
    version = subprocess.run(["udevadm", "--version"], capture_output=True, text=True).stdout
    if int(version.split()[0]) < 254:
        pytest.skip(f"udevadm {version.strip()} cannot verify rules, 254 can")
    done = subprocess.run(
        ["udevadm", "verify", "--resolve-names=never", DEVICE / "99-edge-emotion-coral.rules"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs Debian's package systemd")
class TestUnit:
    def test_its_exposure_is_low(self):
        done = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--threshold=30",
             DEVICE / "edge-emotion.service"],
            capture_output=True,
            text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout

    def test_systemd_has_nothing_to_say_of_it_once_installed(self, tmp_path, root):
        install(write_bundle(tmp_path / "bundle"), root=root)
        unit = tmp_path / "edge-emotion.service"
        installed = (root / "etc/systemd/system/edge-emotion.service").read_text()
        unit.write_text(installed.replace("/opt/edge-emotion", f"{root}/opt/edge-emotion"))
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def repository(tmp_path):
    """What bundle.sh packs, and a stand-in for Python's pip, which needs a network."""
    python = tmp_path / "python"
    python.write_text(
        """#!/bin/bash
echo "$*" >> "$0.calls"
while [ "$1" != --wheel-dir ] && [ "$1" != --dest ]; do shift; done
mkdir -p "$2" && touch "$2/edge_emotion-0.1-py3-none-any.whl"
"""
    )
    python.chmod(0o755)
    folder = tmp_path / "repository"
    folder.mkdir()
    for part in BUNDLED:
        (folder / part).touch()
    shutil.copytree(DEVICE, folder / "device", ignore=shutil.ignore_patterns("edge_emotion*"))
    return folder


def make_bundle(repository, stubs=None):
    path = f"{stubs}:{os.environ['PATH']}" if stubs else os.environ["PATH"]
    return subprocess.run(
        ["bash", repository / "device/bundle.sh", repository.with_name("python"), "aarch64"],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path},
    )


def test_a_bundle_has_wheels_for_both_systems_and_what_the_script_installs(repository):
    assert make_bundle(repository).returncode == 0
    calls = repository.with_name("python.calls")
    _, bookworm, trixie = calls.read_text().splitlines()
    with tarfile.open(repository / "dist/bundle-0.1-aarch64.tar") as tar:
        names = {name.removeprefix("bundle-0.1-aarch64/") for name in tar.getnames()}
        sums = tar.extractfile("bundle-0.1-aarch64/SHA256SUMS").read().decode()

    whole = {*PARTS, "wheels/edge_emotion-0.1-py3-none-any.whl"}
    assert whole | {"bundle-0.1-aarch64", "wheels", "SHA256SUMS"} == names
    assert {line.split("  ")[1] for line in sums.splitlines()} == whole
    for call, version in ((bookworm, "3.11"), (trixie, "3.13")):
        assert f"--python-version {version}" in call
        assert "--platform manylinux_2_28_aarch64" in call
        assert ("numpy<2 opencv-python-headless<4.12" in call) == (version == "3.11")
    assert [path.name for path in (repository / "dist").iterdir()] == ["bundle-0.1-aarch64.tar"]


def test_an_interrupted_bundle_leaves_nothing_behind(repository, stubs):
    make_bundle(repository)
    before = (repository / "dist/bundle-0.1-aarch64.tar").read_bytes()
    assert make_bundle(repository, stubs("tar", code=1)).returncode == 1
    assert [path.name for path in (repository / "dist").iterdir()] == ["bundle-0.1-aarch64.tar"]
    assert (repository / "dist/bundle-0.1-aarch64.tar").read_bytes() == before


def test_the_manual_lists_errors_by_words_that_are_said():
    text = (DEVICE.parent / "docs/device.md").read_text().partition("## When something is wrong")[2]
    rows = [row for row in text.partition("\n## ")[0].splitlines() if row.startswith("| `")]
    files = [*(DEVICE / "edge_emotion_device").rglob("*.py"), DEVICE / "install.sh"]
    said = "\n".join(file.read_text() for file in files)

    assert len(rows) > 10
    for row in rows:
        words, _, by = row.removeprefix("| `").partition("`")
        assert words in said or by.startswith(" (systemd)"), row
