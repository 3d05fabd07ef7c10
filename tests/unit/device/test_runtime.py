"""Finding the TFLite runtime."""

import importlib

import pytest

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_device import runtime


def test_ctrl_c_while_the_runtime_is_loaded_is_no_missing_runtime(monkeypatch):
    """A native module in which Ctrl-C arrives fails with an ImportError whose cause it is."""

    def interrupted(name):
        raise ImportError("initialization failed") from KeyboardInterrupt()

    monkeypatch.setattr(importlib, "import_module", interrupted)
    with pytest.raises(KeyboardInterrupt):
        runtime._import_runtime()


def test_without_a_runtime_both_packages_reasons_are_told(monkeypatch):
    def missing(name):
        raise ImportError(f"no {name} here")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(EdgeEmotionError, match=r"no ai_edge_litert.*no tflite_runtime"):
        runtime._import_runtime()
