"""Every format that is read, and which of them a path is."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edge_emotion.data.class_folders import class_folders_in, read_class_folders
from edge_emotion.data.detection import (
    FACES_FILE,
    WIDER_FACE_SUFFIX,
    read_detection_folder,
    read_wider_face,
)
from edge_emotion.data.faces import AnyFaces
from edge_emotion.data.fer2013 import read_fer2013
from edge_emotion.data.keypoints import (
    read_kaggle_keypoints,
    read_kaggle_test,
    read_keypoint_folder,
)
from edge_emotion.data.table import no_rows, read_rows
from edge_emotion.errors import EdgeEmotionError
from edge_emotion.modelfile import Task
from edge_emotion.preprocess import EMOTION_SIDE_PX


@dataclass(frozen=True)
class Format:
    """One way in which faces are stored.

    Attributes:
        task: emotion, keypoints or detector.
        what: it is, in words.
        read: its reader.
        labelled: whether its rows say what is right.
    """

    task: Task
    what: str
    read: Callable[[Path], AnyFaces]
    labelled: bool = True


FORMATS = {
    "fer2013": Format("emotion", "FER2013's CSV", read_fer2013),
    "class_folders": Format(
        "emotion", "pictures in class folders", partial(read_class_folders, side=EMOTION_SIDE_PX)
    ),
    "kaggle_keypoints": Format("keypoints", "Kaggle's keypoint CSV", read_kaggle_keypoints),
    "kaggle_test": Format(
        "keypoints", "Kaggle's keypoint CSV without points", read_kaggle_test, labelled=False
    ),
    "keypoint_folder": Format("keypoints", "pictures with a keypoints.csv", read_keypoint_folder),
    "detection_folder": Format("detector", "photographs with a faces.csv", read_detection_folder),
    "wider_face": Format("detector", "WIDER FACE's boxes", read_wider_face),
}


def recognise(path: Path) -> str | None:
    """The name in `FORMATS` of what is at `path`; None for a folder that is none of them.

    Raises:
        EdgeEmotionError: no such path, or a file that is no table of faces.
    """
    if path.is_dir():
        if (path / "keypoints.csv").is_file():
            return "keypoint_folder"
        if (path / FACES_FILE).is_file():
            return "detection_folder"
        return "class_folders" if class_folders_in(path) else None
    if path.name.endswith(WIDER_FACE_SUFFIX):
        return "wider_face"
    _, row = next(read_rows(path, ()), (0, None))
    if row is None:
        raise no_rows(path)
    if "emotion" in row:
        return "fer2013"
    if "Image" in row:
        return "kaggle_test" if "ImageId" in row else "kaggle_keypoints"
    raise EdgeEmotionError(
        f"{path} has neither a column emotion nor a column Image",
        expected="FER2013's CSV, or Kaggle's training.csv or test.csv",
        remedy="see docs/data.md for what can be read",
    )


def format_of(path: Path) -> str:
    """The name in `FORMATS` of what is at `path`.

    Raises:
        EdgeEmotionError: nothing that can be read is there.
    """
    name = recognise(path)
    if name is None:
        raise EdgeEmotionError(
            f"{path} holds no data that can be read",
            expected="class folders (or train and test with class folders), or a keypoints.csv "
            f"or {FACES_FILE} beside images",
            remedy="name the CSV file or the folder of one data set",
        )
    return name


def open_data(path: Path) -> AnyFaces:
    """The faces of a data set, whatever its format; emotion faces come with 48 px.

    Raises:
        EdgeEmotionError: nothing that can be read is there, or a row or picture cannot be used.
    """
    return FORMATS[format_of(path)].read(path)
