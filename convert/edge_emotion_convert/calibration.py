"""Representative data: which faces show the converter the range of every tensor.

The same rows, count and seed give the same samples in the same order.
"""

import numpy as np

from edge_emotion.data.faces import Indices, Strings
from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.types import Floats, Image
from edge_emotion_convert.rows import Rows
from edge_emotion_train.batches import as_input

DEFAULT_COUNT = 500


def balanced(strata: Strings, count: int, seed: int) -> Indices:
    """Choose rows so that every stratum gives as many as every other, while it has any.

    Strata take turns, and each gives its rows in an order drawn from the seed.

    Args:
        strata: `(N,)` names: the class, the person.
        count: how many rows; with fewer, all of them are taken.
        seed: of the order.

    Returns:
        `(min(count, N),)` row indices, in the order of the turns.
    """
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(strata))
    _, members = np.unique(strata[shuffled], return_inverse=True)
    by_stratum = np.argsort(members, kind="stable")
    starts = np.searchsorted(members[by_stratum], members)
    turn = np.empty(len(strata), np.intp)
    turn[by_stratum] = np.arange(len(strata))
    turn -= starts
    return shuffled[np.argsort(turn, kind="stable")][:count]


def samples(rows: Rows, count: int, seed: int) -> Floats:
    """`(count, S, S, 1) float32` faces in [0, 1] to calibrate with.

    Between them they touch 0 and 1, so that the input's scale comes out as 1/255 exactly and a
    camera's bytes are the quantized input (without it 0.00368 was measured).

    Raises:
        WrongUse: fewer than one sample asked for.
        EdgeEmotionError: no rows, only one stratum, or only blank pictures.
    """
    if count < 1:
        raise WrongUse(f"{count} representative samples", expected="at least 1")
    present = np.unique(rows.strata)
    if len(present) < 2:
        raise EdgeEmotionError(
            f"the training rows are {'all ' + present[0] if len(present) else 'empty'}",
            expected="faces of several classes, people or sizes to calibrate with",
            remedy="check the recipe's sets and --data",
        )
    return as_input(_touching_both_ends(rows.images[balanced(rows.strata, count, seed)]))


def _touching_both_ends(images: Image) -> Image:
    """Stretch the face of the widest range to 0..255, unless both ends occur anyway."""
    if images.min() == 0 and images.max() == 255:
        return images
    lowest, highest = images.min(axis=(1, 2)), images.max(axis=(1, 2))
    widest = int(np.argmax(highest - lowest))
    if lowest[widest] == highest[widest]:
        raise EdgeEmotionError(
            "every representative face is blank", remedy="check the data's pictures"
        )
    low, high = float(lowest[widest]), float(highest[widest])
    stretched: Image = images.copy()
    stretched[widest] = np.rint((images[widest] - low) * (255 / (high - low)))
    return stretched
