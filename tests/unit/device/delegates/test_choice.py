"""The names of delegates, taken apart.  What they do is in tests/integration/test_delegates.py."""

import pytest

from edge_emotion.errors import WrongUse
from edge_emotion_device.delegates import edgetpu
from edge_emotion_device.delegates.choice import DelegateChoice, parse_delegate
from edge_emotion_device.delegates.errors import crashed, hung, refused

CORAL = "libedgetpu.so.1"


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("cpu", DelegateChoice()),
        ("auto", DelegateChoice("edgetpu", CORAL, required=False)),
        ("edgetpu", DelegateChoice("edgetpu", CORAL)),
        ("edgetpu:usb", DelegateChoice("edgetpu:usb", CORAL, {"device": "usb"})),
        ("edgetpu:pci", DelegateChoice("edgetpu:pci", CORAL, {"device": "pci"})),
        ("edgetpu:1", DelegateChoice("edgetpu:1", CORAL, {"device": ":1"})),
        ("external:libvx.so", DelegateChoice("external:libvx.so", "libvx.so")),
        (
            "external:/lib/a.so,cores=2,mode=",
            DelegateChoice(
                "external:/lib/a.so,cores=2,mode=", "/lib/a.so", {"cores": "2", "mode": ""}
            ),
        ),
    ],
)
def test_a_name_is_taken_apart(text, choice):
    assert parse_delegate(text) == choice


@pytest.mark.parametrize(
    "text",
    [
        *("", "gpu", "CPU", "cpu:1", "auto:usb"),
        *("edgetpu:", "edgetpu:x", "edgetpu:-1", "edgetpu:usb:0"),
        *("external", "external:", "external:,a=1", "external:lib.so,=1", "external:lib.so,"),
    ],
)
def test_another_name_is_wrong_use_and_the_choices_are_listed(text):
    with pytest.raises(WrongUse, match=r"unknown delegate '.*'; expected auto, cpu, edgetpu") as e:
        parse_delegate(text)
    assert e.value.exit_code == 2


def test_a_file_here_is_meant_rather_than_one_where_libraries_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "libvx.so").touch()
    assert parse_delegate("external:libvx.so").library == str(tmp_path / "libvx.so")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("edgetpu", True),
        ("external:/opt/libedgetpu.so.1.0,device=usb:0", True),
        ("external:libvx.so", False),
        ("cpu", False),
    ],
)
def test_the_edge_tpus_library_is_known_by_its_name(text, expected):
    assert parse_delegate(text).for_edgetpu is expected


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (
            lambda c: refused(c, "load", f"{CORAL}: cannot open shared object file: No such file"),
            "cannot be loaded: it is not installed; install libedgetpu1-std",
        ),
        (lambda c: refused(c, "create", ""), "no Edge TPU is connected; plug it in"),
        (lambda c: refused(c, "prepare", "newer runtime"), "preparing the model (newer runtime)"),
        (lambda c: refused(c, "prepare", ""), "google-coral/edgetpu/issues/812"),
        (lambda c: crashed(c, "prepare", "SIGSEGV", ""), "google-coral/edgetpu/issues/812"),
        (lambda c: hung(c, "create", 30), "within 30 s while opening the device; unplug"),
    ],
)
def test_a_failure_of_the_edge_tpu_names_its_remedy(monkeypatch, failure, said):
    monkeypatch.setattr(edgetpu, "connected", lambda: [])
    message = str(failure(parse_delegate("edgetpu:usb")))
    assert message.startswith("--delegate edgetpu:usb: ")
    assert said in message
