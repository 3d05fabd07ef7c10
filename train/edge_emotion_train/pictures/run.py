"""The page and the pictures that a training leaves in its run folder."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import keras
import numpy as np

from edge_emotion.data.faces import (
    AnyFaces,
    DetectionPhotos,
    EmotionFaces,
    answerable,
    plain_faces,
)
from edge_emotion.errors import EdgeEmotionError, warn
from edge_emotion.files import write_text
from edge_emotion.preprocess import EMOTION_SIDE_PX, KEYPOINT_SIDE_PX
from edge_emotion.types import Floats
from edge_emotion_train.datasets import Split
from edge_emotion_train.detection_figures import answer_pictures, compare
from edge_emotion_train.networks import count_macs
from edge_emotion_train.networks.saved import read_network
from edge_emotion_train.pictures import detector
from edge_emotion_train.pictures.answered import Answered
from edge_emotion_train.pictures.curves import Course, read_history
from edge_emotion_train.pictures.page import headline, page, write_pictures
from edge_emotion_train.pictures.sections import Predict, Section, sections
from edge_emotion_train.predicting import predict
from edge_emotion_train.runs import HISTORY_FILE, newest_run

PAGE_FILE, PICTURES_FOLDER = "page.html", "pictures"


def leave_pictures(
    out: Path,
    model: keras.Model,
    splits: Mapping[str, Split],
    mean_face: Floats | None,
) -> None:
    """Write page.html and pictures/ into the run folder `out`, from the validation rows.

    On the samples the newest run of the other task beside `out` answers too.

    Args:
        out: with history.csv.
        model: as it was trained.
        splits: of the recipe's sets; those without validation rows are left out.
        mean_face: `(15, 2)` pixels of the 96 px face; None for emotion.
    """
    sets = [
        _answered(f"{name} validation", validation, model, mean_face)
        for name, split in splits.items()
        if len(validation := answerable(split.validation))
    ]
    history = read_history(out / HISTORY_FILE)
    shown = sections(sets, history=history, network=model, other=_beside(out, sets[0]))
    task = "Emotion" if sets[0].emotional else "Keypoint"
    facts = headline(sets) | network_facts(model, "face") | history_facts(history)
    _leave(out, f"{task} network, measured on validation faces", facts, shown)


def leave_detector_pictures(out: Path, model: keras.Model, photos: DetectionPhotos) -> None:
    """Write page.html and pictures/ of a detector into the run folder `out`.

    Args:
        out: with history.csv.
        model: as it was trained.
        photos: of the validation, as the network sees them (see `data.detection.letterboxed`).
    """
    answers = answer_pictures(model, photos)
    matches = compare(answers, photos)
    history = read_history(out / HISTORY_FILE)
    facts = detector.headline(matches) | network_facts(model, "picture") | history_facts(history)
    shown = detector.detector_sections(photos, answers, matches, history, model)
    _leave(out, "Face detector, measured on validation photographs", facts, shown)


def _leave(out: Path, subtitle: str, facts: Mapping[str, str], shown: Sequence[Section]) -> None:
    write_text(out / PAGE_FILE, page(out.resolve().name, subtitle, facts, shown))
    write_pictures(out / PICTURES_FOLDER, shown)


def network_facts(model: keras.Model, shown: str) -> dict[str, str]:
    """A network's size, for a page; what it is shown is a face or a picture."""
    return {
        "parameters": f"{model.count_params():,}",
        f"MACs a {shown}": f"{count_macs(model) / 1e6:.1f} M",
    }


def history_facts(history: Course) -> dict[str, str]:
    """How long a training took, for a page."""
    if not len(history):
        return {}
    facts = {"epochs": str(len(history))}
    if "seconds" in history.columns:
        facts["minutes trained"] = f"{np.nansum(history.columns['seconds']) / 60:.0f}"
    return facts


def _answered(name: str, faces: AnyFaces, model: keras.Model, mean_face: Floats | None) -> Answered:
    assert not isinstance(faces, DetectionPhotos)
    emotional = isinstance(faces, EmotionFaces)
    images = plain_faces(faces.images, EMOTION_SIDE_PX if emotional else KEYPOINT_SIDE_PX)
    truth = faces.labels if isinstance(faces, EmotionFaces) else faces.window_keypoints
    return Answered(name, images, truth, predict(model, mean_face, images), faces.names)


def _beside(out: Path, answered: Answered) -> Predict | None:
    """The network of the newest run of the other task in the same folder, if there is one."""
    try:
        run = newest_run("keypoints" if answered.emotional else "emotion", out.resolve().parent)
        if run is None:
            return None
        return partial(predict, read_network(run.network, run.task), run.mean_face)
    except EdgeEmotionError as error:  # somebody else's run; this one is finished
        warn(f"drawing without the other network: {error}")
        return None
