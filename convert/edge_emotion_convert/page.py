"""The page and the pictures of an evaluation."""

from collections.abc import Sequence
from pathlib import Path

from edge_emotion.files import write_text
from edge_emotion.modelfile import Task
from edge_emotion_convert.detector_sections import detector_sections
from edge_emotion_convert.detector_sections import headline as headline_of_detector
from edge_emotion_convert.evaluated import Evaluation, Measured
from edge_emotion_convert.evaluation_sections import robustness_section, undecided_section
from edge_emotion_convert.models import Opened
from edge_emotion_convert.progress import say
from edge_emotion_convert.summaries import summary
from edge_emotion_train.pictures.answered import Answered
from edge_emotion_train.pictures.curves import Course, read_history
from edge_emotion_train.pictures.page import headline, page, write_pictures
from edge_emotion_train.pictures.run import history_facts, network_facts
from edge_emotion_train.pictures.sections import Section, sections

_SUBTITLES: dict[Task, tuple[str, str]] = {
    "emotion": ("Emotion", "points"),
    "keypoints": ("Keypoint", "emotions"),
    "detector": ("Face detection", ""),
}


def draw(
    measured: Sequence[Measured],
    opened: Opened,
    evaluation: Evaluation,
    other: Opened | None,
    file: Path | None = None,
    folder: Path | None = None,
) -> None:
    """Write an evaluation as an HTML page, as pictures, or both.

    Args:
        measured: what `opened` answered, and how right that was.
        opened: the model.
        evaluation: of the same.
        other: the network of the other task, shown on the same faces; None for a detector.
        file: of the page.
        folder: of the pictures.

    Raises:
        EdgeEmotionError: they cannot be written there.
    """
    say(f"{opened.task}: drawing")
    history = read_history(opened.history) if opened.history else None
    if other is None:
        facts, shown = headline_of_detector(evaluation), detector_sections(measured, evaluation)
    else:
        facts, shown = _of_faces(measured, opened, other, history)
        if evaluation.selection is not None:
            place = 1 + [section.name for section in shown].index("reliability")
            shown.insert(place, undecided_section(evaluation.selection))
    if evaluation.robustness is not None:
        shown.append(robustness_section(evaluation.robustness))
    if file is not None:
        facts = facts | _facts(opened)
        facts |= history_facts(history) if history else {}
        name, beside = _SUBTITLES[opened.task]
        subtitle = f"{name} network, {opened.kind}"
        subtitle += f"; the {beside} beside it are by {other.name}" if other else ""
        write_text(file, page(opened.name, subtitle, facts, shown))
        say(f"page: {file}")
    if folder is not None:
        say(f"pictures: {len(write_pictures(folder, shown))} in {folder}")


def _of_faces(
    measured: Sequence[Measured], opened: Opened, other: Opened, history: Course | None
) -> tuple[dict[str, str], list[Section]]:
    """The facts at the head of the page, and its sections, of emotion or keypoints."""
    sets = [
        Answered(each.part.name, each.rows.images, each.rows.truth, each.answers, each.rows.names)
        for each in measured
        if not each.part.narrowed
    ]
    return headline(sets), sections(
        sets,
        measured=summary([each.part for each in measured], opened.task),
        history=history,
        network=opened.network,
        other=other.predict,
    )


def _facts(opened: Opened) -> dict[str, str]:
    shown = "picture" if opened.task == "detector" else "face"
    if opened.network is not None:
        return network_facts(opened.network, shown)
    facts = {}
    if opened.metadata and opened.metadata.architecture:
        known = opened.metadata.architecture
        facts["parameters"] = f"{known.get('parameters', 0):,}"
        facts[f"MACs a {shown}"] = f"{known.get('macs', 0) / 1e6:.1f} M"
    return facts | {"size of the file": f"{opened.path.stat().st_size / 1000:,.0f} kB"}
