"""Photographs of faces that ship inside installed packages, found without importing these."""

from importlib.util import find_spec
from pathlib import Path

from edge_emotion.data.images import read_image
from edge_emotion.types import Image


def astronaut() -> Image:
    """Eileen Collins, smiling; `(512, 512, 3) uint8` BGR, the face about 100 px wide."""
    return read_image(_inside("skimage", "data/astronaut.png"))


def hopper() -> Image:
    """Grace Hopper; `(600, 512, 3) uint8` BGR, the face about 170 px wide."""
    return read_image(_inside("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"))


def _inside(package: str, path: str) -> Path:
    spec = find_spec(package)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / path
