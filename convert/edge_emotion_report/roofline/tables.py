"""The tables of layers: a line for each network, and for each layer of one."""

from collections.abc import Iterator

from edge_emotion_report import wording
from edge_emotion_report.gathered import Gathered, Measured
from edge_emotion_report.records import Roofline, TimedLayer
from edge_emotion_report.roofline.gains import (
    NOISY,
    gain,
    intensity,
    is_noisy,
    left_us,
    named,
    share_of_peak,
    told_in_full,
    whole_us,
)
from edge_emotion_report.tables import Grid
from edge_emotion_report.wording import MISSING


def rooflines(gathered: Gathered) -> Iterator[Grid]:
    """For each device a line for each network, then the layers of those that are told in full."""
    for device in gathered.devices:
        if device.rooflines:
            yield networks(gathered, device)
            for one in told_in_full(gathered, device):
                yield layers(gathered, device, one)


def networks(gathered: Gathered, device: Measured) -> Grid:
    """What the layers of every network of a device take together, and where most is left."""
    header = (
        "layers on one thread", "M MAC", "together, µs", "uncut, µs", "at int8’s peak, µs",
        "of the peak", "most is left in",
    )  # fmt: skip
    order = {model.key: place for place, model in enumerate(gathered.models)}
    found = sorted(device.rooflines, key=lambda one: order[one.model])
    rows = tuple(_network(gathered, device, one) for one in found)
    sources = tuple(dict.fromkeys(one.source for one in found))
    return Grid(device.label, header, rows, (6,), sources)


def _network(gathered: Gathered, device: Measured, roofline: Roofline) -> tuple[str, ...]:
    model = gathered.model(roofline.model)
    name, whole = f"{model.task} {gathered.short(model)}", whole_us(device, model)
    macs = MISSING if model.macs is None else f"{model.macs / 1e6:.1f}"
    if roofline.error:
        return (name, macs, "failed", wording.figure(whole), "", "", roofline.error)
    found = gain(roofline)
    if is_noisy(roofline):
        return (name, macs, wording.figure(found.taken_us), wording.figure(whole), "", "", NOISY)
    share = None if found.at_peak_us is None else found.at_peak_us / max(found.taken_us, 1e-9)
    return (
        name, macs, wording.figure(found.taken_us), wording.figure(whole),
        wording.figure(found.at_peak_us), MISSING if share is None else f"{share:.0%}",
        named(found.most) if found.most else MISSING,
    )  # fmt: skip


def layers(gathered: Gathered, device: Measured, roofline: Roofline) -> Grid:
    """Every layer of a network, in the order of its graph."""
    header = (
        "layer", "output", "k MAC", "kB moved", "MAC a byte", "µs (half of the rounds)", "GMAC/s",
        "of the peak", "left, µs",
    )  # fmt: skip
    model = gathered.model(roofline.model)
    rows = tuple(_layer(one, roofline) for one in roofline.layers)
    title = f"{model.label}, by layer, on {device.label}"
    return Grid(title, header, rows, (1,), (roofline.source,))


def _layer(layer: TimedLayer, roofline: Roofline) -> tuple[str, ...]:
    share, dense, left = share_of_peak(layer, roofline), intensity(layer), left_us(layer, roofline)
    ends = layer.us_interval
    spread = "" if ends is None else f" ({ends[0]:.1f} to {ends[1]:.1f})"
    moved = MISSING if layer.moved_bytes is None else f"{layer.moved_bytes / 1000:.1f}"
    return (
        f"{layer.number} {layer.operator}", layer.output,
        MISSING if layer.macs is None else f"{layer.macs / 1000:,.0f}", moved,
        "" if dense is None else wording.figure(dense), f"{layer.us:.1f}{spread}",
        "" if share is None else wording.figure(share * roofline.peak_macs_per_s / 1e9),
        "" if share is None else f"{share:.0%}", "" if left is None else f"{left:.1f}",
    )  # fmt: skip
