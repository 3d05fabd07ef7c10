"""What a run was asked for."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunOptions:
    """The options of `edge-emotion run`; see its help."""

    camera: str = "auto"
    sequence: bool = False
    emotion: Path | None = None
    keypoints: Path | None = None
    delegate: str = "cpu"
    threads: int = 1
    max_faces: int = 4
    detect_every: int = 10
    frames: int | None = None
    seconds: float | None = None
    save: Path | None = None
    output: Path | None = None
    all_frames: bool = False
    headless: bool = False
