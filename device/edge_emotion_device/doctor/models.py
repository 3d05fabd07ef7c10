"""Whether the shipped models compute here what they were made to."""

from pathlib import Path

from edge_emotion_device.board import ROOT
from edge_emotion_device.doctor.finding import Finding


def look_at_models(root: Path = ROOT) -> Finding:
    """Verify the shipped models on the CPU, as `edge-emotion models verify` does.

    Raises:
        EdgeEmotionError: one of them cannot be read or run.
    """
    from edge_emotion.modelfile import shipped_model, shipped_tasks
    from edge_emotion_device.verification import verify

    found = [verify(shipped_model(task)) for task in shipped_tasks()]
    wrong = [f"{one.task} ({one.path})" for one in found if not one.passed]
    if wrong:
        return Finding(
            "fail",
            f"not computed here as they were made to: {', '.join(wrong)}",
            "install edge-emotion again, or another version of the runtime; "
            "edge-emotion models verify tells more",
        )
    *others, last = (one.task for one in found)
    return Finding("ok", f"{', '.join(others)} and {last} verified")
