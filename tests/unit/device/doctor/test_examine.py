"""The doctor goes on whatever a check does."""

from time import monotonic, sleep

import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_device.doctor import CHECKS, Check, Finding, examine


def fails_as_a_user_would_expect(root):
    raise EdgeEmotionError("a broken cable", expected="a whole one", remedy="buy one")


def fails_without_a_remedy(root):
    raise EdgeEmotionError("a broken cable")


def cannot_import(root):
    raise ImportError("libopenblas.so.0: cannot open\nshared object file")


def has_a_defect(root):
    raise ValueError("two\nlines")


@pytest.mark.parametrize(
    ("look", "found", "remedy"),
    [
        (fails_as_a_user_would_expect, "a broken cable; expected a whole one", "buy one"),
        (fails_without_a_remedy, "a broken cable", ""),
        (
            cannot_import,
            "cannot be imported (libopenblas.so.0: cannot open shared object file)",
            "run pip install --force-reinstall for it, or device/install.sh again",
        ),
        (
            has_a_defect,
            "could not be looked at (ValueError: two lines)",
            "please report this line as a defect",
        ),
    ],
)
def test_a_check_that_raises_is_a_finding_too(tmp_path, look, found, remedy):
    checks = (Check("usual", look), Check("needed", look, needed=True))
    assert list(examine(checks, tmp_path)) == [
        ("usual", Finding("warn", found, remedy)),
        ("needed", Finding("fail", found, remedy)),
    ]


def test_a_device_that_hangs_is_given_up(tmp_path):
    checks = (
        Check("hangs", lambda root: sleep(60), timeout_s=0.1),
        Check("answers", lambda root: Finding("ok", str(root))),
    )
    start_s = monotonic()
    found = dict(examine(checks, tmp_path))

    assert monotonic() - start_s < 2.5
    assert found["hangs"].status == "warn"
    assert found["hangs"].found == "no answer within 0.1 s"
    assert found["answers"] == Finding("ok", str(tmp_path))


def test_only_what_run_cannot_do_without_fails_when_it_cannot_be_looked_at():
    needed = [check.name for check in CHECKS if check.needed]
    assert needed == ["numpy", "opencv", "runtime", "models"]
