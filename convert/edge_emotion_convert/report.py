"""What `convert` prints: each file and its verdict, and what each format costs by every measure."""

from collections.abc import Iterator, Sequence

from rich.table import Table

from edge_emotion.terminal import make_table
from edge_emotion_convert.exports import Kept
from edge_emotion_convert.sweep import Step
from edge_emotion_convert.tasks.table import KINDS, measure_called

_ROOM_FOR_INTERVALS = 2


def tables(models: Sequence[Kept]) -> Iterator[Table]:
    """Tables of converted models: one of the files, then one of the measures for each network."""
    if models:
        yield _files(models)
    folders = dict.fromkeys(kept.file.parent for kept in models)
    for folder in folders:
        yield _measures([kept for kept in models if kept.file.parent == folder])
    for kept in models:
        if "remedies" in kept.candidate.metadata.accuracy:
            yield _remedies(kept)


def sweep_table(name: str, steps: Sequence[Step]) -> Table:
    """The headline measure of int8 by the number of faces that calibrated it."""
    headline = measure_called(steps[0].verdict.headline.measure)
    title = f"{headline.title} change, {headline.unit} (95 %)"
    noun = next(kind.noun for kind in KINDS.values() if kind.measures[0] is headline)
    table = make_table([f"{name}: {noun}", "float", "int8", title])
    for step in steps:
        found = step.verdict.headline
        table.add_row(
            str(step.representative),
            f"{found.before:.4f}",
            f"{found.after:.4f}",
            headline.change(found.drop, found.interval),
        )
    return table


def _files(models: Sequence[Kept]) -> Table:
    faces = all(KINDS[kept.candidate.metadata.task].noun == "faces" for kept in models)
    timed = "ms a face" if faces else "ms each"
    table = make_table(["model", "kB", timed, "measure", "float", "converted", "change", "gate"])
    for kept in models:
        found = kept.candidate.verdict.headline
        table.add_row(
            str(kept.file),
            f"{kept.bytes / 1000:.0f}",
            f"{kept.candidate.ms_per_face:.2f}",
            measure_called(found.measure).title,
            f"{found.before:.4f}",
            f"{found.after:.4f}",
            measure_called(found.measure).words(found.drop),
            "passed" if kept.candidate.verdict.passed else "not met",
        )
    return table


def _remedies(kept: Kept) -> Table:
    """The trail on the rows that chose, then both ends of it on those that did not."""
    headline = measure_called(kept.candidate.verdict.headline.measure)
    told = kept.candidate.metadata.accuracy["remedies"]
    task = kept.candidate.metadata.task
    title = f"{headline.title} change, {headline.unit} (95 %)"
    table = make_table([f"{task} remedy", title, "", "s"], left=[""])
    for step in told["trail"]:
        change = "" if step["drop"] is None else headline.change(step["drop"], step["interval"])
        name = f"{step['remedy']} {step['variant']}".rstrip()
        table.add_row(name, change, step["outcome"], f"{step['seconds']:.0f}")
    table.add_section()
    for name in ("plain", "treated"):
        change = headline.change(told[name]["drop"], told[name]["interval"])
        table.add_row(f"{name}, on the other half", change, "judged", "")
    return table


def _measures(models: Sequence[Kept]) -> Table:
    """One network: float by every measure, and how each format changes it.

    Few formats have room for their 95 % intervals.
    """
    task = models[0].candidate.metadata.task
    roomy = len(models) <= _ROOM_FOR_INTERVALS
    names = [kept.candidate.format.name + " (95 %)" * roomy for kept in models]
    table = make_table([f"{task} measure", "float", *names])
    for place, measure in enumerate(KINDS[task].measures):
        found = [kept.candidate.verdict.comparisons[place] for kept in models]
        cells = [measure.change(one.drop, one.interval) for one in found]
        cells = cells if roomy else [cell.partition(" ")[0] for cell in cells]
        table.add_row(f"{measure.title}, {measure.unit}", f"{found[0].before:.4f}", *cells)
    tests = [kept.candidate.verdict.mcnemar for kept in models]
    if any(tests):
        cells = [f"p {test.p:.2g} (-{test.lost} +{test.gained} faces)" for test in tests if test]
        table.add_row("McNemar's test", "", *cells)
    return table
