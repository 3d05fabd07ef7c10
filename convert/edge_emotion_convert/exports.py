"""The folder exports/NAME: model files, their cards, and conversion.json about all of them.

A file that did not pass the gate is kept beside as TASK_FORMAT.tflite.rejected, to be looked into;
a former one that did stays where it is.

A model, its card and conversion.json take their places one right behind the other, in this order.
A crash between them shows in the checksums: an entry of conversion.json and the card are about the
file beside them if that has the SHA-256 that the entry gives.  The next conversion mends it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edge_emotion.errors import warn
from edge_emotion.files import write_together
from edge_emotion.modelfile import model_bytes
from edge_emotion.quantization import TensorSpec
from edge_emotion_convert.cards import conversion_card
from edge_emotion_convert.edgetpu import compiled_beside
from edge_emotion_convert.formats import CARD, REJECTED, SAVED_MODEL
from edge_emotion_convert.measure import as_table
from edge_emotion_convert.metadata import versions
from edge_emotion_convert.progress import quiet, say
from edge_emotion_convert.serving import VERSION, write_saved_model
from edge_emotion_convert.subject import Subject
from edge_emotion_convert.trial import Candidate, Trial
from edge_emotion_device.verification import reference_vectors

CONVERSION = "conversion.json"


@dataclass(frozen=True)
class Kept:
    """A converted network on disk.

    Attributes:
        file: where it is; ends in `REJECTED` if it did not pass the gate.
        bytes: its size, metadata included.
        sha256: of all of that.
        candidate: what it is.
    """

    file: Path
    bytes: int
    sha256: str
    candidate: Candidate

    def as_dict(self) -> dict[str, Any]:
        """As in conversion.json."""
        candidate = self.candidate
        accuracy = candidate.metadata.accuracy
        told = {name: accuracy[name] for name in ("confidence", "remedies") if accuracy.get(name)}
        return {
            "file": self.file.name,
            "task": candidate.metadata.task,
            "format": candidate.format.name,
            "bytes": self.bytes,
            "sha256": self.sha256,
            "flatbuffer_sha256": hashlib.sha256(candidate.flatbuffer).hexdigest(),
            "measured_on": accuracy["measured_on"],
            "gate": candidate.verdict.as_dict(),
            "float": as_table(candidate.before),
            candidate.format.name: as_table(candidate.after),
            "representative_faces": candidate.representative,
            **told,
            "undecided_below": candidate.metadata.undecided_below,
            "ms_per_face": round(candidate.ms_per_face, 4),
            "seconds": round(candidate.seconds, 1),
            "versions": candidate.metadata.versions,
        }


def keep(trial: Trial, candidate: Candidate, folder: Path) -> Kept:
    """Put a candidate into exports/NAME, as a model with its card or as a rejected file.

    With its card and its entry in conversion.json it is on the disk before any of them changes.

    Raises:
        EdgeEmotionError: the folder cannot be written to; what was there stays whole.
    """
    passed = candidate.verdict.passed
    good = folder / f"{trial.subject.task}_{candidate.format.name}.tflite"
    rejected = good.with_name(good.name + REJECTED)
    file = good if passed else rejected
    vectors = None
    if np.isfinite(candidate.answers).all():
        with quiet():
            vectors = reference_vectors(candidate.flatbuffer)
        if vectors is None:
            say(f"{file.name}: no test vectors, TFLite has no reference kernels for it")
    metadata = replace(candidate.metadata, test_vectors=vectors)
    content = model_bytes(candidate.flatbuffer, metadata)
    kept = Kept(file, len(content), hashlib.sha256(content).hexdigest(), candidate)
    parts = {file: content}
    if passed:
        answers = {"float": trial.answers, candidate.format.name: candidate.answers}
        card = conversion_card(candidate.metadata, kept.bytes, answers, trial.measuring)
        parts[good.with_suffix(CARD)] = card.encode()
    record(trial.subject, folder, "models" if passed else "rejected", kept.as_dict(), parts)
    if passed:
        rejected.unlink(missing_ok=True)
        compiled = compiled_beside(file) if candidate.format.name == "int8" else None
        if compiled is not None:
            entry = {**kept.as_dict(), "edgetpu": compiled.as_dict()}
            record(trial.subject, folder, "models", entry)
    return kept


def keep_saved_model(trial: Trial, folder: Path) -> dict[str, Any]:
    """Put the network into exports/NAME for TensorFlow Serving, with its card.

    Its entry in conversion.json has the SHA-256 of each of its files.

    Returns:
        The signatures, as `write_saved_model` has them.

    Raises:
        EdgeEmotionError: as `write_saved_model`, or the card or conversion.json cannot be written.
    """
    signatures = write_saved_model(trial.subject, folder)
    place = folder / VERSION
    contents = {
        file.relative_to(place).as_posix(): file.read_bytes()
        for file in sorted(place.rglob("*"))
        if file.is_file()
    }
    size = sum(map(len, contents.values()))
    shapes = (trial.subject.network.input_shape, trial.subject.network.output_shape)
    given, answered = (TensorSpec((1, *shape[1:]), "float32") for shape in shapes)
    metadata = trial.metadata(SAVED_MODEL, given, answered)
    answers = {"float": trial.answers}
    card = conversion_card(metadata, size, answers, trial.measuring, signatures)
    entry = {
        "file": VERSION.as_posix(),
        "task": trial.subject.task,
        "format": SAVED_MODEL,
        "bytes": size,
        "files": {name: hashlib.sha256(each).hexdigest() for name, each in contents.items()},
        "signatures": signatures,
        "float": metadata.accuracy["float"],
    }
    file = folder / f"{trial.subject.task}_{SAVED_MODEL}{CARD}"
    record(trial.subject, folder, "models", entry, {file: card.encode()})
    return signatures


def record(
    subject: Subject,
    folder: Path,
    group: str,
    entry: dict[str, Any],
    parts: Mapping[Path, bytes] | None = None,
) -> None:
    """Put an entry into conversion.json, in place of the one about the same file.

    A model that passed also takes the place of a rejected one of its name.

    Args:
        subject: the network.
        folder: exports/NAME.
        group: models or rejected.
        entry: what is told of the file.
        parts: files that it tells of; they take their places before it, in this order.

    Raises:
        EdgeEmotionError: one of them cannot be written; all are as they were.
    """
    table = _read(folder / CONVERSION)
    gone = {entry["file"], entry["file"] + REJECTED} if group == "models" else {entry["file"]}
    for name in ("models", "rejected"):
        table[name] = [other for other in table.get(name, []) if other["file"] not in gone]
    table[group].append(entry)
    table = {**table, "run": subject.name, "task": subject.task, "versions": versions()}
    text = json.dumps(table, indent=2) + "\n"
    write_together({**(parts or {}), folder / CONVERSION: text.encode()})


def _read(file: Path) -> dict[str, Any]:
    """What an earlier conversion wrote; nothing, and a warning, where it is damaged."""
    try:
        table = json.loads(file.read_text(encoding="utf-8"))
        if not _is_ours(table):
            raise ValueError("it lists no conversions")
        return dict(table)
    except FileNotFoundError:
        pass
    except (OSError, ValueError, RecursionError) as error:
        warn(f"{file} cannot be read and is written anew: {error}")
    return {"models": [], "rejected": []}


def _is_ours(table: Any) -> bool:
    if not isinstance(table, dict):
        return False
    groups = [table.get(name, []) for name in ("models", "rejected")]
    return all(isinstance(group, list) for group in groups) and all(
        isinstance(entry, dict) and isinstance(entry.get("file"), str)
        for group in groups
        for entry in group
    )
