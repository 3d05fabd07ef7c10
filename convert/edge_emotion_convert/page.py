"""The page and the pictures of an evaluation."""

from collections.abc import Sequence
from pathlib import Path

from edge_emotion.files import write_text
from edge_emotion_convert.evaluated import Measured, summary
from edge_emotion_convert.models import Opened
from edge_emotion_convert.progress import say
from edge_emotion_train.pictures.answered import Answered
from edge_emotion_train.pictures.curves import read_history
from edge_emotion_train.pictures.page import headline, page, write_pictures
from edge_emotion_train.pictures.run import history_facts, network_facts
from edge_emotion_train.pictures.sections import sections


def draw(
    measured: Sequence[Measured],
    opened: Opened,
    other: Opened,
    file: Path | None = None,
    folder: Path | None = None,
) -> None:
    """Write an evaluation as an HTML page, as pictures, or both.

    Args:
        measured: what `opened` answered, and how right that was.
        opened: the model.
        other: the network of the other task, shown on the same faces.
        file: of the page.
        folder: of the pictures.

    Raises:
        EdgeEmotionError: they cannot be written there.
    """
    say(f"{opened.task}: drawing")
    sets = [
        Answered(each.part.name, each.rows.images, each.rows.truth, each.answers, each.rows.names)
        for each in measured
        if not each.narrowed
    ]
    history = read_history(opened.history) if opened.history else None
    shown = sections(
        sets,
        measured=summary([each.part for each in measured], opened.task),
        history=history,
        network=opened.network,
        other=other.predict,
    )
    if file is not None:
        facts = headline(sets) | _facts(opened)
        facts |= history_facts(history) if history else {}
        task, beside = "Emotion", "points"
        if opened.task == "keypoints":
            task, beside = "Keypoint", "emotions"
        subtitle = f"{task} network, {opened.kind}; the {beside} beside it are by {other.name}"
        write_text(file, page(opened.name, subtitle, facts, shown))
        say(f"page: {file}")
    if folder is not None:
        say(f"pictures: {len(write_pictures(folder, shown))} in {folder}")


def _facts(opened: Opened) -> dict[str, str]:
    if opened.network is not None:
        return network_facts(opened.network)
    facts = {}
    if opened.metadata and opened.metadata.architecture:
        known = opened.metadata.architecture
        facts["parameters"] = f"{known.get('parameters', 0):,}"
        facts["MACs a face"] = f"{known.get('macs', 0) / 1e6:.1f} M"
    return facts | {"size of the file": f"{opened.path.stat().st_size / 1000:,.0f} kB"}
