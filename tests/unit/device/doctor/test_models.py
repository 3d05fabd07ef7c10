"""The shipped models, verified by the doctor."""

from dataclasses import replace

from edge_emotion.modelfile import shipped_tasks
from edge_emotion_device import verification
from edge_emotion_device.doctor.models import look_at_models


def test_the_shipped_models_are_verified(tmp_path):
    found = look_at_models(tmp_path)
    assert found.status == "ok" and found.found.endswith(" verified")
    assert all(task in found.found for task in shipped_tasks())


def test_a_model_that_computes_something_else_fails(tmp_path, monkeypatch):
    verify = verification.verify

    def verify_badly(path):
        found = verify(path)
        if found.task != "keypoints":
            return found
        return replace(found, comparisons=(replace(found.comparisons[0], largest=99.0),))

    monkeypatch.setattr(verification, "verify", verify_badly)
    found = look_at_models(tmp_path)

    assert found.status == "fail"
    assert "keypoints (" in found.found and "emotion (" not in found.found
    assert "edge-emotion models verify" in found.remedy
