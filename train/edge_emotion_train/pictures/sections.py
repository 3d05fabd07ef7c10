"""What a page shows, section by section, as pictures and tables of answered faces."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

import keras
import numpy as np

from edge_emotion import metrics
from edge_emotion.data.faces import Indices
from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.pages import MARK, bar, mean_picture, swatch, table
from edge_emotion.palette import COLORS
from edge_emotion.preprocess import EMOTION_SIDE_PX, KEYPOINT_SIDE_PX, resize_square
from edge_emotion.types import Floats, Image
from edge_emotion_train.pictures import charts
from edge_emotion_train.pictures.answered import Answered, together
from edge_emotion_train.pictures.curves import Course, curve
from edge_emotion_train.pictures.faces import Grid, face, map_cell, point_errors
from edge_emotion_train.pictures.feature_maps import feature_maps
from edge_emotion_train.pictures.style import as_svg

Predict = Callable[[Image], Floats]
Table = tuple[Sequence[str], Sequence[Sequence[str]]]

_SAMPLES = 25
_EMOTION_KEY = " ".join(f'<span class="key">{swatch(name)}</span>' for name in EMOTIONS)
_DOTS = f'<span class="key"><i class="dot" style="background:{MARK}"></i>answered</span>'
_RINGS = '<span class="key"><i class="dot ring"></i>true</span>'


@dataclass(frozen=True)
class Section:
    """One heading of a page and what is below it.

    Attributes:
        name: a word for file names.
        title: the heading.
        text: a sentence or two, as HTML.
        charts: name: SVG, side by side.
        grids: of faces or maps.
        tables: as HTML.
    """

    name: str
    title: str
    text: str = ""
    charts: Mapping[str, str] = field(default_factory=dict)
    grids: Sequence[Grid] = ()
    tables: Sequence[str] = ()


def sections(
    sets: Sequence[Answered],
    *,
    measured: Table | None = None,
    history: Course | None = None,
    network: keras.Model | None = None,
    other: Predict | None = None,
) -> list[Section]:
    """All that can be shown of a network.

    Args:
        sets: what it was measured on, none of them empty; the first stands for the others where
            only one can be shown.
        measured: headings and rows of a table of figures.
        history: of its training.
        network: if it is a Keras model, to look inside.
        other: the network of the other task, for its answers on the samples.
    """
    every = together(sets)
    found = []
    if measured:
        found.append(Section("measured", "Measured", tables=[plain_table(measured)]))
    if history is not None and len(history):
        found.append(training_curves(history))
    found += list(_emotion(sets) if every.emotional else _keypoints(sets))
    chosen = _chosen(every)
    losses = every.losses
    worst = np.argsort(-np.nan_to_num(losses, nan=-1.0), kind="stable")[:_SAMPLES]
    found.append(_samples(every.take(chosen), other))
    found.append(_worst(every.take(worst[~np.isnan(losses[worst])]), other))
    if network is not None:
        found.append(inside(network, every.images[chosen[0]], "face"))
    return found


def training_curves(history: Course, learned_from: str = "faces, with dropout on") -> Section:
    """What was measured after each epoch, while it learned from augmented faces or pictures."""
    titles = {
        "loss": "loss",
        "accuracy": "accuracy",
        "rmse_px": "RMSE, px of the 96 px face",
        "average_precision": "average precision",
        "recall": "found at 0.15 false boxes",
    }
    shown = {
        f"training_{name}": as_svg(curve(history, name, title), name)
        for name, title in titles.items()
        if name in history.columns or f"val_{name}" in history.columns
    }
    text = f"After each epoch; training figures are of augmented {learned_from}."
    return Section("training", "Training", text, shown)


def _emotion(sets: Sequence[Answered]) -> Iterator[Section]:
    tables, confusions, diagrams = [], {}, {}
    for number, part in enumerate(sets, 1):
        counts = metrics.confusion_matrix(part.truth, part.answers.argmax(axis=1), len(EMOTIONS))
        found = charts.confusion(counts, EMOTIONS, part.name)
        confusions[f"confusion_{number}"] = as_svg(found, f"confusion{number}")
        found = charts.reliability(metrics.calibration(part.truth, part.answers), part.name)
        diagrams[f"reliability_{number}"] = as_svg(found, f"reliability{number}")
        tables.append(_classes(part, counts))
    yield Section("confusion", "Which emotion is taken for which", "", confusions, tables=tables)
    yield Section(
        "reliability",
        "How far its certainty can be trusted",
        "Bars that end on the dashed line are as often right as the network was sure, shorter ones "
        "less often. The expected calibration error is the mean gap over all faces.",
        diagrams,
    )


def _classes(part: Answered, counts: metrics.Counts) -> str:
    shares = metrics.precision(counts), metrics.recall(counts), metrics.f1(counts)
    rows = [
        (swatch(name), *(_percent(value) for value in values), bar(float(values[-1]), COLORS[name]))
        for name, *values in zip(EMOTIONS, *shares, strict=True)
    ]
    return table((escape(part.name), "precision", "recall", "F1", ""), rows)


def _keypoints(sets: Sequence[Answered]) -> Iterator[Section]:
    errors = {part.name: metrics.nme(part.truth, part.answers) for part in sets}
    means = [_known_mean(np.linalg.norm(part.answers - part.truth, axis=2)) for part in sets]
    first = sets[0]
    rows = [
        (name, *(_pixels(values[point]) for values in means))
        for point, name in enumerate(KEYPOINTS)
    ]
    drawn = point_errors(mean_picture(first.images), _known_mean(first.truth), means[0])
    yield Section(
        "errors",
        "How far off the points are",
        "First, how many faces keep to which error: the mean distance of a face's known points, by "
        "the distance of its eye centres (NME). Then the mean error of each point in pixels of "
        f"the 96 px face, as the radius of its circle on the mean face: {escape(first.name)}.",
        {
            "cumulative_error": as_svg(charts.cumulative_errors(errors), "errors"),
            "point_errors": drawn,
        },
        tables=[table(("mean error, px", *(escape(part.name) for part in sets)), rows)],
    )


def _known_mean(values: Floats) -> Floats:
    """The mean over the rows, without NaN; NaN where there is nothing else."""
    counts = (~np.isnan(values)).sum(axis=0)
    means = np.nansum(values, axis=0) / np.maximum(counts, 1)
    return np.where(counts > 0, means, np.nan).astype(np.float32)


def _samples(chosen: Answered, other: Predict | None) -> Section:
    whom = "Five of each emotion" if chosen.emotional else "Faces with all their points"
    both = "Both networks' answers: the points and, as a bar, the emotions. " if other else ""
    text = f"{whom}, drawn at random. {both}" + _key(chosen, other)
    return Section("samples", "Samples", text, grids=[_faces(chosen, other)])


def _worst(chosen: Answered, other: Predict | None) -> Section:
    loss = "cross-entropy" if chosen.emotional else "RMSE"
    title = "Worst mistakes"
    if chosen.emotional:
        wrong = np.flatnonzero(chosen.answers.argmax(axis=1) != chosen.truth)
        if len(wrong):
            chosen = chosen.take(wrong)
        else:
            title = "Right, but least certain"
    text = f"Highest {loss} first. Look for wrong labels among them, too. " + _key(chosen, other)
    return Section("worst", title, text, grids=[_faces(chosen, other)])


def _key(chosen: Answered, other: Predict | None) -> str:
    keys = _EMOTION_KEY if chosen.emotional or other else ""
    return f"<br>{keys} {'' if chosen.emotional else f'{_DOTS} {_RINGS}'}"


def _faces(chosen: Answered, other: Predict | None) -> Grid:
    """Each face with the answers of one or both networks."""
    side = KEYPOINT_SIDE_PX if chosen.emotional else EMOTION_SIDE_PX
    besides: Floats | list[None] = [None] * len(chosen)
    if other is not None and len(chosen):
        besides = other(np.array([resize_square(image, side) for image in chosen.images]))
    cells = []
    for image, truth, answer, beside, name in zip(
        chosen.images, chosen.truth, chosen.answers, besides, chosen.names, strict=True
    ):
        if chosen.emotional:
            text = _said(answer, truth)
            cell = face(image, text, name, points=beside, probabilities=answer)
        else:
            error = f"{metrics.rmse_px(truth[None], answer[None]):.1f} px"
            text = error if beside is None else f"{error}, {_said(beside)}"
            cell = face(image, text, name, points=answer, truth=truth, probabilities=beside)
        cells.append(cell)
    return Grid(cells)


def _said(probabilities: Floats, truth: int | None = None) -> str:
    answer = int(probabilities.argmax())
    said = f"{EMOTIONS[answer]} {probabilities[answer]:.0%}"
    return said if truth is None or truth == answer else f"{said}, is {EMOTIONS[truth]}"


def _chosen(every: Answered) -> Indices:
    """Rows to show: as many of each emotion, or with all points; the same ones every time."""
    rng = np.random.default_rng(0)
    if not every.emotional:
        complete = np.flatnonzero(~np.isnan(every.truth).any(axis=(1, 2)))
        rows = complete if len(complete) else np.arange(len(every))
        return np.sort(rng.permutation(rows)[:_SAMPLES])
    few = _SAMPLES // len(EMOTIONS)
    labelled = (np.flatnonzero(every.truth == label) for label in range(len(EMOTIONS)))
    return np.concatenate([rng.permutation(rows)[:few] for rows in labelled])


def inside(network: keras.Model, image: Image, what: str) -> Section:
    """What becomes of an `(S, S) uint8` face or picture, as `what` calls it, inside a network."""
    grids = [Grid([map_cell(image)], f"the {what}", "strip", 8)]
    for found in feature_maps(network, image):
        title = f"{found.layer}: {'×'.join(map(str, found.shape))}"
        grids.append(Grid([map_cell(channel) for channel in found.channels], title, "strip", 8))
    text = (
        f"One {what} on its way through the network: of every stage the eight channels that vary "
        "most, each from its lowest value (dark) to its highest (bright)."
    )
    return Section("feature_maps", "Inside the network", text, grids=grids)


def plain_table(found: Table) -> str:
    """A table of headings and rows of words, which are escaped here."""
    headings, rows = found
    return table(
        [escape(name).replace(" %", "&nbsp;%") for name in headings],
        [[escape(cell) for cell in row] for row in rows],
    )


def _percent(share: float) -> str:
    return "" if np.isnan(share) else f"{share:.1%}"


def _pixels(distance: float) -> str:
    return "" if np.isnan(distance) else f"{distance:.2f}"
