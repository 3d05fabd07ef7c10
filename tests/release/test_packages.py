"""What is released: the same bytes whoever builds it, and nothing that should stay at home."""

import importlib.util
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def script(name):
    """A script of release/, which is no package."""
    found = importlib.util.spec_from_file_location(name, ROOT / f"release/{name}.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


contents, packages = script("contents"), script("packages")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The wheel and the sdist of the working tree."""
    pytest.importorskip("build", reason="needs the extra dev")
    if subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True).returncode:
        pytest.skip("no git repository: its last commit tells the time of the files")
    return packages.build(tmp_path_factory.mktemp("built"))


@pytest.mark.slow
def test_another_build_gives_the_same_bytes(built, tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    usual = os.umask(0o077)
    try:
        again = packages.build(tmp_path / "elsewhere")
    finally:
        os.umask(usual)

    assert [one.read_bytes() for one in built] == [one.read_bytes() for one in again]


def test_the_packages_hold_code_and_models_alone(built):
    assert [contents.complaints(one) for one in built] == [[], []]


def test_the_wheel_has_what_a_device_needs(built):
    names = zipfile.ZipFile(built[0]).namelist()
    for name in (
        "edge_emotion/models/emotion.tflite",
        "edge_emotion/models/keypoints.tflite",
        "edge_emotion/models/detector.tflite",
        "edge_emotion/models/MODEL_LICENSE",
        "edge_emotion_device/web/page/index.html",
        "edge_emotion_train/recipes/emotion_edge.toml",
        "edge_emotion_convert/__init__.py",
        "edge_emotion_report/__init__.py",
    ):
        assert name in names
    assert not [
        name for name in names if name.startswith(("tests", "benchmarks", "docs", "release"))
    ]


def test_the_sdist_tells_nothing_of_its_builder(built):
    with tarfile.open(built[1]) as archive:
        members = archive.getmembers()
    assert {(member.uid, member.gid, member.uname, member.gname) for member in members} == {
        (0, 0, "", "")
    }
    assert {member.mtime for member in members} == {packages.when()}


def test_the_time_of_the_files_can_be_given(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert packages.when() == 1_700_000_000


@pytest.mark.parametrize(
    ("name", "data", "complaint"),
    [
        ("pkg/face.jpg", b"", "neither code nor a page nor a model"),
        ("pkg/rows.csv", b"emotion,pixels", "neither code nor a page nor a model"),
        ("pkg/other.tflite", b"", "not a model that is shipped"),
        ("pkg/table.py", b"#" * 100_001, "more than a source file has"),
        ("pkg/a.py", f"DATA = '{ROOT}/data'".encode(), "of this machine"),
        ("pkg/a.py", f"DATA = '{Path(sys.prefix)}/x'".encode(), "of this machine"),
        ("pkg/a.py", b"made by Jane Builder", "of this machine"),
    ],
)
@pytest.mark.parametrize("kind", ["whl", "tar.gz"])
def test_what_does_not_belong_into_a_package_is_told(tmp_path, kind, name, data, complaint):
    package = tmp_path / f"a.{kind}"
    if kind == "whl":
        with zipfile.ZipFile(package, "w") as wheel:
            wheel.writestr(name, data)
    else:
        with tarfile.open(package, "w:gz") as sdist:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            sdist.addfile(member, io.BytesIO(data))

    (told,) = contents.complaints(package, names=("jane builder",))
    assert told.startswith(f"{name}: ") and complaint in told
