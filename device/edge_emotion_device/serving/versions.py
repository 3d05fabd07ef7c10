"""Which versions of which models there are to serve.

Folders as tensorflow_model_server has them, BASE/VERSION/model.tflite: a version's name is a whole
number, and anything else in BASE is left alone.  A label is a link beside the versions that points
to one of them: `ln -s 2 models/emotion_ai/stable`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from edge_emotion.modelfile import Task, shipped_model, shipped_tasks

FILE = "model.tflite"
EMOTION, KEYPOINTS, COMBINED = "emotion_ai", "keypoints", "emotion_ai_combined"
_NAMES: dict[Task, str] = {"emotion": EMOTION, "keypoints": KEYPOINTS, "detector": "face_detector"}
_LONGEST = 19  # digits of a version: it is an int64


@dataclass(frozen=True, slots=True)
class Found:
    """The versions of one model.

    Attributes:
        files: of each version.
        labels: the version that each label points to.
    """

    files: dict[int, Path] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)


Source = Callable[[], dict[str, Found]]  # every model there is, by name; OSError if unreadable


def shipped() -> dict[str, Found]:
    """The models that come with the package, as version 1."""
    return {_NAMES[task]: Found({1: shipped_model(task)}) for task in shipped_tasks()}


def models_in(folder: Path) -> dict[str, Found]:
    """The models of a folder: FOLDER/NAME/VERSION/model.tflite."""
    bases = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    return {base.name: versions_in(base) for base in bases if base.is_dir()}


def versions_in(base: Path) -> Found:
    """The versions of one model: BASE/VERSION/model.tflite."""
    found = Found()
    for path in sorted(base.iterdir()):
        version = _version(path.name)
        if version is not None and (path / FILE).is_file():
            found.files[version] = path / FILE
        elif path.is_symlink() and version is None:
            target = _version(path.readlink().name)
            if target is not None and path.resolve().parent == base.resolve():
                found.labels[path.name] = target
    return found


def _version(name: str) -> int | None:
    plain = name.isascii() and name.isdigit() and len(name) <= _LONGEST
    return int(name) if plain else None
