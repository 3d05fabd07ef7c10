"""What the toolkit writes, as scenarios for `helpers.killed`; each imports its own room."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from edge_emotion.data.cleaning import LeftOut, read_left_out, write_left_out
from edge_emotion.labels import EMOTIONS
from edge_emotion.locks import alone_in
from edge_emotion.modelfile import ModelMetadata, read_model, write_model
from edge_emotion.quantization import TensorSpec
from helpers.killed import Scenario
from helpers.sinks import frame, reading

_METADATA = ModelMetadata(
    task="emotion",
    labels=EMOTIONS,
    input=TensorSpec((1, 48, 48, 1), "uint8", 1 / 255, 0),
    output=TensorSpec((1, 5), "uint8", 1 / 256, 0),
)


def model_file() -> Scenario:
    """`write_model`, as `convert` uses it."""

    def write(folder: Path, version: str, content: bytes) -> None:
        metadata = replace(_METADATA, versions={"edge-emotion": version})
        write_model(folder / "emotion.tflite", content, metadata)

    def read(folder: Path) -> dict[str, Any]:
        file = read_model(folder / "emotion.tflite", "emotion")
        return {"model": (file.metadata.versions["edge-emotion"], len(file.flatbuffer))}

    return Scenario(
        lambda folder: write(folder, "1", bytes(3000)),
        lambda folder: write(folder, "2", bytes(range(256)) * 900),
        read,
    )


def left_out_list() -> Scenario:
    """`data clean`."""

    def write(rows: Iterable[int]) -> Callable[[Path], None]:
        listed = [LeftOut(row, f"row {row}", "blank picture") for row in rows]
        return lambda folder: write_left_out(folder / "left-out.csv", listed)

    return Scenario(
        write(range(5)),
        write(range(300)),
        lambda folder: {"list": read_left_out(folder / "left-out.csv")},
    )


def report() -> Scenario:
    """`report --markdown --csv`, two files at once."""
    from edge_emotion_report.command import Outputs, report_files

    recorded = Path(__file__).parents[2] / "benchmarks/results/report"
    [old] = [recorded / "emotion-conversion.json"]

    def write(*files: Path) -> Callable[[Path], None]:
        return lambda folder: report_files(
            files, outputs=Outputs(markdown=folder / "r.md", csv=folder / "r.csv"), as_json=True
        )

    return Scenario(write(old), write(old, recorded / "keypoints-conversion.json"), _contents)


def conversion() -> Scenario:
    """What `convert` puts in place in one step: the model, the card, and conversion.json."""
    from edge_emotion_convert.exports import record

    subject: Any = SimpleNamespace(name="my-emotion", task="emotion")

    def write(content: bytes) -> Callable[[Path], None]:
        def put(folder: Path) -> None:
            with alone_in(folder, ""):
                file = folder / "emotion_int8.tflite"
                entry = {"file": file.name, "bytes": len(content)}
                parts = {file: content, file.with_suffix(".md"): content[:900]}
                record(subject, folder, "models", entry, parts)

        return put

    def read(folder: Path) -> dict[str, bytes]:
        json.loads((folder / "conversion.json").read_text())
        return _contents(folder)

    return Scenario(write(b"old" * 400), write(b"newer" * 30_000), read, tidy=True)


def saved_model() -> Scenario:
    """The folder that TensorFlow Serving watches."""
    from edge_emotion_convert.serving import _replacing_folder

    def write(number: int) -> Callable[[Path], None]:
        def put(folder: Path) -> None:
            with _replacing_folder(folder / "saved_model" / "1") as part:
                (part / "variables").mkdir(parents=True)
                for name in ("saved_model.pb", "variables/index", f"only-{number}"):
                    (part / name).write_bytes(bytes([number]) * 5000)

        return put

    def read(folder: Path) -> dict[str, Any]:
        return {"folder": _contents(folder / "saved_model" / "1")}

    return Scenario(write(1), write(2), read, tidy=True)


def history() -> Scenario:
    """history.csv of a training, an epoch at a time."""
    from edge_emotion_train.history import History

    def write(epochs: int) -> Callable[[Path], None]:
        def put(folder: Path) -> None:
            told = History(folder / "history.csv", "plain")
            told.on_epoch_end(epochs - 1, {"loss": 1 / epochs})

        return put

    return Scenario(write(1), write(2), _contents)


def checkpoint() -> Scenario:
    """The state that an interrupted training goes on from."""
    from edge_emotion_train.checkpoint import read_values, save_values

    def write(value: float) -> Callable[[Path], None]:
        weights = [np.full((200, 20), value, np.float32), np.arange(5)]
        return lambda folder: save_values(folder / "epoch-0001.npz", weights)

    def read(folder: Path) -> dict[str, Any]:
        values = read_values(folder / "epoch-0001.npz")
        return {"state": [value.tolist() for value in values]}

    return Scenario(write(1), write(2), read)


def readings_log() -> Scenario:
    """`run --output`: lines are added, and begin anew in another file when it is full."""
    from edge_emotion_device.sinks.json_lines import JsonLines

    def write(folder: Path, first: int, last: int) -> None:
        with JsonLines.to_log(folder / "log", most_bytes=3000, keep=9) as sink:
            for index in range(first, last):
                sink.write(frame(index), [reading(index)])

    def read(folder: Path) -> dict[str, Any]:
        """Each reading that was there before, and each that came; a torn last line is none."""
        files = sorted(folder.iterdir(), key=lambda file: int("0" + file.name[4:]), reverse=True)
        whole = b"".join(file.read_bytes().rpartition(b"\n")[0] + b"\n" for file in files)
        lines = [json.loads(line) for line in whole.splitlines() if line]
        frames = [line["frame"] for line in lines if "run" not in line]
        assert frames[:4] == [0, 1, 2, 3]
        return {str(number): number in frames for number in range(10)}

    return Scenario(lambda folder: write(folder, 0, 4), lambda folder: write(folder, 4, 10), read)


def annotated_video() -> Scenario:
    """`run --save` of a clip: the video and its readings appear when the run ends."""
    return _saved("annotated.mp4", "readings.jsonl")


def annotated_pictures() -> Scenario:
    """`run --save` of pictures: each appears whole."""
    return _saved("face.jpg", "readings.jsonl")


def _saved(shown: str, listed: str) -> Scenario:
    from edge_emotion_device.sinks.annotated import AnnotatedPictures, AnnotatedVideo
    from edge_emotion_device.sinks.json_lines import JsonLines

    def write(gray_frames: int) -> Callable[[Path], None]:
        def put(folder: Path) -> None:
            video = shown.endswith(".mp4")
            with (
                alone_in(folder, ""),
                AnnotatedVideo(folder / shown, 25.0)
                if video
                else AnnotatedPictures(folder, Path("face.png")) as picture,
                JsonLines.to_new_file(folder / listed, all_frames=True) as lines,
            ):
                for index in range(gray_frames):
                    source, size = None if video else "face.png", (240, 320 + 8 * gray_frames)
                    seen = frame(index, source, size)
                    picture.write(seen, [])
                    lines.write(seen, [])

        return put

    return Scenario(write(1), write(3), _contents, tidy=True)


def _contents(folder: Path) -> dict[str, bytes]:
    """Every file that is not hidden."""
    files = [file for file in folder.rglob("*") if file.is_file() and file.name[0] != "."]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}
