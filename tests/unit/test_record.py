"""`make report RECORD=NAME` keeps no measurement that its own benchmark warned of."""

import subprocess
import sys
from pathlib import Path

import pytest

from helpers.measurements import benchmark, write

SCRIPT = Path(__file__).parents[2] / "benchmarks/record.py"


@pytest.mark.parametrize(
    ("warnings", "options", "kept"),
    [([], [], True), (["it was busy"], [], False), (["it was busy"], ["--anyway"], True)],
)
def test_a_measurement_with_warnings_is_kept_only_if_that_is_asked_for(
    tmp_path, warnings, options, kept
):
    table = benchmark()
    table["conditions"]["warnings"] = warnings
    write(tmp_path, {"runs/pi.json": table})
    command = [sys.executable, SCRIPT, tmp_path / "runs/pi.json", tmp_path / "recorded", *options]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)

    assert (done.returncode == 0) is kept
    assert (tmp_path / "recorded/pi.json").exists() is kept
    if not kept:
        assert "it was busy" in done.stderr and "RECORD_ANYWAY=1" in done.stderr
