"""What a file of a network says about itself, before what its conversion cost is known."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

import edge_emotion
from edge_emotion.modelfile import ModelMetadata
from edge_emotion.quantization import TensorSpec
from edge_emotion_convert.subject import Subject
from edge_emotion_convert.tasks.table import KINDS
from edge_emotion_train.networks import OFFSET_LIMIT_PX
from edge_emotion_train.recipe import Recipe


def metadata_of(
    subject: Subject,
    format_name: str,
    given: TensorSpec,
    answered: TensorSpec,
    training_data: dict[str, Any],
    accuracy: dict[str, Any],
) -> ModelMetadata:
    """Metadata of a network in one format.

    Args:
        subject: the network; its mean face is known.
        format_name: as `convert` names it.
        given, answered: the input and the output tensor.
        training_data: fingerprints of what it was trained on, empty if that is not known.
        accuracy: what is measured so far.
    """
    mean_face = None
    if subject.mean_face is not None:
        mean_face = tuple((round(float(x), 2), round(float(y), 2)) for x, y in subject.mean_face)
    return ModelMetadata(
        task=subject.task,
        labels=KINDS[subject.task].labels,
        input=given,
        output=answered,
        mean_face=mean_face,
        offset_limit_px=None if mean_face is None else OFFSET_LIMIT_PX,
        format=format_name,
        architecture=subject.architecture,
        recipe=_told(subject.recipe) if subject.recipe else {},
        training_data=training_data,
        accuracy=accuracy,
        versions=versions(),
        license=subject.license,
    )


def _told(recipe: Recipe) -> dict[str, Any]:
    """The recipe; of files elsewhere that it began with or learned from no more than the name.

    What they were their fingerprints tell, and where they lay is nobody's business.
    """
    teachers = {
        name: replace(teacher, path=_name(teacher.path))
        for name, teacher in recipe.teachers.items()
    }
    fit = replace(recipe.fit, start=tuple(map(_name, recipe.fit.start)))
    return replace(recipe, fit=fit, teachers=teachers).as_dict()


def _name(path: str) -> str:
    return Path(path).name if Path(path).is_absolute() else path


def versions() -> dict[str, str]:
    """Of this package and of what converts."""
    return {
        "edge_emotion": edge_emotion.__version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }
