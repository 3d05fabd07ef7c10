"""One frame in, what its faces say out: detect now and then, follow in between."""

from dataclasses import dataclass
from pathlib import Path
from time import monotonic, perf_counter

from edge_emotion.preprocess import KEYPOINT_SIDE_PX, crop_for_keypoints, face_inputs
from edge_emotion.types import Floats, Frame, Image, Reading
from edge_emotion_device.detector import HaarDetector
from edge_emotion_device.interpreter import load_emotion, load_keypoints
from edge_emotion_device.tracking import (
    SAME_LOOK,
    STEADY_IOU,
    Track,
    Tracker,
    can_follow,
    face_box,
    look_of,
    overlap,
)


@dataclass(slots=True)
class _LocatedFace:
    """A tracked face in the frame at hand, before its emotion is read."""

    track: Track
    face: Image  # (48, 48), for the emotion network
    points: Floats  # (15, 2) in frame pixels
    keypoints_ms: float


class Analyzer:
    """Reads the faces of frames, tracked across calls.  Close it, or use it in a `with` block.

    The detector is by far the dearest stage, so it runs on the first frame, on every
    `detect_every`-th, and when there is no face or doubt about one; in between the crop comes from
    the last keypoints (as in MediaPipe's face pipeline, Kartynnik et al. 2019).

    Args:
        emotion, keypoints: model files; the shipped int8 models without.
        delegate: as `edge-emotion run --delegate`.
        threads: of each interpreter on the CPU.
        max_faces: at most this many are followed, the largest first.
        detect_every: frames from one detection to the next.

    Attributes:
        detect_ms: what detection took in the last frame; 0 where there was none.

    Raises:
        EdgeEmotionError: a model or the delegate cannot be used.
    """

    def __init__(
        self,
        emotion: str | Path | None = None,
        keypoints: str | Path | None = None,
        delegate: str = "cpu",
        threads: int = 1,
        max_faces: int = 4,
        detect_every: int = 10,
    ) -> None:
        self._emotion = load_emotion(emotion, delegate, threads)
        self._keypoints = load_keypoints(keypoints, delegate, threads)
        self._mean_face = self._keypoints.mean_face
        self._detector = HaarDetector()
        self._tracker = Tracker(max_faces)
        self._detect_every = detect_every
        self._frames = self._since_detection = 0
        self.detect_ms = 0.0
        self._started_s = monotonic()

    def analyze(self, frame: Frame | Image) -> list[Reading]:
        """Read the faces of the next frame.

        Args:
            frame: a `Frame`, or its picture alone: `(H, W, 3)` BGR or `(H, W)` gray, uint8.

        Returns:
            One reading a face, in the order in which the faces were first seen.

        Raises:
            ValueError: the picture has another shape or type.
        """
        if not isinstance(frame, Frame):
            frame = Frame(frame, self._frames, monotonic() - self._started_s)
        self._frames += 1
        self._since_detection += 1
        self.detect_ms = 0.0
        located: dict[int, _LocatedFace] = {}
        self._locate(frame.image, located)
        due = not self._tracker.tracks or self._since_detection >= self._detect_every
        if due or any(track.doubtful for track in self._tracker.tracks):
            self._detect(frame.image)
            self._locate(frame.image, located)
            self._tracker.end_doubtful()
        self._tracker.end_doubles()
        return [self._read(frame, located[track.track_id]) for track in self._tracker.tracks]

    def reset(self) -> None:
        """Forget the faces followed so far: the next frame has nothing to do with the last."""
        self._tracker.reset()

    def close(self) -> None:
        """Free the interpreters."""
        self._emotion.close()
        self._keypoints.close()

    def __enter__(self) -> "Analyzer":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _detect(self, image: Image) -> None:
        """Find faces in the whole picture, and match them with those that are followed."""
        start = perf_counter()
        self._tracker.take_detections(self._detector.detect(image))
        self._since_detection = 0
        self.detect_ms = 1000 * (perf_counter() - start)

    def _locate(self, image: Image, located: dict[int, _LocatedFace]) -> None:
        """Find the points of every track that is not in `located`, by its number, yet."""
        for track in self._tracker.tracks:
            if track.track_id not in located:
                face = self._locate_one(image, track)
                if face is not None:
                    located[track.track_id] = face

    def _locate_one(self, image: Image, track: Track) -> _LocatedFace | None:
        """Find a track's points, and move its crop to them; None if the track turns doubtful."""
        start = perf_counter()
        crop = track.crop
        face, points = self._points(image, track)
        if track.look is None:  # the crop comes from the detector: look again where the points are
            track.crop = crop = crop_for_keypoints(points, self._mean_face)
            if not can_follow(crop, *image.shape[:2]):
                track.doubtful = True
                return None
            face, points = self._points(image, track)
        look = look_of(face)
        track.crop = crop_for_keypoints(points, self._mean_face)
        track.doubtful = (
            not can_follow(track.crop, *image.shape[:2])
            or overlap(crop, track.crop) < STEADY_IOU
            or (track.look is not None and float(look @ track.look) < SAME_LOOK)
        )
        if track.doubtful:
            return None
        track.look = look
        return _LocatedFace(track, face, points, 1000 * (perf_counter() - start))

    def _points(self, image: Image, track: Track) -> tuple[Image, Floats]:
        large, small = face_inputs(image, track.crop)
        return small, track.crop.to_frame(self._keypoints.locate(large), KEYPOINT_SIDE_PX)

    def _read(self, frame: Frame, located: _LocatedFace) -> Reading:
        track = located.track
        start = perf_counter()
        probabilities = self._emotion.run(located.face)
        emotion_ms = 1000 * (perf_counter() - start)
        smoothed, label = track.label(probabilities, frame.time_s)
        return Reading(
            frame=frame.index,
            time_s=frame.time_s,
            track_id=track.track_id,
            box=face_box(track.crop),
            keypoints=track.points(located.points, track.crop.side, frame.time_s),
            probabilities=probabilities,
            smoothed=smoothed,
            label=label,
            ms={
                "detect": self.detect_ms,
                "keypoints": located.keypoints_ms,
                "emotion": emotion_ms,
            },
            source=frame.source,
        )
