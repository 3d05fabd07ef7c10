"""The likely cause of what int8 costs, told from what `layer_errors` measured.

A pure function of the measurements.  The thresholds are this project's own: each is far beyond what
its trained networks show where int8 costs them nothing (figures behind each).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

from edge_emotion_convert.layer_errors import LEVELS, LOWEST, LayerError

# So much of the answer's error is the rounding of the answer itself (0.02 to 0.07; 0.5 in networks
# of a few layers, which have no other noise to speak of).
COARSE_SHARE = 0.8
# One layer adds so much of the noise that the others are not worth looking at (0.23).
ONE_LAYER_SHARE = 1 / 3
# So much of a layer's error is its own, so that those before it are not to blame.
OWN_SHARE = 0.5
# So many of the values lie beyond the grid's ends (0.006) ...
CLIPPED_SHARE = 0.02
# ... and the error is beyond what rounding gives, in steps (0.4): a softmax is clipped by one step.
ROUNDING = 1.0
# One channel is so much wider than the median one that it leaves that one 16 of 256 steps (4.4).
OUTLIER_RATIO = 16.0
# The middle 99.9 % of the values share 32 of 256 steps (2.3).
RARE_RATIO = 8.0
# A sum whose parts come in so much coarser steps than what is left of it has (2.3).
REMAINDER_RATIO = 4.0
# So many of a layer's channels vary by less than one step (0).
LOST_SHARE = 0.25
# Operators with weights.
_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")


@dataclass(frozen=True)
class Cause:
    """Why int8 costs what it costs.

    Attributes:
        kind: coarse output grid, clipped values, outlier channel, rare values, small remainder,
            dead channels, coarse weights, one layer, amplified noise or spread.
        layer: name of the layer that it lies in; empty for spread.
        text: a sentence with the figures.
        remedy: what may help.
    """

    kind: str
    layer: str
    text: str
    remedy: str

    def as_dict(self) -> dict[str, str]:
        """As `--json` prints it."""
        return asdict(self)


def likely_cause(layers: Sequence[LayerError]) -> Cause:
    """What most of the noise comes from.

    The answer's own grid is asked first.  Then the layers that feed the dearest one, that one, and
    all before it are looked at, or all layers where none adds much more than others.

    Args:
        layers: from `layer_errors`: not empty, the dearest first.
    """
    fed = {name for layer in layers for name in layer.inputs}
    for answer in (layer for layer in layers if layer.name not in fed):
        if answer.own_share >= COARSE_SHARE and answer.rescaled_error < ROUNDING:
            return _coarse(answer)
    dearest, named = layers[0], {layer.name: layer for layer in layers}
    spread = dearest.share < ONE_LAYER_SHARE
    for suspect in layers if spread else _on_the_way(dearest, named):
        parts = [named[name] for name in suspect.inputs]
        if [part.scale for part in parts] == [suspect.scale]:  # such as a pool: its input's grid
            continue
        for ask in _CAUSES:
            for cause in ask(suspect, parts):
                return _where(dearest, cause)
    if spread:
        return _spread(dearest, len(layers))
    if _has_coarse_weights(dearest):
        return _where(dearest, _coarse_weights(dearest))
    return _where(dearest, _one_layer(dearest, named))


def _on_the_way(layer: LayerError, named: dict[str, LayerError]) -> list[LayerError]:
    """Those that feed a layer, the layer itself, and those before, ever farther from it."""
    names = [*layer.inputs, layer.name]
    for name in names:  # which grows meanwhile
        names += [before for before in named[name].inputs if before not in names]
    return [named[name] for name in dict.fromkeys(names)]


def _where(dearest: LayerError, cause: Cause) -> Cause:
    """The cause behind the layer where the noise shows."""
    where = f"{dearest.share:.0%} of the noise comes in at {dearest.label}: "
    return Cause(cause.kind, cause.layer, where + cause.text, cause.remedy)


def _coarse(answer: LayerError) -> Cause:
    return Cause(
        "coarse output grid",
        answer.name,
        f"{answer.own_share:.0%} of the error of the answers is the rounding to their own grid: "
        f"{answer.label} has steps of {answer.scale:.2g}, and its values fall to "
        f"{answer.steps_used} of {LEVELS}.",
        "bound the answers to a smaller range, such as offsets from a mean",
    )


def _spread(dearest: LayerError, count: int) -> Cause:
    return Cause(
        "spread",
        "",
        f"the noise is spread over all {count} layers: none adds more than {dearest.share:.0%} "
        f"({dearest.label}).",
        "more representative faces, bias correction, or fine-tuning with quantization",
    )


def _has_coarse_weights(layer: LayerError) -> bool:
    own = layer.own_share >= OWN_SHARE and layer.rescaled_error >= ROUNDING
    return layer.operator in _WEIGHTED and own and layer.clipped < CLIPPED_SHARE


def _coarse_weights(layer: LayerError) -> Cause:
    return Cause(
        "coarse weights",
        layer.name,
        f"its error is {layer.rescaled_error:.1f} steps, more than the rounding of its answer "
        "gives: its weights are coarse.",
        "equalize the channels across layers, or fine-tune with quantization",
    )


def _one_layer(layer: LayerError, named: dict[str, LayerError]) -> Cause:
    if layer.own_share >= OWN_SHARE or not layer.inputs:
        text = f"{layer.own_share:.0%} of the error there is its own rounding, in steps of "
        text += f"{layer.scale:.2g}."
        remedy = f"keep {layer.label} in 16 bits, or fine-tune with quantization"
        return Cause("one layer", layer.name, text, remedy)
    labels = " and ".join(named[name].label for name in layer.inputs)
    text = f"only {layer.own_share:.0%} of the error there is its own; it passes on less of what "
    text += f"{labels} tells than of the noise in it."
    remedy = f"keep {labels} and those before in 16 bits, or fine-tune with quantization"
    return Cause("amplified noise", layer.name, text, remedy)


def _clipped(layer: LayerError, parts: Sequence[LayerError]) -> Iterator[Cause]:
    if layer.clipped >= CLIPPED_SHARE and layer.rescaled_error >= ROUNDING:
        yield Cause(
            "clipped values",
            layer.name,
            f"{layer.clipped:.0%} of the values of {layer.label} lie beyond the range that the "
            "representative faces showed.",
            "more representative faces, more like those that are measured",
        )


def _outlier(layer: LayerError, parts: Sequence[LayerError]) -> Iterator[Cause]:
    if layer.channel_ratio >= OUTLIER_RATIO:
        lost = f"; {layer.lost} channels vary by less than one step" if layer.lost else ""
        yield Cause(
            "outlier channel",
            layer.name,
            f"the widest channel of {layer.label} ranges {layer.channel_ratio:.0f} times as far as "
            f"the median one, and all share one grid{lost}.",
            "equalize the channels across layers, or fine-tune with quantization",
        )


def _rare(layer: LayerError, parts: Sequence[LayerError]) -> Iterator[Cause]:
    if layer.rare_ratio >= RARE_RATIO:
        yield Cause(
            "rare values",
            layer.name,
            f"99.9% of the values of {layer.label} share 1/{layer.rare_ratio:.0f} of its grid; "
            "a few large ones stretch it.",
            "clip the range to a percentile",
        )


def _remainder(layer: LayerError, parts: Sequence[LayerError]) -> Iterator[Cause]:
    coarsest = max((part.scale for part in parts), default=0.0)
    if layer.operator in ("ADD", "SUB") and coarsest >= REMAINDER_RATIO * layer.scale:
        labels = " and ".join(part.label for part in parts)
        left = f"what is left of the sum of {labels}"
        if layer.zero_point == LOWEST:  # a ReLU is fused into it
            left = f"only what is above 0 is left of the sum of {labels}, and that"
        yield Cause(
            "small remainder",
            layer.name,
            f"{left} is far smaller than they are: they come in steps of {coarsest:.2g}, "
            f"{coarsest / layer.scale:.1f} times its own.",
            f"keep {layer.label} and what it sums in 16 bits, or fine-tune with quantization",
        )


def _dead(layer: LayerError, parts: Sequence[LayerError]) -> Iterator[Cause]:
    if layer.lost >= LOST_SHARE * layer.channels:
        yield Cause(
            "dead channels",
            layer.name,
            f"{layer.lost} of {layer.channels} channels of {layer.label} vary by less than one "
            f"step ({layer.scale:.2g}), because the others range so much further.",
            "equalize the channels across layers, or keep the layer in 16 bits",
        )


_CAUSES: tuple[Callable[[LayerError, Sequence[LayerError]], Iterator[Cause]], ...] = (
    _clipped,
    _outlier,
    _rare,
    _remainder,
    _dead,
)
