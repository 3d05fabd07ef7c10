"""A model card in Markdown, from what the model file says and what was measured."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

from edge_emotion.errors import WrongUse
from edge_emotion.files import write_text
from edge_emotion.modelfile import ModelMetadata, Task, read_model
from edge_emotion.types import Floats
from edge_emotion_convert.card_tables import measured
from edge_emotion_convert.confidence import Confidence
from edge_emotion_convert.evaluate import evaluate_command
from edge_emotion_convert.evaluated import Evaluation, Part
from edge_emotion_convert.measure import figures
from edge_emotion_convert.rows import Rows
from edge_emotion_convert.tasks.table import KINDS, measure_called
from edge_emotion_train.recipe import DataSet

Answers = Mapping[str, Floats]
Signatures = Mapping[str, Any]

_PURPOSE = {
    "emotion": "tells which of five emotions a face shows ({labels}), as probabilities, from a "
    "48×48 gray picture of it",
    "keypoints": "places 15 points on a face ({labels}), in pixels, from a 96×96 gray picture of "
    "it",
    "detector": "finds the faces of a picture, as boxes from forehead to chin with a score each, "
    "from the whole of it in gray at 192×192",
}
_LIMITS_OF_FACES = """\
It reads what a face shows, not what a person feels: the labels are other people's impressions of
photographs, and they follow the habits of those who labelled them and of the people in the sets.
Faces that the sets have few of (dark light, profile, children, old people, darker skin, masks) are
read worse, and no figure here says how much. It is no measure of mood, attention, health, honesty
or intent, and a single reading of a single face means little.

It must not be used to judge, sort, score or watch people: not in hiring, schooling, policing,
border control, insurance, medicine or any decision about a person, and not without the knowledge
and consent of those before the camera. The European Union's AI Act (article 5) forbids emotion
recognition at work and in education."""
_LIMITS: dict[Task, str] = {
    "emotion": _LIMITS_OF_FACES,
    "keypoints": _LIMITS_OF_FACES,
    "detector": """\
It finds faces and knows nobody: it does not tell people apart, nor whether a face is alive or a
picture. It misses faces, more of them where they are small, blurred, covered, turned away or dark,
and takes other things for faces; the tables say how often on photographs like those it learned
from. How it fares with people whom these seldom show (of other skin, age, dress) nobody measured.

It must not be used to watch, count or follow people without their knowledge and consent, nor where
a face that is missed or made up does harm: not to open doors, not to keep a machine from hurting
anybody, not in policing, border control or any decision about a person.""",
}
_LICENCE: dict[Task, str] = {
    "detector": """\
WIDER FACE's photographs, where it learned from them as the shipped detector did, are given for
non-commercial research (CC BY-NC-ND). They are no part of this file, but its weights were learned
from them, so they too are for research and private use: for a product train on photographs that
you have the rights to (`edge-emotion train detector`, docs/data.md), or run with
`--detector haar`, which OpenCV's licence allows anybody.""",
}


def card_command(card: Path, model: Path, *, split: str, **options: Any) -> None:
    """`evaluate` a .tflite on rows that did not train it, and write its card to `card`.

    Args:
        card: the Markdown file.
        model, split, options: as for `evaluate_command`.

    Raises:
        WrongUse: a model that is no .tflite, or training rows, besides what `evaluate` raises.
    """
    if model.suffix != ".tflite":
        raise WrongUse(f"--card for {model}", expected="a .tflite", remedy="convert it first")
    if split not in ("test", "validation"):
        raise WrongUse(f"--card on {split} rows", expected="test or validation")
    evaluation = evaluate_command(model, split=split, **options)
    text = model_card(read_model(model).metadata, evaluation, model.stat().st_size)
    write_text(card, text)


def conversion_card(
    metadata: ModelMetadata,
    size_bytes: int,
    answers: Answers,
    rows: Rows,
    signatures: Signatures | None = None,
) -> str:
    """The card of an export, from what its conversion measured.

    Args:
        metadata: of the export.
        size_bytes: of the file, or of all files of a folder.
        answers: to `rows`, for each of the models that are compared: float and the export's format.
        rows: which neither trained nor calibrated it.
        signatures: of a SavedModel, in place of the metadata's tensors.
    """
    kind = KINDS[metadata.task]
    parts = (
        Part(
            f"{metadata.accuracy['measured_on']}, {name}",
            figures(rows, given),
            kind.intervals(rows.truth, given),
        )
        for name, given in answers.items()
        if len(rows)
    )
    evaluation = Evaluation(Path(), metadata.task, tuple(parts))
    return model_card(metadata, evaluation, size_bytes, signatures)


def model_card(
    metadata: ModelMetadata,
    evaluation: Evaluation,
    size_bytes: int,
    signatures: Signatures | None = None,
) -> str:
    """The card of one model file.

    Args:
        metadata: from the file.
        evaluation: of that file, on data it was not trained on.
        size_bytes: of the file.
        signatures: of a SavedModel, in place of the metadata's tensors.
    """
    sections = [
        f"# {metadata.architecture.get('name', 'network')}, {metadata.task}, {metadata.format}",
        f"This network {_PURPOSE[metadata.task].format(labels=', '.join(metadata.labels))}.",
        "\n".join(_facts(metadata, size_bytes, signatures)),
        "## Training data",
        "\n".join(_data(metadata)),
        "## Measured",
        "\n".join(measured(evaluation)),
        "\n".join(_confidence(metadata)),
        "\n".join(_gate(metadata)),
        "\n".join(_held_out(metadata)),
        "\n".join(_remedies(metadata)),
        "## What it is not for",
        _LIMITS[metadata.task],
        "## Licence",
        metadata.license,
        _LICENCE.get(metadata.task, ""),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _facts(
    metadata: ModelMetadata, size_bytes: int, signatures: Signatures | None
) -> Iterator[str]:
    network = metadata.architecture
    size = (
        f"- Size: {size_bytes / 1000:.0f} kB, {network.get('parameters', 0) / 1e6:.2f} M parameters"
    )
    macs = network.get("macs")
    once = "a picture" if metadata.task == "detector" else "a face"
    yield f"{size}, {macs / 1e6:.0f} M multiply-accumulates {once}" if macs else size
    yield from _tensors(metadata) if signatures is None else _told(signatures)
    versions = ", ".join(f"{name} {version}" for name, version in metadata.versions.items())
    yield f"- Made with: {versions}; recipe {metadata.recipe.get('name', 'unknown')}"


def _tensors(metadata: ModelMetadata) -> Iterator[str]:
    for name, spec in (("Input", metadata.input), ("Output", metadata.output)):
        shape = "×".join(map(str, spec.shape))
        step = f", scale {spec.scale:.7f}, zero point {spec.zero_point}" if spec.quantized else ""
        yield f"- {name}: {shape} {spec.dtype}{step}"


def _told(signatures: Signatures) -> Iterator[str]:
    """Each signature with its inputs and outputs; N is any number of faces."""
    for name, sides in signatures.items():
        given, answered = (
            ", ".join(
                f"`{key}` {'×'.join('N' if size is None else str(size) for size in spec['shape'])} "
                f"{spec['dtype']}"
                for key, spec in sides[side].items()
            )
            for side in ("inputs", "outputs")
        )
        unit = ", pixels of the 96 px face" if "keypoints" in sides["outputs"] else ""
        yield f"- Signature `{name}`: {given} to {answered}{unit}"


def _data(metadata: ModelMetadata) -> Iterator[str]:
    if not metadata.training_data:
        where = "elsewhere"
        if metadata.recipe:
            where = f"on {', '.join(metadata.recipe['sets'])}, which were not there to fingerprint"
        yield f"Not known: the network was trained {where}."
        return
    yield "| set | faces trained on | SHA-256 of pixels and labels |"
    yield "|---|---|---|"
    for name, facts in metadata.training_data.items():
        photos = f" in {facts['photographs']:,} photographs" if "photographs" in facts else ""
        yield f"| {name} | {facts['faces']:,}{photos} | `{facts['sha256'][:16]}` |"


def _confidence(metadata: ModelMetadata) -> Iterator[str]:
    """What was done to its probabilities, and when it gives no answer."""
    told = metadata.accuracy.get("confidence")
    if told:
        confidence = Confidence(**{**told, "biases": tuple(told["biases"])})
        yield fill(confidence.sentence(), width=100)
    if metadata.undecided_below is not None:
        yield fill(
            f"It gives no answer (undecided) where its largest probability is below "
            f"{metadata.undecided_below:.3f}, chosen so that at most a tenth of the validation "
            "faces of each set are refused.",
            width=100,
        )


def _gate(metadata: ModelMetadata) -> Iterator[str]:
    """What the conversion cost, by every measure."""
    gate = metadata.accuracy.get("gate")
    if not gate:
        return
    yield f"Cost of {metadata.format}: on {metadata.accuracy['measured_on']} {gate['reason']}."
    if "measures" not in gate:  # a file of version 0.1
        return
    yield ""
    yield f"| measure | float | {metadata.format} | change (95 %) | may get worse by |"
    yield "|---|---|---|---|---|"
    for row in gate["measures"]:
        if row["before"] is None or row["after"] is None:
            continue
        measure, limit = measure_called(row["measure"]), row["max_drop"]
        change = measure.change(row["drop"], row["interval"])
        yield (
            f"| {measure.title}, {measure.unit} | {row['before']:.4f} | {row['after']:.4f} "
            f"| {change} | {'' if limit is None else f'{limit:g}'} |"
        )
    test = gate["mcnemar"]
    if test:
        yield ""
        yield f"{test['lost']} faces only float reads rightly, {test['gained']} only " + (
            f"{metadata.format}: by McNemar's exact test, p = {test['p']:.2g}."
        )


def _held_out(metadata: ModelMetadata) -> Iterator[str]:
    """That a detector's test photographs measured its conversion too, where it was so."""
    if metadata.task != "detector" or not metadata.accuracy.get("gate"):
        return
    chose = metadata.recipe.get("fit", {}).get("patience", 0) > 0
    told = (
        "They also chose the epoch that training ended with, so that all figures here flatter."
        if chose
        else "No weight was fitted to them, and no epoch chosen by them."
    )
    for name, source in metadata.recipe.get("sets", {}).items():
        _, validation, test = source.get("shares", DataSet.shares)
        if f"photographs of {name}" in metadata.accuracy["measured_on"] and test > 0 == validation:
            yield fill(
                "These photographs are those of the test, as training kept no others of "
                f"{name} for validation. {told}",
                width=100,
            )


def _remedies(metadata: ModelMetadata) -> Iterator[str]:
    """The remedies that the file was made with, and what they were worth."""
    told = metadata.accuracy.get("remedies")
    if not told or not told["kept"]:
        return
    headline = measure_called(metadata.accuracy["gate"]["measures"][0]["measure"])
    plain, treated = (
        headline.change(told[name]["drop"], told[name]["interval"]) for name in ("plain", "treated")
    )
    yield fill(
        f"Made with: {', '.join(told['kept'])}. Chosen on {told['chosen_on']}. On the rows above, "
        f"that had no part in choosing, {headline.title} in {headline.unit} changed by {plain} "
        f"without remedies, and by {treated} with them.",
        width=100,
    )
