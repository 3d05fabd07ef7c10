"""What tests of several rooms are given."""

import signal
import threading
from collections.abc import Iterator

import pytest

if threading.current_thread() is threading.main_thread():
    # Programs that tests start hear Ctrl-C also where a shell started pytest in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def eagerly() -> Iterator[None]:
    """Let TensorFlow run a training's few steps one by one: drawing up their graph takes longer."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
