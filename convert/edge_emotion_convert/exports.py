"""The folder exports/NAME: model files, their cards, and conversion.json about all of them.

A file that did not pass the gate is kept beside as TASK_FORMAT.tflite.rejected, to be looked into;
a former one that did stays where it is.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edge_emotion.files import write_text
from edge_emotion.modelfile import write_model
from edge_emotion_convert.cards import conversion_card
from edge_emotion_convert.measure import as_table
from edge_emotion_convert.progress import quiet
from edge_emotion_convert.subject import Subject
from edge_emotion_convert.trial import Candidate, Trial, versions
from edge_emotion_device.verification import reference_vectors

CONVERSION, REJECTED, CARD = "conversion.json", ".rejected", ".md"


@dataclass(frozen=True)
class Kept:
    """A converted network on disk.

    Attributes:
        file: where it is; ends in `REJECTED` if it did not pass the gate.
        bytes: its size, metadata included.
        candidate: what it is.
    """

    file: Path
    bytes: int
    candidate: Candidate

    def as_dict(self) -> dict[str, Any]:
        """As in conversion.json."""
        candidate = self.candidate
        return {
            "file": self.file.name,
            "task": candidate.metadata.task,
            "format": candidate.format.name,
            "bytes": self.bytes,
            "gate": candidate.verdict.as_dict(),
            "float": as_table(candidate.before),
            candidate.format.name: as_table(candidate.after),
            "representative_faces": candidate.representative,
            "ms_per_face": round(candidate.ms_per_face, 4),
            "seconds": round(candidate.seconds, 1),
            "versions": candidate.metadata.versions,
        }


def keep(trial: Trial, candidate: Candidate, folder: Path) -> Kept:
    """Put a candidate into exports/NAME, as a model with its card or as a rejected file.

    Raises:
        EdgeEmotionError: the folder cannot be written to; what was there stays whole.
    """
    passed = candidate.verdict.passed
    good = folder / f"{trial.subject.task}_{candidate.format.name}.tflite"
    rejected = good.with_name(good.name + REJECTED)
    file = good if passed else rejected
    with quiet():
        vectors = reference_vectors(candidate.flatbuffer)
    write_model(file, candidate.flatbuffer, replace(candidate.metadata, test_vectors=vectors))
    kept = Kept(file, file.stat().st_size, candidate)
    if passed:
        rejected.unlink(missing_ok=True)
        answers = {"float": trial.answers, candidate.format.name: candidate.answers}
        card = conversion_card(candidate.metadata, kept.bytes, answers, trial.measuring)
        write_text(good.with_suffix(CARD), card)
    record(trial.subject, folder, "models" if passed else "rejected", kept.as_dict())
    return kept


def record(subject: Subject, folder: Path, group: str, entry: dict[str, Any]) -> None:
    """Put an entry into conversion.json, in place of the one about the same file.

    A model that passed also takes the place of a rejected one of its name.
    """
    table = _read(folder / CONVERSION)
    gone = {entry["file"], entry["file"] + REJECTED} if group == "models" else {entry["file"]}
    for name in ("models", "rejected"):
        table[name] = [other for other in table.get(name, []) if other["file"] not in gone]
    table[group].append(entry)
    table = {**table, "run": subject.name, "task": subject.task, "versions": versions()}
    write_text(folder / CONVERSION, json.dumps(table, indent=2) + "\n")


def _read(file: Path) -> dict[str, Any]:
    """What an earlier conversion wrote; nothing where it cannot be read or is another's."""
    try:
        table = json.loads(file.read_text(encoding="utf-8"))
        for name in ("models", "rejected"):
            assert all(isinstance(entry["file"], str) for entry in table.get(name, []))
    except (OSError, ValueError, AssertionError, AttributeError, KeyError, TypeError):
        return {"run": "", "task": "", "versions": {}, "models": [], "rejected": []}
    return table
