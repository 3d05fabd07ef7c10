"""With Google's edgetpu_compiler installed, or its container (docs/models.md says how to get them).

Run it with: pytest -m hardware tests/hardware/test_edgetpu_compiler.py
"""

import shutil

import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.modelfile import read_model, shipped_model
from edge_emotion_convert.edgetpu import edgetpu_step

pytestmark = pytest.mark.hardware


@pytest.mark.parametrize(("task", "operators"), [("emotion", 21), ("keypoints", 23)])
def test_the_shipped_models_are_mapped_whole_and_the_log_is_read(tmp_path, task, operators):
    model = tmp_path / f"{task}_int8.tflite"
    shutil.copy(shipped_model(task), model)
    step = edgetpu_step(model)
    if isinstance(step.failure, EdgeEmotionError) and "there is no" in str(step.failure):
        pytest.skip(str(step.failure))

    assert step.failure is None and step.left_to_cpu == ()
    facts = read_model(step.file, task).metadata.edgetpu
    assert facts["version"].startswith("16.")
    assert (facts["operations"], facts["mapped"], facts["subgraphs"]) == (operators, operators, 1)
    assert facts["on_chip_used_bytes"] > 500_000 and facts["off_chip_bytes"] == 0
    assert sum(row["count"] for row in facts["operators"]) == operators
