"""What a run was asked for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge_emotion.errors import EdgeEmotionError


@dataclass(frozen=True)
class RunOptions:
    """The options of `edge-emotion run`, by their names; see its help.

    Attributes:
        places: of those from a settings file where they stand, as `FILE:LINE`.
    """

    camera: str = "auto"
    sequence: bool = False
    emotion: Path | None = None
    keypoints: Path | None = None
    delegate: str = "cpu"
    emotion_delegate: str | None = None
    threads: int = 1
    detector: str = "auto"
    max_faces: int = 4
    every: int | None = None
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
    places: Mapping[str, str] = field(default_factory=dict, compare=False, hash=False)

    def locate(self, error: EdgeEmotionError) -> None:
        """Let an error that names an option of a settings file, or its value, tell its place."""
        for name, place in self.places.items():
            value = getattr(self, name)
            words = [f"--{name.replace('_', '-')}", *([str(value)] * isinstance(value, str | Path))]
            if any(
                re.search(rf"(?<![\w./-]){re.escape(one)}(?![\w/-])", error.found) for one in words
            ):
                error.put_at(place)
                return
