"""The charts of a report, from what was gathered: which there are, and what each is about."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from matplotlib.figure import Figure

from edge_emotion_report import charts, speed_charts, tables, wording
from edge_emotion_report.candidates import as_run, fastest
from edge_emotion_report.charts import Point
from edge_emotion_report.gathered import Gathered, Measured, Model
from edge_emotion_report.records import Contest, Interval, Roofline, Source, Timing
from edge_emotion_report.roofline import charts as layer_charts
from edge_emotion_report.speed_charts import Dot, Line
from edge_emotion_report.tasks import FACTS, TASKS
from edge_emotion_report.wording import capital, listed, plain

_MOST_LINES = 12
_MOST_TIMES = 25.0  # as long as the shortest bar: a longer one would hide what that is made of
_ROOM, _ROOM_FOR_MEASURES, _ROOM_FOR_FRAMES = 24, 28, 40  # characters of a name on a chart
_INVISIBLE = 0.03  # of what a chart reaches to
NOT_YET = "Nothing to draw yet: there is one model, and no time of it."
MORE_POINTS = (
    "More points: the other formats (edge-emotion convert RUN --all, then benchmark and evaluate "
    "them) and peers (benchmarks/adapters/)."
)


@dataclass(frozen=True)
class Chart:
    """A chart and what belongs under it.

    Attributes:
        name: unlike any other's.
        title: what it shows, in a sentence, for those who cannot see it.
        figure: the drawing.
        remark: what is not on it, and why; may be empty.
        sources: of what is on it.
    """

    name: str
    title: str
    figure: Figure
    remark: str
    sources: tuple[Source, ...]


def trade_offs(gathered: Gathered, task: str) -> Iterator[Chart]:
    """Accuracy against latency on each device, then against size."""
    found = gathered.of(task)
    what, once = capital(FACTS[task].figure), FACTS[task].once
    for number, device in enumerate(gathered.devices, 1):
        timed = {one.key: timing for one in found if (timing := fastest(device, one))}
        points = [_point(gathered, one, timed[one.key]) for one in found if one.key in timed]
        drawn = [point for point in points if point is not None]
        remark = _not_drawn(gathered, found, "latency", timed)
        if not drawn:
            continue
        if len(drawn) == 1:
            drawn = _settings(gathered, device, task)
            remark = f"Each setting of the one model is a point. {MORE_POINTS} {remark}".strip()
        title = f"{what} against latency on {device.label}, {task}"
        figure = charts.trade_off(
            drawn, task, f"ms {once}, p50", f"{capital(task)}, {plain(device.label, 2 * _ROOM)}"
        )
        yield Chart(
            f"pareto-{task}-latency-{number}", title, figure, remark,
            _of(gathered, found, device.sources),
        )  # fmt: skip
    sized = [point for one in found if (point := _point(gathered, one, None)) is not None]
    if len(sized) > 1:
        figure = charts.trade_off(sized, task, "kB, the model's file", f"{capital(task)}, size")
        known = {one.key for one in found if one.size_bytes is not None}
        yield Chart(
            f"pareto-{task}-size", f"{what} against size, {task}", figure,
            _not_drawn(gathered, found, "size", known), _of(gathered, found, ()),
        )  # fmt: skip


def contest(number: int, found: Contest) -> Iterator[Chart]:
    """What each detector finds against what its whole call takes."""
    scale = FACTS["detector"].scale
    points = [
        Point(
            label=plain(one.name, _ROOM),
            format="" if one.peer else "int8",
            peer=one.peer,
            cost=one.p50_ms,
            score=scale * one.recall.value,
            cost_interval=one.interval_ms,
            score_interval=_scaled(one.recall.interval, scale),
        )
        for one in found.contenders
        if one.recall is not None and one.p50_ms is not None
    ]
    missing = [one.name for one in found.contenders if one.recall is None or one.p50_ms is None]
    remark = f"Not measured: recall or time of {listed(missing)}." if missing else ""
    if points:
        cost = "ms a photograph, p50 of the whole call"
        name = plain(f"Detectors, {found.machine}", 2 * _ROOM)
        figure = charts.trade_off(points, "detector", cost, name, "recall, %")
        title = f"Recall against the time of a call. {tables.contest_title(found)}"
        yield Chart(f"contest-{number}", title, figure, remark, (found.source,))


def _scaled(interval: Interval, scale: float) -> Interval:
    return None if interval is None else (scale * interval[0], scale * interval[1])


def _settings(gathered: Gathered, device: Measured, task: str) -> list[Point]:
    """The one model of a task that has both figures, at each of its settings."""
    points = []
    for timing in device.timings:
        model = gathered.model(timing.model)
        point = _point(gathered, model, timing) if model.task == task else None
        if point is not None:
            threads = wording.count(timing.threads, "thread")
            points.append(replace(point, label=f"{plain(timing.delegate, _ROOM)}, {threads}"))
    return points


def _point(gathered: Gathered, model: Model, timing: Timing | None) -> Point | None:
    """A model on a chart of latency, or of size without a timing; None if a figure is missing."""
    score = gathered.score(model)
    cost = model.size_bytes if timing is None else timing.p50_ms
    if score is None or not cost:
        return None
    scale = FACTS[model.task].scale
    return Point(
        label=_called(gathered, model),
        format=model.format,
        peer=model.peer,
        cost=cost / 1000 if timing is None else cost,
        score=scale * score.value,
        cost_interval=None if timing is None else timing.interval_ms,
        score_interval=_scaled(score.interval, scale),
    )


def _called(gathered: Gathered, model: Model) -> str:
    return plain(gathered.short(model), _ROOM)


def _not_drawn(gathered: Gathered, found: Sequence[Model], what: str, known: object) -> str:
    """Which models are missing on a chart, and what of them was not measured."""
    assert isinstance(known, dict | set)
    reasons: dict[str, list[str]] = defaultdict(list)
    for model in found:
        missing = [] if model.key in known else [what]
        missing += [] if gathered.score(model) else [f"{FACTS[model.task].figure} on these rows"]
        if missing:
            reasons[listed(missing)].append(gathered.short(model))
    return " ".join(f"Not measured: {why} of {listed(names)}." for why, names in reasons.items())


def _of(gathered: Gathered, found: Sequence[Model], first: Sequence[Source]) -> tuple[Source, ...]:
    scores = [score.source for model in found if (score := gathered.score(model))]
    return tuple(dict.fromkeys([*first, *scores]))


def losses(gathered: Gathered) -> Iterator[Chart]:
    """What the formats of every converted network lost, by class or by point."""
    for number, run in enumerate(tables.runs(gathered), 1):
        unit, by = FACTS[run.task].lost_unit, FACTS[run.task].by
        found = [change for model in run.models for change in model.changes if change.unit == unit]
        measures = dict.fromkeys(change.measure for change in found if change.drop is not None)
        remark, shown = _apart(run.models, unit)
        if shown and measures:
            names = [
                (name, plain(tables.measure_name(name), _ROOM_FOR_MEASURES)) for name in measures
            ]
            formats = [(plain(one.format, _ROOM), one.changes) for one in shown]
            figure = charts.changes(formats, names, plain(run.name, 2 * _ROOM))
            title = f"What each format of {run.name} loses, by {by}"
            yield Chart(f"losses-{number}", title, figure, remark, (run.source,))


def _apart(found: Sequence[Model], unit: str) -> tuple[str, list[Model]]:
    """A sentence about the formats whose changes would not show on a chart, and the others."""
    reach = {one.key: _reach(one, unit) for one in found}
    limit = _INVISIBLE * max(reach.values())
    unseen = [one for one in found if reach[one.key] <= limit]
    if not unseen:
        return "", list(found)
    most = max(reach[one.key] for one in unseen)
    by = f"by at most {wording.figure(most, 1)} {unit}" if most else "nothing"
    names = listed([one.format for one in unseen])
    return f"Not drawn, for it changes {by}: {names}.", [one for one in found if one not in unseen]


def _reach(model: Model, unit: str) -> float:
    """The farthest from 0 that any change or interval of a model lies."""
    found = [change for change in model.changes if change.unit == unit]
    ends = [abs(end) for change in found for end in (change.drop or 0.0, *(change.interval or ()))]
    return max(ends, default=0.0)


def layers(gathered: Gathered) -> Iterator[Chart]:
    """The dearest layers of every network that was looked into."""
    for number, one in enumerate(gathered.explanations, 1):
        if any(layer.share == layer.share for layer in one.layers):
            title = f"Share of int8's noise by layer of {one.name}"
            yield Chart(f"layers-{number}", title, charts.layers(one), "", (one.source,))


def threads(gathered: Gathered) -> Iterator[Chart]:
    """Latency by threads and delegate, where more than one setting was measured."""
    for number, device in enumerate(gathered.devices, 1):
        for task in TASKS:
            lines = _lines(gathered, device, task)
            settings = {(line.delegate, count) for line in lines for count in line.dots}
            if len(settings) < 2:
                continue
            name = f"{capital(task)}, {plain(device.label, 2 * _ROOM)}"
            figure = speed_charts.threads(lines[:_MOST_LINES], FACTS[task].once, name)
            title = f"Latency by threads and delegate, {task} on {device.label}"
            more = [line.label for line in lines[_MOST_LINES:]]
            remark = f"In the table only: {listed(more)}." if more else ""
            yield Chart(f"threads-{task}-{number}", title, figure, remark, device.sources)


def _lines(gathered: Gathered, device: Measured, task: str) -> list[Line]:
    dots: dict[tuple[str, str], dict[int, Dot]] = defaultdict(dict)
    for one in device.timings:
        if one.p50_ms is not None:
            dots[one.model, one.delegate][one.threads] = Dot(one.p50_ms, one.interval_ms)
    return [
        Line(_called(gathered, model), model.format, model.peer, delegate, found)
        for model in gathered.of(task)
        for (key, delegate), found in dots.items()
        if key == model.key
    ]


def stages(gathered: Gathered) -> Iterator[Chart]:
    """Where a frame's time goes, on each device, with as many detections as `run` makes."""
    for number, device in enumerate(gathered.devices, 1):
        totals = {one: sum(one.stages_ms.values()) for one in as_run(device)}
        reach = _MOST_TIMES * min(filter(None, totals.values()), default=0.0)
        drawn = [one for one, total in totals.items() if 0 < total <= reach][:_MOST_LINES]
        kinds = {one.what for one in drawn}
        rows = []
        for one in drawn:
            name = plain(tables.team(gathered, one), _ROOM)
            words = [name, f"{plain(one.delegate, _ROOM)}, {one.threads} thr."]
            words += [] if len(kinds) == 1 else [plain(one.what, _ROOM_FOR_FRAMES)]
            rows.append(("\n".join(words), one.stages_ms))
        if rows:
            figure = speed_charts.stages(rows, plain(device.label, 2 * _ROOM))
            title = f"Where a frame's time goes on {device.label}"
            told = [f"Frames: {next(iter(kinds))}."] if len(kinds) == 1 else []
            slow = [tables.team(gathered, one) for one, total in totals.items() if total > reach]
            names = listed(list(dict.fromkeys(slow)))
            told += [f"Not drawn, for it takes far longer: {names}."] if slow else []
            more = sum(bool(one.stages_ms) for one in device.frames) - len(rows)
            told += [f"In the table only: {wording.count(more, 'further row')}."] if more else []
            yield Chart(f"stages-{number}", title, figure, " ".join(told), device.sources)


def side_by_side(gathered: Gathered) -> Iterator[Chart]:
    """The same models on all devices, where there are several."""
    if len(gathered.devices) < 2:
        return
    names = [device.label for device in gathered.devices]
    for task in TASKS:
        rows = []
        for model in gathered.of(task):
            found = {device.label: fastest(device, model) for device in gathered.devices}
            dots = {
                name: Dot(one.p50_ms, one.interval_ms)
                for name, one in found.items()
                if one is not None and one.p50_ms is not None
            }
            if dots:
                rows.append((_called(gathered, model), dots))
        if rows:
            figure = speed_charts.devices(rows, names, FACTS[task].once, capital(task))
            sources = tuple(source for device in gathered.devices for source in device.sources)
            title = f"Latency on {listed(names)}, {task}"
            yield Chart(f"devices-{task}", title, figure, "", sources)


def rooflines(gathered: Gathered, device: Measured, roofline: Roofline) -> Iterator[Chart]:
    """Where the time of a network's layers goes, and how near each is to the device's roof."""
    model = gathered.model(roofline.model)
    numbers = gathered.devices.index(device) + 1, gathered.models.index(model) + 1
    place = f"{model.task}-{numbers[0]}-{numbers[1]}"
    name = plain(f"{model.label}, {device.label}", 2 * _ROOM)
    if any(layer.us > 0 for layer in roofline.layers):
        title = f"Time of each layer of {model.label} on {device.label}, and what the peak allows"
        figure = layer_charts.times(roofline, name)
        yield Chart(f"layer-times-{place}", title, figure, "", (roofline.source,))
    if layer_charts.has_dots(roofline):
        title = f"Roofline of {model.label} on {device.label}"
        figure = layer_charts.roof(roofline, name)
        remark = "Dots are layers by their numbers, as large as their time."
        yield Chart(f"roofline-{place}", title, figure, remark, (roofline.source,))
