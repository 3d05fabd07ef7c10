"""What a run was asked for."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunOptions:
    """The options of `edge-emotion run`, by their names; see its help."""

    camera: str = "auto"
    sequence: bool = False
    emotion: Path | None = None
    keypoints: Path | None = None
    delegate: str = "cpu"
    emotion_delegate: str | None = None
    threads: int = 1
    detector: str = "auto"
    max_faces: int = 4
    every: int = 10
    smoothing: bool = True
    max_fps: float | None = None
    give_up: float = 60.0
    frames: int | None = None
    seconds: float | None = None
    save: Path | None = None
    output: Path | None = None
    all_frames: bool = False
    headless: bool = False
    anonymize: bool = False
    web: str | None = None
    web_token_file: Path | None = None
    pictures: bool = True
    mqtt: str | None = None
    mqtt_login_file: Path | None = None
    mqtt_ca_file: Path | None = None
    mqtt_rate: float = 2.0
    mqtt_discovery: bool = True
    rotate_mb: float = 100.0
    keep: int = 4
