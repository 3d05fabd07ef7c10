"""A model card in Markdown, from what the model file says and what was measured."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from edge_emotion.errors import WrongUse
from edge_emotion.files import write_text
from edge_emotion.modelfile import ModelMetadata, read_model
from edge_emotion_convert.evaluate import Evaluation, Part, evaluate_command
from edge_emotion_convert.measure import EmotionFigures, KeypointFigures

_PURPOSE = {
    "emotion": "tells which of five emotions a face shows ({labels}), as probabilities, from a "
    "48×48 gray picture of it",
    "keypoints": "places 15 points on a face ({labels}), in pixels, from a 96×96 gray picture of "
    "it",
}
_LIMITS = """\
It reads what a face shows, not what a person feels: the labels are other people's impressions of
photographs, and they follow the habits of those who labelled them and of the people in the sets.
Faces that the sets have few of (dark light, profile, children, old people, darker skin, masks) are
read worse, and no figure here says how much.

It must not be used to judge, sort, score or watch people: not in hiring, schooling, policing,
border control, insurance, medicine or any decision about a person, and not without the knowledge
and consent of those before the camera. The European Union's AI Act (article 5) forbids emotion
recognition at work and in education."""


def card_command(
    card: Path, model: Path, *, data: Path | None, split: str, as_json: bool = False
) -> None:
    """`evaluate` a .tflite on rows that did not train it, and write its card to `card`.

    Raises:
        WrongUse: a model that is no .tflite, or training rows, besides what `evaluate` raises.
    """
    if model.suffix != ".tflite":
        raise WrongUse(f"--card for {model}", expected="a .tflite", remedy="convert it first")
    if split not in ("test", "validation"):
        raise WrongUse(f"--card on {split} rows", expected="test or validation")
    evaluation = evaluate_command(model, data=data, split=split, as_json=as_json)
    text = model_card(read_model(model).metadata, evaluation, model.stat().st_size)
    write_text(card, text)


def model_card(metadata: ModelMetadata, evaluation: Evaluation, size_bytes: int) -> str:
    """The card of one model file.

    Args:
        metadata: from the file.
        evaluation: of that file, on data it was not trained on.
        size_bytes: of the file.
    """
    sections = [
        f"# {metadata.architecture.get('name', 'network')}, {metadata.task}, {metadata.format}",
        f"This network {_PURPOSE[metadata.task].format(labels=', '.join(metadata.labels))}.",
        "\n".join(_facts(metadata, size_bytes)),
        "## Training data",
        "\n".join(_data(metadata)),
        "## Measured",
        "\n".join(_measured(evaluation.parts)),
        "\n".join(_gate(metadata)),
        "## What it is not for",
        _LIMITS,
        "## Licence",
        metadata.license,
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _facts(metadata: ModelMetadata, size_bytes: int) -> Iterator[str]:
    network, given, answered = metadata.architecture, metadata.input, metadata.output
    yield f"- Size: {size_bytes / 1000:.0f} kB, {network.get('parameters', 0) / 1e6:.2f} M " + (
        f"parameters, {network.get('macs', 0) / 1e6:.0f} M multiply-accumulates a face"
    )
    for name, spec in (("Input", given), ("Output", answered)):
        shape = "×".join(map(str, spec.shape))
        step = f"scale {spec.scale:.7f}, zero point {spec.zero_point}"
        yield f"- {name}: {shape} {spec.dtype}, {step}"
    versions = ", ".join(f"{name} {version}" for name, version in metadata.versions.items())
    yield f"- Made with: {versions}; recipe {metadata.recipe.get('name', 'unknown')}"


def _data(metadata: ModelMetadata) -> Iterator[str]:
    yield "| set | faces trained on | SHA-256 of pixels and labels |"
    yield "|---|---|---|"
    for name, facts in metadata.training_data.items():
        yield f"| {name} | {facts['faces']:,} | `{facts['sha256'][:16]}` |"


def _measured(parts: Sequence[Part]) -> Iterator[str]:
    """A table; intervals are 95 %, by a bootstrap over the rows."""
    for number, part in enumerate(parts):
        found, interval = part.figures, part.interval
        if isinstance(found, EmotionFigures):
            if number == 0:
                yield f"| rows of | faces | accuracy | balanced | {' | '.join(found.recall)} |"
                yield "|---" * (4 + len(found.recall)) + "|"
            recalls = " | ".join(f"{value:.1%}" for value in found.recall.values())
            yield (
                f"| {part.name} | {found.rows} | {found.accuracy:.1%} "
                f"({interval.low:.1%} to {interval.high:.1%}) "
                f"| {found.balanced_accuracy:.1%} | {recalls} |"
            )
        else:
            if number == 0:
                yield "| rows of | faces | RMSE, px of 96 | NME | NME above 10 % |"
                yield "|---|---|---|---|---|"
            yield (
                f"| {part.name} | {found.rows} | {found.rmse_px:.2f} "
                f"({interval.low:.2f} to {interval.high:.2f}) "
                f"| {found.nme:.2%} | {found.failure_rate:.1%} |"
            )
    yield ""
    if parts and isinstance(parts[0].figures, KeypointFigures):
        yield "Errors are in pixels of the 96 px face; NME is the mean error of a face's points by "
        yield "the distance of its eye centres. Intervals are 95 %, by a bootstrap over the rows."
    else:
        yield "Accuracy with its 95 % interval (bootstrap over the rows), mean of the classes' "
        yield "recalls, and each class's recall."


def _gate(metadata: ModelMetadata) -> Iterator[str]:
    gate = metadata.accuracy.get("gate")
    if gate:
        yield (
            f"Cost of {metadata.format}: on {metadata.accuracy['measured_on']} {gate['reason']}."
        )
