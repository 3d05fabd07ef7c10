"""The report as one HTML page."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from edge_emotion import pages
from edge_emotion_report import drawing, tables, wording
from edge_emotion_report.drawing import Chart
from edge_emotion_report.gathered import Gathered, Measured
from edge_emotion_report.goals import Goal
from edge_emotion_report.recommend import Advice, Recommendation
from edge_emotion_report.records import Roofline, Source
from edge_emotion_report.roofline import gains
from edge_emotion_report.roofline import tables as layer_tables
from edge_emotion_report.style import svg
from edge_emotion_report.tables import Grid
from edge_emotion_report.tasks import FACTS, TASKS
from edge_emotion_report.wording import MISSING

TITLE = "What to run on which device"
_FEW = 2  # files that a line names; of more it gives the numbers
STYLE = """
  :root { --blue: #0072b2; --tint: #f4f6f8; }
  @media (prefers-color-scheme: dark) { :root { --blue: #4fa3dd; --tint: #1f2226; } }
  body { max-width: 66rem; }
  .charts svg { max-width: 31rem; }
  nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin: 1.75rem 0 0; font-size: .875rem; }
  a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: .2em; }
  code { font: .875em ui-monospace, monospace; overflow-wrap: anywhere; }
  pre { background: var(--tint); padding: .6rem .8rem; border-radius: 4px; white-space: pre-wrap;
        margin: .5rem 0; }
  .advice { border-left: 3px solid var(--blue); padding: .1rem 0 .1rem 1rem;
            margin: 1rem 0 1.75rem; }
  .advice h3 { font-size: 1.1rem; margin: 0 0 .5rem; }
  .advice h4 { margin: .9rem 0 .2rem; font-size: 1rem; }
  .source { color: var(--soft); font-size: .75rem; line-height: 1.4; margin: .3rem 0 0;
            overflow-wrap: anywhere; }
  .scroll + .source { margin: -1.2rem 0 1.5rem; }
  .charts { grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
  table { font-size: .8125rem; }
  th { font-size: .8125rem; vertical-align: bottom; }
  td, th { padding-right: .8rem; }
  td:first-child { min-width: 10rem; }
  td.none { color: var(--soft); }
  ul { margin: .25rem 0 .75rem; padding-left: 1.1rem; max-width: 46rem; }
  summary { cursor: pointer; }
  :target { outline: 2px solid var(--blue); outline-offset: 4px; }
  @media print {
    :root { --blue: #0072b2; --tint: #f2f2f2; }
    @page { size: A4; margin: 14mm 13mm; }
    @page table { size: A4 landscape; }
    nav { display: none; }
    body { max-width: none; }
    .charts { grid-template-columns: 1fr 1fr; gap: .6rem 1rem; }
    .wide { page: table; }
    .wide table { font-size: 7.5pt; }
    .advice, h2 + p, h3 + p { break-inside: avoid; }
    h2 + p.soft, h3 + p { break-after: avoid; }
    :target { outline: none; }
  }
"""


def report_page(gathered: Gathered, goal: Goal, recommended: Sequence[Recommendation]) -> str:
    """The HTML of a report."""
    page = _Page(gathered)
    sections = dict(page.sections(goal, recommended))
    links = "".join(f'<a href="#{anchor}">{title}</a>' for anchor, (title, _) in sections.items())
    shown = [
        f'<div id="{anchor}"{_wide(anchor)}>{section}</div>'
        for anchor, (_, section) in sections.items()
    ]
    return pages.render(
        TITLE,
        subtitle(gathered, goal),
        dict(_facts(recommended)),
        [f"<nav>{links}</nav>", *shown],
        "10rem",
        STYLE,
    )


def _wide(anchor: str) -> str:
    return ' class="wide"' if anchor in ("everything", "files") else ""


def subtitle(gathered: Gathered, goal: Goal) -> str:
    """What the report is of, and what it aims at."""
    own = [model for model in gathered.models if not model.peer]
    numbers = {
        "model": len(own),
        "peer": len(gathered.models) - len(own),
        "device": len(gathered.devices),
    }
    counted = [wording.count(number, what) for what, number in numbers.items() if number]
    contenders = sum(len(one.contenders) for one in gathered.contests)
    counted += [f"{wording.count(contenders, 'detector')} side by side"] if contenders else []
    counted = counted or [wording.count(len(gathered.explanations), "explained network")]
    files = wording.count(len(gathered.sources), "file")
    aim = goal.words or "near the most accurate (within noise, or a small loss), then the fastest"
    return f"{wording.listed(counted)}, from {files}. Goal: {aim}. Intervals are 95 %."


def _facts(recommended: Sequence[Recommendation]) -> Iterator[tuple[str, str]]:
    """The recommended models' figures, of the first device; then what they take on each."""
    for advice in recommended[0].advice if recommended else ():
        chosen = advice.choice.chosen
        score = None if chosen is None else chosen.score
        if score is not None:
            low, high = score.interval or (None, None)
            figure, _, ends = wording.score(advice.task, score.value, low, high).partition(" (")
            small = f" <small>95 %: {ends.rstrip(')')}</small>" if ends else ""
            yield f"{FACTS[advice.task].figure}, {advice.task}", figure + small
    for one in recommended[:3]:
        by_unit: dict[str, list[Advice]] = defaultdict(list)
        for advice in one.advice:
            by_unit[FACTS[advice.task].once].append(advice)
        for once, found in by_unit.items():
            times = [one.choice.chosen.p50_ms for one in found if one.choice.chosen is not None]
            known = [time for time in times if time is not None]
            if len(known) == len(found):
                names = " and ".join(advice.task for advice in found)
                yield f"{names} on {escape(one.device)}, {once}", f"{wording.figure(sum(known))} ms"


class _Page:
    """Sections with anchors; charts and tables with a line that says where they are from."""

    def __init__(self, gathered: Gathered) -> None:
        self._gathered = gathered
        self._numbers = {source: n for n, source in enumerate(gathered.sources, 1)}

    def sections(
        self, goal: Goal, recommended: Sequence[Recommendation]
    ) -> Iterator[tuple[str, tuple[str, str]]]:
        """Anchor, title and HTML of each section that there is anything for."""
        for anchor, title, text, parts in self._parts(goal, recommended):
            content = "".join(parts)
            if content:
                yield anchor, (title, pages.section(title, text, content))

    def _parts(
        self, goal: Goal, recommended: Sequence[Recommendation]
    ) -> Iterator[tuple[str, str, str, Iterable[str]]]:
        found = self._gathered
        yield "run", "What to run", "", map(self._advice, recommended)
        yield "tradeoff", "Accuracy against speed and size", _TRADE_OFF, self._trade_offs()
        yield "losses", "What each format loses", _LOSSES, self._losses()
        yield "layers", "The dearest layers", _LAYERS, self._layers()
        yield "threads", "Threads and delegates", _THREADS, [self._charts(drawing.threads(found))]
        yield "frame", "Where a frame’s time goes", _FRAME, [self._charts(drawing.stages(found))]
        yield "roofline", "What is left to gain", _ROOFLINE, self._rooflines()
        yield "devices", "Devices side by side", _DEVICES, self._devices()
        yield "everything", "Everything", _EVERYTHING, self._everything()
        yield "files", "Where the figures come from", _FILES, [self._files()]
        yield "notes", "Notes", "", [_notes(found)]

    def _advice(self, one: Recommendation) -> str:
        parts = [f"<h3>On {escape(one.device)}</h3>"]
        for advice in one.advice:
            parts.append(f"<h4>{advice.task.capitalize()}: {escape(advice.headline)}</h4>")
            first, *others = advice.reasons
            parts.append(f"<p>{escape(first)}</p>")
            parts.append(f"<ul>{''.join(f'<li>{escape(one)}</li>' for one in others)}</ul>")
        if one.decided:
            parts.append(f"<p>{escape(one.decided)}</p>")
        if one.command:
            parts.append(f"<pre><code>{escape(one.command)}</code></pre>")
        if one.cautions:
            parts.append(f'<p class="soft">Mind: {escape("; ".join(one.cautions))}</p>')
        return f'<div class="advice">{"".join(parts)}{self._origin(one.sources)}</div>'

    def _trade_offs(self) -> Iterator[str]:
        for task in TASKS:
            charts = self._charts(drawing.trade_offs(self._gathered, task))
            known = any(self._gathered.score(model) for model in self._gathered.of(task))
            if charts or known:
                rows = escape(self._gathered.rows_of.get(task, ""))
                more = f"<p>{escape(drawing.NOT_YET)} {escape(drawing.MORE_POINTS)}</p>"
                yield f"<h3>{task.capitalize()}, on {rows}</h3>{charts or more}"
        for number, one in enumerate(self._gathered.contests, 1):
            warned = f"<p>Mind: {escape('; '.join(one.warnings))}.</p>" if one.warnings else ""
            yield f"<h3>{escape(tables.contest_title(one))}</h3><p>{escape(tables.CONTEST)}</p>"
            yield warned + self._charts(drawing.contest(number, one))
            yield self._table(tables.contest(one), titled=False)

    def _losses(self) -> Iterator[str]:
        yield self._charts(drawing.losses(self._gathered))
        for grid in tables.losses(self._gathered):
            yield self._table(grid)

    def _layers(self) -> Iterator[str]:
        yield self._charts(drawing.layers(self._gathered))
        for one in self._gathered.explanations:
            said = f"{one.cause[:1].upper()}{one.cause[1:]} What may help: {one.remedy}."
            yield f"<h3>{escape(one.name)}, on {escape(one.measured_on)}</h3>"
            yield f"<p>{escape(said)}</p>" if one.cause else ""
            yield f"<details><summary>{wording.count(len(one.layers), 'layer')}</summary>"
            yield f"{self._table(tables.layers(one), titled=False)}</details>"

    def _rooflines(self) -> Iterator[str]:
        if any(device.rooflines for device in self._gathered.devices):
            yield f'<p class="soft">{_HOW_LAYERS}</p>'
        for device in self._gathered.devices:
            if not device.rooflines:
                continue
            yield self._table(layer_tables.networks(self._gathered, device))
            for one in gains.told_in_full(self._gathered, device):
                yield from self._roofline(device, one)
            others = gains.told_behind(self._gathered, device)
            if others:
                named = wording.count(len(others), "further network")
                yield f"<details><summary>{named}: other formats and peers</summary>"
                for one in others:
                    yield from self._roofline(device, one)
                yield "</details>"

    def _roofline(self, device: Measured, roofline: Roofline) -> Iterator[str]:
        model = self._gathered.model(roofline.model)
        said = gains.in_words(roofline, gains.whole_us(device, model))
        yield f"<h3>{escape(model.label)} on {escape(device.label)}</h3><p>{escape(said)}</p>"
        yield self._charts(drawing.rooflines(self._gathered, device, roofline))
        yield f"<details><summary>{wording.count(len(roofline.layers), 'layer')}</summary>"
        table = layer_tables.layers(self._gathered, device, roofline)
        yield f"{self._table(table, titled=False)}</details>"

    def _devices(self) -> Iterator[str]:
        yield self._charts(drawing.side_by_side(self._gathered))
        if self._gathered.devices:
            yield self._table(tables.devices(self._gathered))

    def _everything(self) -> Iterator[str]:
        for kind in (tables.models, tables.accuracies, tables.timings, tables.frames):
            if kind is tables.accuracies and tables.sets_differ(self._gathered):
                yield f"<h3>Accuracy on every set</h3><p>{escape(tables.WHY_SETS_DIFFER)}</p>"
            for grid in kind(self._gathered):
                yield self._table(grid)

    def _charts(self, charts: Iterable[Chart]) -> str:
        drawn = "".join(
            f'<figure id="{chart.name}">{svg(chart.figure, chart.name, chart.title)}'
            f"{self._origin(chart.sources, chart.remark)}</figure>"
            for chart in charts
        )
        return f'<div class="charts">{drawn}</div>' if drawn else ""

    def _table(self, grid: Grid, titled: bool = True) -> str:
        heading = f"<h3>{escape(grid.title)}</h3>" if grid.title and titled else ""
        rows = [[escape(cell) for cell in row] for row in grid.rows]
        html = pages.table([escape(cell) for cell in grid.header], rows, grid.words)
        for kind, told in (("count", "count none"), ("", "none")):
            html = html.replace(f'<td class="{kind}">{MISSING}', f'<td class="{told}">{MISSING}')
        return heading + html + (self._origin(grid.sources) if grid.sources else "")

    def _origin(self, sources: Sequence[Source], remark: str = "") -> str:
        """The line under a figure: the files that made it, and their commands."""
        by_kind: dict[str, list[Source]] = defaultdict(list)
        for source in sources:
            by_kind[source.kind].append(source)
        for found in by_kind.values():
            found.sort(key=self._numbers.__getitem__)
        told = [f"{kind}: {self._named(found)}" for kind, found in by_kind.items()]
        said = f"{escape(remark)} " if remark else ""
        return f'<p class="source">{said}From {"; ".join(told)}.</p>' if told else ""

    def _named(self, found: Sequence[Source]) -> str:
        if len(found) <= _FEW:
            return ", ".join(
                f'<a href="#file-{self._numbers[one]}">{escape(str(one.file))}</a> '
                f"(<code>{escape(one.command)}</code>)"
                for one in found
            )
        return "files " + ", ".join(
            f'<a href="#file-{self._numbers[one]}">{self._numbers[one]}</a>' for one in found
        )

    def _files(self) -> str:
        html = self._table(tables.sources(self._gathered))
        for number in self._numbers.values():
            html = html.replace(
                f'<tr><td class="">{number}</td>',
                f'<tr id="file-{number}"><td class="">{number}</td>',
                1,
            )
        return html


def _notes(gathered: Gathered) -> str:
    lines = "".join(f"<li>{escape(note)}</li>" for note in gathered.notes)
    return f"<ul>{lines}</ul>" if lines else ""


_TRADE_OFF = (
    "Up is better, left is cheaper. A dot is a model at its fastest setting on the device; the "
    "arms are 95 % intervals, of the figure over the faces or photographs and of the median over "
    "the rounds. The dashed front joins the models that no other beats in both respects: below and "
    "right of it another one is better. Peers are crosses. Where arms overlap, the order may be "
    "chance."
)
_LOSSES = (
    "Against the same network in float, on the same faces or photographs: such paired differences "
    "are surer than the figures’ own intervals. An interval that holds 0 may be chance."
)
_LAYERS = (
    "How the noise that int8 adds comes together, layer by layer (<code>convert --why</code>)."
)
_THREADS = "Median time of a face or a picture, networks alone, with its 95 % interval."
_FRAME = (
    "Mean time of a frame by stage, the detector’s spread over the frames between two runs of it. "
    "The median frame needs no detector and is faster: see the table below."
)
_ROOFLINE = (
    "Where each layer’s time goes on one thread of the CPU, beside the peak: the "
    "multiply-accumulates a second of an int8 convolution that suits the machine. In the second "
    "chart the roof is that peak, and the slope is what copying memory allows; caches are faster, "
    "so layers whose data stay in them may lie above it."
)
_HOW_LAYERS = (
    "The Python runtime tells no times of single operators. So graphs that are cut off after each "
    "operator take turns, and a layer is what its graph takes longer than the one before. A cut "
    "parts neighbours that XNNPACK would join, so layers may take more together than the network "
    "uncut. Lines on the bars hold half of the rounds. Layers below a microsecond are noise, and "
    "stand together as the rest. Formats other than int8 have a peak of their own, which is not "
    "measured."
)
_DEVICES = "Each model at its fastest setting, and what tells the machines apart."
_EVERYTHING = (
    "All that was measured. What a file does not tell is not measured; nothing here is 0 for "
    "want of a figure."
)
_FILES = "Run a command again to make its file again; <code>edge-emotion report</code> reads them."
