"""What the documentation's examples find in their folder: clips, drawn data, models, records."""

import csv
import shutil
from itertools import islice
from pathlib import Path

import cv2

from edge_emotion.data.faces import EmotionFaces, take
from edge_emotion.modelfile import shipped_model
from edge_emotion_device.cameras.demo import DemoCamera
from helpers.drawn_faces import (
    emotion_faces,
    keypoint_faces,
    write_class_folders,
    write_fer2013_csv,
    write_kaggle_training_csv,
    write_keypoint_folder,
)
from helpers.photographs import astronaut, hopper

ROOT = Path(__file__).parents[2]
TASKS = ("emotion", "keypoints")
_CLIP_FRAMES, _CLIP_FPS = 60, 25.0
_EMOTION_FACES, _KEYPOINT_FACES = 150, 150
_VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")


def make_world(folder: Path) -> Path:
    """Everything that needs no training, in `folder`."""
    for name in ("benchmarks", "device", "edge_emotion"):
        (folder / name).symlink_to(ROOT / name)
    _write_pictures(folder)
    _write_models(folder)
    _write_data(folder / "data")
    _write_wrong_row(folder / "training.csv")
    (folder / "token").write_text("drawn-with-care\n", encoding="utf-8")
    (folder / "token").chmod(0o600)
    records = ROOT / "benchmarks/results/report"
    shutil.copytree(records / "eval", folder / "eval")
    shutil.copy(records / "amd-epyc.json", folder / "pc.json")
    return folder


def add_runs(folder: Path) -> None:
    """Finished runs of tiny networks, and what recipes and remedies name; needs TensorFlow."""
    from helpers.tiny_runs import write_run

    faces = {"emotion": "rafdb", "keypoints": "keypoints_kaggle"}
    for task in TASKS:
        for name in ("edge", "wide", "distilled", "robust", "reference", "big"):
            run = folder / "runs" / f"{task}-{name}"
            write_run(run, task, folder / "data", path=faces[task])
    for name in ("mine.keras", "any.keras"):
        shutil.copy(folder / "runs/emotion-edge/model.keras", folder / name)
    shutil.copytree(folder / "data/rafdb", folder / "faces")
    (folder / "mine.py").write_text(_block("docs/recipes.md", "def build(task, options):"))
    recipes = ROOT / "train/edge_emotion_train/recipes"
    shutil.copy(recipes / "emotion_edge.toml", folder / "mine.toml")
    shutil.copy(recipes / "keypoints_edge.toml", folder / "mine_too.toml")
    (folder / "budget.toml").write_text("[keypoints]\nrmse_increase_px = 1000\n", encoding="utf-8")


def _write_pictures(folder: Path) -> None:
    photographs = {"astronaut.png": astronaut(), "hopper.png": hopper()}
    (folder / "pictures").mkdir()
    for name, picture in photographs.items():
        cv2.imwrite(str(folder / "pictures" / name), picture)
    face = astronaut()[50:210, 140:300]
    for name in ("face.jpg", "face.png"):
        cv2.imwrite(str(folder / name), face)
    with DemoCamera() as camera:
        frames = [frame.image for frame in islice(iter(camera.read, None), _CLIP_FRAMES)]
    height, width = frames[0].shape[:2]
    fourcc = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(folder / "clip.mp4"), fourcc, _CLIP_FPS, (width, height))
    for frame in frames:
        writer.write(frame)
    writer.release()


def _write_models(folder: Path) -> None:
    """The shipped files where `convert` would put them, and for `serve`."""
    served = {"emotion": "emotion_ai", "keypoints": "keypoints"}
    recipes = {"emotion": "redistilled", "keypoints": "robust"}
    for task in TASKS:
        names = [
            f"exports/{task}-{recipe}/{task}_int8.tflite" for recipe in ("edge", recipes[task])
        ]
        for path in (*names, f"models/{served[task]}/1/model.tflite"):
            (folder / path).parent.mkdir(parents=True)
            shutil.copy(shipped_model(task), folder / path)


def _write_data(folder: Path) -> None:
    """Drawn faces in the places and formats that docs/training.md names."""
    faces, points = emotion_faces(_EMOTION_FACES, seed=1), keypoint_faces(_KEYPOINT_FACES, seed=2)
    write_fer2013_csv(folder / "fer2013/fer2013.csv.zip", faces, zipped=True)
    _write_votes(folder / "fer2013/fer2013new.csv", folder / "fer2013/fer2013.csv.zip")
    for part, usage in (("train", "Training"), ("test", "PublicTest")):
        write_class_folders(folder / "fer2013_folders" / part, _of(faces, usage))
    write_class_folders(folder / "rafdb", emotion_faces(_EMOTION_FACES, seed=3))
    shutil.copytree(folder / "rafdb", folder.parent / "photographs")
    for name, margin in (("keypoints_kaggle", 0), ("keypoints_300w", 48), ("keypoints", 48)):
        write_keypoint_folder(
            folder / name, points if not margin else keypoint_faces(40, 4, margin)
        )


def _of(faces: EmotionFaces, usage: str) -> EmotionFaces:
    return take(faces, faces.usages == usage)


def _write_votes(path: Path, faces: Path) -> None:
    """FER+'s table for a FER2013 file: ten people, and the label of each row."""
    from edge_emotion.data.table import read_rows

    seven = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
    header = ["Usage", "Image name", *_VOTES, "unknown", "NF"]
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(header)
        for line, row in read_rows(faces, ("emotion", "pixels")):
            voted = seven[int(row["emotion"])]
            counts = [10 if name == voted else 0 for name in _VOTES]
            rows.writerow([row["Usage"], f"fer{line:07}.png", *counts, 0, 0])


def _write_wrong_row(path: Path) -> None:
    """Kaggle's format with a point outside of its picture, as docs/data.md shows."""
    write_kaggle_training_csv(path, keypoint_faces(2, seed=5))
    header, first, *others = path.read_text(encoding="utf-8").splitlines()
    wrong = ",".join(["140", *first.split(",")[1:]])
    path.write_text("\n".join([header, wrong, *others]) + "\n", encoding="utf-8")


def _block(page: str, line: str) -> str:
    """The code block of a page that has a line."""
    from manual.examples import blocks

    text = (ROOT / page).read_text(encoding="utf-8")
    return "\n".join(next(block for _, block in blocks(text) if line in block)) + "\n"
