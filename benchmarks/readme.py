"""Put the recorded figures into the README, between its `<!-- figures: NAME -->` marks.

    python benchmarks/readme.py

The figures lie in benchmarks/results/ and come from `make bench`, benchmarks/framing.py and
`edge-emotion evaluate --json`; the Makefile's `figures` target makes them all.
"""

import json
import re
from pathlib import Path
from typing import Any

from edge_emotion.files import write_text

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Rewrite README.md."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, table in (("peers", peers()), ("models", models())):
        mark = re.compile(rf"(<!-- figures: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        text, found = mark.subn(lambda match, rows=table: match[1] + rows + match[2], text)
        assert found == 1, name
    write_text(ROOT / "README.md", text)


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
        f"{ours[1]['times_as_fast_as_fer']:.0f} times as fast as fer's whole call (`make bench`). "
        f"`run --camera demo --headless` peaks at {foot['peak_memory_mb']:.0f} MB and imports no "
        "TensorFlow.\n"
    )
    return "\n".join(rows) + "\n" + note


def models() -> str:
    """What the shipped models read rightly, as Markdown."""
    rows = ["| model | measured on | figure | 95 % interval |", "|---|---|---|---|"]
    for task in ("emotion", "keypoints"):
        for part in load(task)["parts"]:
            low, high = part["interval_95"]
            if task == "emotion":
                figure = f"{part['accuracy']:.1%}, balanced {part['balanced_accuracy']:.1%}"
                interval = f"{low:.1%} to {high:.1%}"
            else:
                figure, interval = f"{part['rmse_px']:.2f} px RMSE", f"{low:.2f} to {high:.2f} px"
            rows.append(f"| {task} | {part['rows_of']}, {part['rows']} | {figure} | {interval} |")
    framing, unseen = load("framing")["framing"], load("framing")["framing_unseen"]
    note = (
        "\nInt8 files, on faces that did not train them (`edge-emotion evaluate`). With crops "
        f"found by the product in {framing['frames']} whole frames ({framing['faces_missed']} "
        f"missed by the detector), keypoints are {framing['ratio']:.2f} times as far off as with "
        f"crops cut by the labels; {unseen['ratio']:.2f} times in the {unseen['frames']} frames of "
        "people who did not train the network (`benchmarks/framing.py`).\n"
    )
    return "\n".join(rows) + "\n" + note


def load(name: str) -> dict[str, Any]:
    """The recorded figures of one measurement."""
    figures: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return figures


if __name__ == "__main__":
    main()
