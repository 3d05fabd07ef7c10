"""What a release writes down: versions, licences and sizes."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def script(name):
    """A script of release/, which is no package; they import each other by their names."""
    found = importlib.util.spec_from_file_location(name, ROOT / f"release/{name}.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def beside_each_other(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "release"))


def environment(python, packages, **groups):
    """What release/installed.py tells of an environment."""
    told = {
        name: {"version": version, "license": "MIT", "home": "https://example.org"}
        for name, version in packages.items()
    }
    return {"python": python, "machine": "x86_64", "groups": groups, "packages": told}


OLD = environment("3.10.1", {"numpy": "2.2.6", "tomli": "2.0"}, **{"": ["numpy", "tomli"]})
NEW = environment("3.11.7", {"numpy": "2.4.6", "web": "1"}, **{"": ["numpy"], "web": ["web"]})
NEWER = environment("3.12.1", {"numpy": "2.4.6", "web": "1"}, **{"": ["numpy"], "web": ["web"]})
FULL = environment(
    "3.11.7",
    {"numpy": "2.4.6", "keras": "3", "setuptools": "65"},
    **{"": ["numpy"], "train": ["keras", "setuptools"]},
)


def test_a_version_is_pinned_for_the_pythons_that_it_was_tried_on():
    text = script("constraints").constraints([OLD, NEW, NEWER], FULL)
    lines = [line for line in text.splitlines() if line and not line.startswith("# ")]

    assert lines == [
        "numpy==2.2.6; python_version == '3.10'",
        "numpy==2.4.6; python_version >= '3.11'",
        "tomli==2.0",
        "web==1",
        "keras==3",
    ]
    assert text.index("# base") < text.index("numpy") < text.index("# web") < text.index("# train")


def test_licences_are_listed_by_the_first_extra_that_brings_them():
    text = script("licences").page([OLD, NEW, FULL])

    assert text.index("## Base install") < text.index("[numpy](https://example.org) | MIT")
    assert text.count("[numpy]") == 1
    assert "## Extra `train`\n\n| package | licence |\n|---|---|\n| [keras]" in text


def test_a_licence_that_nobody_has_looked_at_is_told():
    odd = environment("3.11.7", {"odd": "1", "fine": "1"}, **{"": ["odd", "fine"]})
    odd["packages"]["odd"]["license"] = "All rights reserved"

    assert script("licences").unknown([odd]) == ["odd: All rights reserved"]


def test_the_limits_of_the_base_install_are_noticed():
    sizes = script("sizes")
    small = {"3.11": {"cv2": 200.0, "numpy": 40.0}}

    assert sizes.missed({"aarch64": small, "x86_64": small}) == []
    large = {**small, "3.13": {"cv2": 261.0}}
    assert sizes.missed({"aarch64": large, "x86_64": large}) == ["aarch64"]


def test_the_recorded_sizes_keep_the_limits_and_stand_in_the_readme():
    sizes = script("sizes")
    recorded = json.loads((ROOT / "benchmarks/results/install_size.json").read_text())

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert sizes.missed(recorded) == []
    assert sizes.in_readme(readme, recorded) == readme
    assert sizes.LARGEST_MB == {"aarch64": 260.0, "x86_64": 360.0}


def test_what_is_installed_is_told_by_extra(capsys):
    installed = script("installed")
    installed.main()
    told = json.loads(capsys.readouterr().out)

    assert {"numpy", "opencv-python-headless", "typer"} <= set(told["groups"][""])
    assert "numpy" not in told["groups"]["report"] and "matplotlib" in told["groups"]["report"]
    assert told["python"].startswith(f"3.{sys.version_info.minor}.")
    assert "BSD" in told["packages"]["numpy"]["license"]


def test_every_pin_of_the_constraints_can_be_read():
    from packaging.requirements import Requirement

    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    names = {pin.name for pin in pins}

    assert {"numpy", "opencv-python-headless", "ai-edge-litert", "tensorflow", "starlette"} <= names
    assert all(str(pin.specifier).startswith("==") for pin in pins)
