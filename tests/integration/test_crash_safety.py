"""What is left when the power goes while something is written: the old or the new, never half."""

import pytest

from helpers.killed import killed


@pytest.mark.parametrize(
    "writer",
    [
        "model_file",
        "left_out_list",
        "report",
        "readings_log",
        "annotated_video",
        "annotated_pictures",
        pytest.param("conversion", marks=pytest.mark.slow),
        pytest.param("saved_model", marks=pytest.mark.slow),
        pytest.param("history", marks=pytest.mark.slow),
        pytest.param("checkpoint", marks=pytest.mark.slow),
    ],
)
def test_a_kill_at_any_step_leaves_the_old_or_the_new_and_another_try_mends_it(tmp_path, writer):
    found = killed(f"helpers.writers:{writer}", tmp_path / "files")
    assert found["old"] > 3
    assert found["steps"] > 4
