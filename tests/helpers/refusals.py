"""What a reader says of data that it refuses."""

from collections.abc import Callable

import pytest

from edge_emotion.errors import EdgeEmotionError


def refusal(read: Callable[[], object]) -> str:
    """The message; it must be one line, and end with an expectation or a remedy."""
    with pytest.raises(EdgeEmotionError) as caught:
        read()
    message = str(caught.value)
    assert "\n" not in message
    assert "; " in message
    return message
