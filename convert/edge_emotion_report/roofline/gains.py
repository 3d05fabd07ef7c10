"""What the layers of a network leave to gain, in figures and in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge_emotion_report import wording
from edge_emotion_report.gathered import Gathered, Measured, Model
from edge_emotion_report.records import Roofline, TimedLayer

NOISE_US = 1.0  # below, a difference of two graphs' times tells nothing of a layer
_TOO_NOISY = 0.05  # of the whole network's time that layers seem to take less than nothing
NOISY = "the rounds were too far apart to tell layers from one another"


@dataclass(frozen=True)
class Gain:
    """A network's layers against its device's peak.

    Attributes:
        layers: of a microsecond and more, in the order of the graph.
        rest: the others.
        taken_us: by all.
        at_peak_us: what all their multiply-accumulates take at the peak; None if not told.
        most: the layer that is farthest above its time at the peak; None if not told.
    """

    layers: tuple[TimedLayer, ...]
    rest: tuple[TimedLayer, ...]
    taken_us: float
    at_peak_us: float | None
    most: TimedLayer | None


def gain(roofline: Roofline) -> Gain:
    """Of a network whose layers were timed."""
    layers = tuple(one for one in roofline.layers if one.us >= NOISE_US)
    times = [at_peak_us(one, roofline) for one in roofline.layers]
    known = [time for time in times if time is not None]
    left = [(found, one) for one in layers if (found := left_us(one, roofline)) is not None]
    return Gain(
        layers=layers,
        rest=tuple(one for one in roofline.layers if one.us < NOISE_US),
        taken_us=sum(one.us for one in roofline.layers),
        at_peak_us=sum(known) if len(known) == len(times) else None,
        most=max(left, key=lambda pair: pair[0])[1] if left else None,
    )


def is_noisy(roofline: Roofline) -> bool:
    """Whether its layers' times tell nothing: too much of them is below 0."""
    below_us = -sum(one.us for one in roofline.layers if one.us < 0)
    return below_us > max(_TOO_NOISY * sum(one.us for one in roofline.layers), NOISE_US)


def at_peak_us(layer: TimedLayer, roofline: Roofline) -> float | None:
    """What a layer's multiply-accumulates take at the peak; 0 if it has none."""
    return None if layer.macs is None else 1e6 * layer.macs / roofline.peak_macs_per_s


def left_us(layer: TimedLayer, roofline: Roofline) -> float | None:
    """What a layer takes beyond its time at the peak; below 0 if it beats the peak."""
    fastest_us = at_peak_us(layer, roofline)
    return None if fastest_us is None else layer.us - fastest_us


def share_of_peak(layer: TimedLayer, roofline: Roofline) -> float | None:
    """Attained multiply-accumulates a second by the peak; None without any, or in the noise."""
    fastest_us = at_peak_us(layer, roofline)
    return fastest_us / layer.us if fastest_us and layer.us >= NOISE_US else None


def intensity(layer: TimedLayer) -> float | None:
    """Multiply-accumulates a byte that is read or written; None without any."""
    return layer.macs / layer.moved_bytes if layer.macs and layer.moved_bytes else None


def whole_us(device: Measured, model: Model) -> float | None:
    """The whole network on one thread of the CPU, timed by itself; None if it was not."""
    for one in device.timings:
        if (one.model, one.delegate, one.threads) == (model.key, "cpu", 1):
            return None if one.p50_ms is None else 1000 * one.p50_ms
    return None


def told_in_full(gathered: Gathered, device: Measured) -> list[Roofline]:
    """Those that the peak suits: our own in int8, or all that were timed where there are none."""
    timed = [one for one in device.rooflines if one.layers and not is_noisy(one)]
    models = {one.model: gathered.model(one.model) for one in timed}
    own = [
        one for one in timed if models[one.model].format == "int8" and not models[one.model].peer
    ]
    return own or timed


def told_behind(gathered: Gathered, device: Measured) -> list[Roofline]:
    """The others whose layers could be told from one another."""
    full = told_in_full(gathered, device)
    return [one for one in device.rooflines if one.layers and not is_noisy(one) and one not in full]


def in_words(roofline: Roofline, whole: float | None) -> str:
    """What is left to gain.

    Args:
        roofline: of a network whose layers were timed.
        whole: from `whole_us`.
    """
    found = gain(roofline)
    uncut = "" if whole is None else f" Uncut, it takes {microseconds(whole)}."
    if found.at_peak_us is None or found.taken_us <= 0:
        return f"Its layers take {microseconds(found.taken_us)} together.{uncut}"
    peak = f"{wording.figure(roofline.peak_macs_per_s / 1e9)} GMAC/s"
    share = found.at_peak_us / found.taken_us
    said = (
        f"At the peak of {peak} the network would take {microseconds(found.at_peak_us)} of the "
        f"{microseconds(found.taken_us)} that its layers take together ({share:.0%})."
    )
    return f"{said}{_most(found, roofline)}{uncut}"


def _most(found: Gain, roofline: Roofline) -> str:
    """The layer with most to gain."""
    left = None if found.most is None else left_us(found.most, roofline)
    if found.most is None or left is None or left < NOISE_US:
        return ""
    share = share_of_peak(found.most, roofline)
    rate = "it multiplies nothing" if share is None else f"it is at {share:.0%} of the peak"
    return (
        f" Most is left in layer {named(found.most)}: {microseconds(left)} of its "
        f"{microseconds(found.most.us)}, for {rate}."
    )


def named(layer: TimedLayer) -> str:
    """`2 CONV_2D, 24×24×32`."""
    return f"{layer.number} {layer.operator}" + (f", {layer.output}" if layer.output else "")


def together_us(layers: Sequence[TimedLayer]) -> float:
    """What layers in the noise take together; never below 0."""
    return max(0.0, sum(one.us for one in layers))


def microseconds(us: float | None) -> str:
    """A duration with its unit."""
    return wording.MISSING if us is None else f"{wording.figure(us)} µs"
