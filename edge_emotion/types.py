"""What travels between the parts: a frame on its way in, a reading on its way out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_emotion.labels import EMOTIONS, KEYPOINTS

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a camera.

    Attributes:
        image: `(H, W, 3)` BGR or `(H, W)` gray, uint8.
        index: number of the frame in its source, from 0; dropped frames are counted.
        time_s: when it was captured, in seconds from the start of the source.
        source: name of the picture when the input is a folder of separate pictures.
        candidates: boxes, xyxy in pixels, where a detector suspects a face in it, read or not;
            None where none has looked.
    """

    image: Image
    index: int
    time_s: float
    source: str | None = None
    candidates: tuple[tuple[float, float, float, float], ...] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.image, np.ndarray):
            raise ValueError(
                f"a frame that is {self.image!r}; expected an array "
                "(cv2.imread gives None for a file that it cannot read)"
            )
        shape = self.image.shape
        gray_or_bgr = len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)
        if self.image.dtype != np.uint8 or not gray_or_bgr or not self.image.size:
            raise ValueError(
                f"a frame of {self.image.dtype} {shape}; "
                "expected uint8, (H, W) gray or (H, W, 3) BGR"
            )


@dataclass(frozen=True, slots=True)
class Reading:
    """What one face in one frame says.

    Attributes:
        frame, time_s, source: of the frame it was read from.
        track_id: the same number for the same face in the frames of one source.
        box: the face from forehead to chin, xyxy in frame pixels (not the networks' crop).
        keypoints: `(15, 2)` float32 in frame pixels, in the order of `labels.KEYPOINTS`, smoothed
            over the face's track unless smoothing is off.
        raw_keypoints: likewise, of this frame alone.
        probabilities: `(5,)` float32 of this frame alone, in the order of `labels.EMOTIONS`.
        smoothed: `(5,)` float32, the probabilities smoothed over the face's track.
        label: the emotion decided for the track, or None while undecided.
        ms: duration in milliseconds of each stage: detect, keypoints, emotion.
    """

    frame: int
    time_s: float
    track_id: int
    box: tuple[float, float, float, float]
    keypoints: Floats
    raw_keypoints: Floats
    probabilities: Floats
    smoothed: Floats
    label: str | None
    ms: dict[str, float]
    source: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The reading as its JSON object (contract: docs/contracts.md, "One reading")."""
        fields: dict[str, Any] = {
            "frame": self.frame,
            "time_s": round(self.time_s, 4),
            "track_id": self.track_id,
            "box": [round(float(edge), 2) for edge in self.box],
            "keypoints": _by_name(self.keypoints),
            "probabilities": _by_emotion(self.probabilities),
            "smoothed": _by_emotion(self.smoothed),
            "label": self.label,
            "ms": {stage: round(duration, 3) for stage, duration in self.ms.items()},
        }
        if not np.array_equal(self.raw_keypoints, self.keypoints):
            fields["raw_keypoints"] = _by_name(self.raw_keypoints)
        if self.source is not None:
            fields["source"] = self.source
        return fields


def _by_name(points: Floats) -> dict[str, list[float]]:
    return {
        name: [round(float(x), 2), round(float(y), 2)]
        for name, (x, y) in zip(KEYPOINTS, points, strict=True)
    }


def _by_emotion(probabilities: Floats) -> dict[str, float]:
    return {
        name: round(float(value), 4) for name, value in zip(EMOTIONS, probabilities, strict=True)
    }
