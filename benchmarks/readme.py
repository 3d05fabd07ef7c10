"""Put the recorded figures into README.md and pages of docs/, between `<!-- figures: … -->` marks.

    python benchmarks/readme.py

The figures lie in benchmarks/results/ and come from `make bench`, benchmarks/framing.py and
`edge-emotion evaluate --json`, which the Makefile's `figures` target runs, from `make report`, and
from `make soak` and `make fuzz` with RECORD=1.
"""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import indent, wrap
from typing import Any

from edge_emotion.files import write_text
from edge_emotion_report.candidates import fastest
from edge_emotion_report.command import told
from edge_emotion_report.files import read_files
from edge_emotion_report.gathered import Gathered, Model, gather
from edge_emotion_report.goals import Goal
from edge_emotion_report.recommend import recommend
from edge_emotion_report.tables import in_words
from edge_emotion_report.tasks import FACTS
from edge_emotion_report.wording import MISSING, figure, listed
from edge_emotion_report.wording import rows as rows_in_words

ROOT = Path(__file__).parent.parent
WITHOUT_TWINS = ", without near twins of training faces"
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Rewrite the pages that show figures."""
    for page in PAGES:
        write_text(ROOT / page, filled(page))


def filled(page: str) -> str:
    """A page with the recorded figures."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for name, figures in PAGES[page].items():
        shown = figures()
        mark = re.compile(rf"(<!-- figures: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        text, found = mark.subn(lambda match, shown=shown: match[1] + shown + match[2], text)
        assert found == 1, name
    return text


def peers() -> str:
    """The comparison with the peers, as Markdown."""
    result, foot = load("peers"), load("footprint")
    accuracy, networks, clip = result["accuracy"], result["networks"]["1"], result["clip"]["1"]
    rows = [
        f"| | accuracy, {accuracy['faces']} faces | balanced | networks, ms a face "
        "| whole call, frames/s | model |",
        "|---|---|---|---|---|---|",
    ]
    labels = {
        "edge-emotion": "**edge-emotion** (emotion and 15 keypoints)",
        "fer": "fer (emotion)",
        "facex": "facex (emotion)",
    }
    for name, label in labels.items():
        size = result["models_bytes"][name]
        if name == "edge-emotion":
            size += result["models_bytes"]["edge-emotion, keypoints"]
        rows.append(
            f"| {label} | {accuracy[name]['accuracy']:.1%} | "
            f"{accuracy[name]['balanced_accuracy']:.1%} | {networks[name]['p50_ms']:.2f} | "
            f"{clip[name]['fps']:.0f} | {size / 1000:.0f} kB |"
        )
    ours = networks["edge-emotion"], clip["edge-emotion"]
    note = (
        f"\nFive emotions on FER2013's PublicTest; one thread of {result['machine']['cpu']}; the "
        "clip is 640×480 with one face, found by each library's own detector. Both our networks "
        f"take {ours[0]['time_to_fer']:.2f} of the time of fer's one, and the frame path is "
        f"{ours[1]['times_as_fast_as_fer']:.0f} times as fast as fer's whole call in the median "
        "round (`make bench`). "
        f"`run --camera demo --headless` peaks at {foot['peak_memory_mb']:.0f} MB and imports no "
        "TensorFlow.\n"
    )
    return "\n".join(rows) + "\n" + note


def formats() -> str:
    """What each format costs and buys on the first recorded device, as Markdown."""
    gathered = gather(read_files([RESULTS / "report"]))
    device, tasks = gathered.devices[0], list(gathered.rows_of)
    columns = [cell for task in tasks for cell in (_heading(task), f"ms {FACTS[task].once}", "kB")]
    rows = [f"| | {' | '.join(columns)} |", "|---" * (1 + len(columns)) + "|"]
    ours = [model for model in gathered.models if not model.peer]
    for name in dict.fromkeys(map(gathered.short, ours)):
        label = "**int8**, as shipped" if name == "int8" else name
        found = [
            next((one for one in ours if one.task == task and gathered.short(one) == name), None)
            for task in tasks
        ]
        cells = [cell for model in found for cell in _cells(gathered, model)]
        rows.append(f"| {label} | {' | '.join(cells)} |")
    note = (
        "\nThe same networks in every format, on faces without near twins among those that trained "
        f"them; medians of {device.label}, each with the number of threads that suits it best."
        f"{_cautions(device.device.warnings)} [The report](docs/report.md) has the intervals, the "
        "peers, what each format loses and what to run on which device; `make report` makes it, "
        "this machine included.\n"
    )
    return "\n".join(rows) + "\n" + note


def _heading(task: str) -> str:
    """`emotion, accuracy`, `keypoints, RMSE px`."""
    facts = FACTS[task]
    return f"{task}, {facts.figure}{'' if facts.unit == '%' else f' {facts.unit}'}"


def _cautions(warnings: Sequence[str]) -> str:
    """What the benchmark warned of, as a sentence; nothing where it did not."""
    return f" Mind that {listed(list(warnings))}." if warnings else ""


def _cells(gathered: Gathered, model: Model | None) -> list[str]:
    """How right a model is, how fast and how large; nothing for none."""
    if model is None:
        return [""] * 3
    score, timing = gathered.score(model), fastest(gathered.devices[0], model)
    shown = MISSING
    if score is not None:
        shown = _shown(model.task, score.value)
    size = MISSING if model.size_bytes is None else f"{model.size_bytes / 1000:.0f}"
    return [shown, figure(timing.p50_ms if timing else None, 2), size]


def _shown(task: str, value: float) -> str:
    """A main figure, its unit only where that is %."""
    facts = FACTS[task]
    return f"{facts.scale * value:.{facts.digits}f}{'%' if facts.unit == '%' else ''}"


def models() -> str:
    """What the shipped models read rightly, as Markdown."""
    rows = ["| model | measured on | figure | 95 % | alone | 95 % |", "|---" * 6 + "|"]
    for task in FACTS:
        parts = {part["rows_of"]: part for part in load(task)["parts"]}
        for rows_of, part in parts.items():
            if rows_of.endswith(WITHOUT_TWINS):
                continue
            alone = parts[rows_of + WITHOUT_TWINS]
            cells = [cell for one in (part, alone) for cell in _measured(task, one)]
            rows.append(f"| {task} | {rows_of}, {part['rows']} | {' | '.join(cells)} |")
    framing, unseen = load("framing")["framing"], load("framing")["framing_unseen"]
    note = (
        "\nInt8 files, on faces that did not train them; alone: those without near twins among the "
        f"faces that did (`edge-emotion evaluate`). In {framing['frames']} whole frames, where the "
        f"product finds the face itself (it missed {framing['faces_missed']}), keypoints are "
        f"{framing['ratio']:.2f} times as far off as in crops cut by the labels, and "
        f"{unseen['ratio']:.2f} times with people who did not train the network "
        "(`benchmarks/framing.py`).\n"
    )
    return "\n".join(rows) + "\n" + note


def _measured(task: str, part: dict[str, Any]) -> list[str]:
    """The figure on some rows and its interval."""
    facts = FACTS[task]
    value, unit = _shown(task, part[facts.measure]), "" if facts.unit == "%" else " px"
    shown = f"{value}{unit}" + ("" if task == "emotion" else f" {facts.figure}")
    if task == "emotion":
        shown += f", balanced {part['balanced_accuracy']:.1%}"
    if facts.beside:
        group, key, name = facts.beside
        shown += f", {name} {part[group][key]:.1%}"
    low, high = (_shown(task, end) for end in part["interval_95"])
    return [shown, f"{low} to {high}{unit}"]


def soak() -> str:
    """What the recorded soak found, as Markdown."""
    recorded = load("soak")
    kinds: dict[str, list[dict[str, Any]]] = {}
    for fault in recorded["faults"]:
        kinds.setdefault(fault["name"], []).append(fault)
    rows = ["| fault | times | well again within | at most |", "|---|---|---|---|"]
    for name, faults in kinds.items():
        slowest_s = max(fault["recovered_s"] for fault in faults)
        rows.append(f"| {name} | {len(faults)} | {faults[0]['bound_s']} s | {slowest_s:.1f} s |")
    rows += ["", "| asked | found |", "|---|---|"]
    rows += [f"| {one['what']} | {one['found']} |" for one in recorded["asked"]]
    machine = recorded["run"]["machine"]
    note = (
        f"\nRecorded on {machine['cores']} cores of {machine['cpu']}, beside other programs (load "
        f"{machine['load'][0]:.0f}).\n"
    )
    return "\n".join(rows) + "\n" + note


def fuzz() -> str:
    """What the recorded fuzzing found, as Markdown."""
    recorded = load("fuzz")
    rows = ["| target | cases | how they ended |", "|---|---|---|"]
    for one in recorded["targets"]:
        ended = ", ".join(f"{kind} {count:,}" for kind, count in one["ended"].items())
        rows.append(f"| {one['name']} | {one['cases']:,} | {ended} |")
    note = (
        f"\n{recorded['cases']:,} cases in {recorded['seconds'] / 60:.0f} minutes "
        f"(`--seed {recorded['seed']}`), {recorded['findings'] or 'no'} findings.\n"
    )
    return "\n".join(rows) + "\n" + note


def stress() -> str:
    """What soak and fuzzing found, in a sentence each."""
    soaked, fuzzed = load("soak"), load("fuzz")
    slowest_s = max(fault["recovered_s"] for fault in soaked["faults"])
    held = all(one["held"] for one in soaked["asked"])
    return (
        f"The whole system ran for {soaked['seconds'] / 60:.0f} minutes through "
        f"{len(soaked['faults'])} faults, from a full disk to a broker that hangs, and was well "
        f"again after {slowest_s:.0f} s at most; memory, files and frame rate "
        f"{'stayed' if held else 'did not stay'} within their bounds (`make soak`). "
        f"{fuzzed['cases']:,} malformed inputs to every parser: {fuzzed['findings'] or 'no'} "
        "crashes or hangs (`make fuzz`). [Under stress](docs/soak.md).\n"
    )


def recommended() -> str:
    """What `edge-emotion report` prints of the recorded measurements, as Markdown."""
    gathered = gather(read_files([RESULTS / "report"]))
    paragraphs = ["$ edge-emotion report benchmarks/results/report"]
    paragraphs += told(recommend(gathered, Goal()))
    lines = [
        line
        for paragraph in [*paragraphs, "report: report.html"]
        for line in wrap(paragraph, 108, break_long_words=False, break_on_hyphens=False)
    ]
    return "\n" + indent("\n".join(lines), "    ") + "\n\n"


def sets() -> str:
    """How right each shipped network is on every set that it was measured on, as Markdown."""
    gathered = gather(read_files([RESULTS / "report"]))
    rows = ["| network | figure (95 %) | on |", "|---|---|---|"]
    for model in gathered.models:
        for score in model.scores.values() if model.shipped else ():
            faces = rows_in_words(model.task, score.rows, score.rows_of)
            rows.append(f"| {model.task} | {in_words(model.task, score)} | {faces} |")
    return "\n".join(rows) + "\n"


def load(name: str) -> dict[str, Any]:
    """The recorded figures of one measurement."""
    figures: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return figures


PAGES: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {"peers": peers, "formats": formats, "models": models, "stress": stress},
    "docs/report.md": {"recommended": recommended, "sets": sets},
    "docs/soak.md": {"soak": soak, "fuzz": fuzz},
}


if __name__ == "__main__":
    main()
