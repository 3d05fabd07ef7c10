"""One frame in, what its faces say out: detect now and then, follow in between."""

from pathlib import Path
from time import monotonic, perf_counter

from edge_emotion.errors import WrongUse
from edge_emotion.preprocess import KEYPOINT_SIDE_PX, SquareCrop, face_inputs
from edge_emotion.types import Floats, Frame, Image, Reading
from edge_emotion_device.detectors import (
    Detector,
    NetDetector,
    crop_for_box,
    network_of,
    open_detector,
)
from edge_emotion_device.interpreter import Model, load_networks
from edge_emotion_device.sighting import (
    Sighting,
    can_follow,
    face_box,
    hold,
    look_of,
    looks_same,
    next_crop,
    nudged,
)
from edge_emotion_device.smoothing import label_of, threshold_of
from edge_emotion_device.tracking import Track, Tracker

# A followed face is asked on every tenth frame whether it still is one.
_CHECK_EVERY = 10
# Of a crowd so many faces are tried in one frame: each takes up to four looks of the network.
_MOST_TRIED = 16

_Seen = tuple[Track, Sighting, float]  # a face in the frame at hand, and what it took in ms


class Analyzer:
    """Reads the faces of frames, tracked across calls.  Close it, or use it in a `with` block.

    The detector looks at the whole frame, so it runs only where it can find something: while no
    face is followed, for 1.2 s after one was lost, and on every `detect_every`-th frame while
    more faces may be followed.  In between the crop comes from the last keypoints (as in
    MediaPipe's face pipeline, Kartynnik et al. 2019).

    A face is read while its points look like a face's.  They are asked when the detector offers
    it, on every tenth frame, and in doubt, which is when they would move their crop by much or the
    crop suddenly looks different: found again from crops a tenth wider that are moved by 8 % of
    the side this way and that, they must lie within 3.5 % of the side of where they were (5 % for a
    face that is followed).  A face whose points do not twice, a profile for one, is dropped.

    Args:
        emotion, keypoints: model files; the shipped int8 models without.
        delegate: as `edge-emotion run --delegate`.
        threads: of each interpreter on the CPU.
        max_faces: at most this many are followed, the detector's best first.
        detect_every: frames from one detection to the next; as many as suit the detector without.
        emotion_delegate: of the emotion network, where it is not the keypoint network's.
        detector: one of `detectors`, or its name: auto, net, net:FILE, haar, yunet:FILE or whole.
        smoothing: whether keypoints, probabilities and label are steadied over a face's track;
            without it they are those of the frame alone.

    Attributes:
        detect_ms: what detection took in the last frame; 0 where there was none.
        candidates: the faces that detection suspected in it, xyxy in pixels, read or not; None
            where there was none.

    Raises:
        EdgeEmotionError: a model, the delegate or the detector cannot be used.
    """

    def __init__(
        self,
        emotion: str | Path | None = None,
        keypoints: str | Path | None = None,
        delegate: str = "cpu",
        threads: int = 1,
        max_faces: int = 4,
        detect_every: int | None = None,
        *,
        emotion_delegate: str | None = None,
        detector: str | Detector = "auto",
        smoothing: bool = True,
    ) -> None:
        for name, number in (("max_faces", max_faces), ("detect_every", detect_every)):
            if number is not None and number < 1:
                raise WrongUse(f"{name} is {number}", expected="at least 1")
        asked = _asked_for(detector)
        self._networks = load_networks(
            emotion,
            keypoints,
            asked if isinstance(asked, Path) else None,
            delegate=delegate,
            emotion_delegate=emotion_delegate,
            threads=threads,
        )
        if isinstance(asked, Path):
            assert self._networks.detector is not None
            asked = NetDetector(self._networks.detector)
        self._detector: Detector = asked
        self._emotion, self._keypoints = self._networks.emotion, self._networks.keypoints
        self._mean_face = self._keypoints.mean_face
        self._undecided_below = threshold_of(self._emotion.metadata)
        self._tracker = Tracker(max_faces)
        self._detect_every = detect_every or self._detector.every
        self._smoothing = smoothing
        self._frames = self._since_detection = self._turn = 0
        self.detect_ms = 0.0
        self.candidates: tuple[tuple[float, float, float, float], ...] | None = None
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
        self.detect_ms, self.candidates = 0.0, None
        self._tracker.begin(frame.time_s)
        if not self._detector.follows:
            return [self._read(frame, seen) for seen in self._take_given(frame.image)]
        seen = self._follow(frame.image)
        if self._worth_detecting():
            seen += self._discover(frame.image)
        self._tracker.part()
        return [
            self._read(frame, face)
            for face in sorted(seen, key=lambda face: face[0].track_id)
            if face[0] in self._tracker.tracks
        ]

    def reset(self) -> None:
        """Forget the faces followed so far: the next frame has nothing to do with the last."""
        self._tracker.reset()
        self._turn = 0

    @property
    def ran_on(self) -> list[str]:
        """What runs the detector and each network: `keypoints on cpu, 23 operators`."""
        places = {model.metadata.task: _place(model) for model in self._networks.all}
        found_by = f"detector {self._detector.name} on {places.pop('detector', 'cpu')}"
        return [found_by, *(f"{task} on {place}" for task, place in places.items())]

    def close(self) -> None:
        """Free the interpreters."""
        self._networks.close()

    def __enter__(self) -> "Analyzer":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _take_given(self, image: Image) -> list[_Seen]:
        """The one face that fills the frame, never moved and never asked whether it is one."""
        start = perf_counter()
        crops = self._detect(image)
        sighting = self._sight(image, crops[0]) if crops else None
        if sighting is None:
            self._tracker.reset()
            return []
        if not self._tracker.tracks:
            self._tracker.welcome([sighting])
        return [(self._tracker.tracks[0], sighting, _ms_since(start))]

    def _follow(self, image: Image) -> list[_Seen]:
        """Look where the followed faces should be, and lose those that are not there."""
        found = []
        for track in tuple(self._tracker.tracks):
            start = perf_counter()
            sighting = self._sight_again(image, track)
            if sighting is None:
                self._tracker.lose(track)
                continue
            if track.resembles(sighting.look):
                self._tracker.see(track, sighting)
            else:  # a cut from one face to another
                self._tracker.lose(track)
                (newcomer,) = self._tracker.welcome([sighting])
                if newcomer is None:
                    continue
                track = newcomer
            found.append((track, sighting, _ms_since(start)))
        return found

    def _sight_again(self, image: Image, track: Track) -> Sighting | None:
        """A followed face in the next frame; None if what is there is none."""
        sighting = self._sight(image, track.crop)
        if sighting is None:
            return None
        moved = not sighting.steady
        if moved:
            sighting = self._sight(image, sighting.next_crop)
        same = sighting is not None and looks_same(sighting.look, track.look)
        if same and not moved and (self._frames + track.track_id) % _CHECK_EVERY:
            return sighting
        confirmed = self._confirmed(image, sighting, followed=same)
        if sighting and not confirmed:  # it may have moved, and stand at the edge of the crop
            sighting = self._sight(image, sighting.next_crop)
            confirmed = self._confirmed(image, sighting, followed=same)
        return confirmed

    def _worth_detecting(self) -> bool:
        """Whether a detection may find a face that is not followed."""
        self._since_detection += 1
        due = self._since_detection >= self._detect_every
        return self._tracker.room > 0 and (due or self._tracker.missing or not self._tracker.tracks)

    def _detect(self, image: Image) -> list[SquareCrop]:
        """The crops that the detector offers, the best first."""
        start = perf_counter()
        boxes = self._detector.detect(image)
        self._since_detection = 0
        self.detect_ms = _ms_since(start)
        crops = [crop_for_box(box, self._detector) for box in boxes]
        self.candidates = tuple(map(face_box, crops))
        return crops

    def _discover(self, image: Image) -> list[_Seen]:
        """Find faces in the whole picture that are not followed yet."""
        sightings: list[Sighting] = []
        durations_ms = []
        for crop in self._in_turn(self._detect(image)):
            if len(sightings) == self._tracker.room:
                break
            start = perf_counter()
            sighting = None if self._tracker.known(crop) else self._recognised(image, crop)
            if sighting and not self._tracker.known(sighting.next_crop, sightings):
                sightings.append(sighting)
                durations_ms.append(_ms_since(start))
        tracks = self._tracker.welcome(sightings)
        found = zip(tracks, sightings, durations_ms, strict=True)
        return [(track, seen, taken_ms) for track, seen, taken_ms in found if track]

    def _in_turn(self, crops: list[SquareCrop]) -> list[SquareCrop]:
        """Of a crowd another part at each detection, the best first; otherwise all."""
        if len(crops) <= _MOST_TRIED:
            self._turn = 0
            return crops
        start = self._turn % len(crops)
        self._turn = start + _MOST_TRIED
        return (crops[start:] + crops[:start])[:_MOST_TRIED]

    def _recognised(self, image: Image, crop: SquareCrop) -> Sighting | None:
        """The face in a detector's crop, looked at again where its points are; None: it is none."""
        first = self._sight(image, crop)
        return first and self._confirmed(image, self._sight(image, first.next_crop), followed=False)

    def _sight(self, image: Image, crop: SquareCrop) -> Sighting | None:
        """Find the points in a crop; None if it is too small, too large or outside the frame."""
        if not can_follow(crop, *image.shape[:2]):
            return None
        points, face = self._points(image, crop)
        return Sighting(crop, face, points, look_of(face), next_crop(points, self._mean_face))

    def _points(self, image: Image, crop: SquareCrop) -> tuple[Floats, Image]:
        """The points in a crop, `(15, 2)` in frame pixels, and the face for the emotion network."""
        large, small = face_inputs(image, crop)
        return crop.to_frame(self._keypoints.locate(large), KEYPOINT_SIDE_PX), small

    def _confirmed(
        self, image: Image, sighting: Sighting | None, *, followed: bool
    ) -> Sighting | None:
        """The sighting, if it is steady and its points hold when they are looked for again."""
        if sighting is None or not sighting.steady:
            return None
        again = [self._points(image, crop)[0] for crop in nudged(sighting.crop)]
        holds = hold(sighting.points, again, sighting.crop.side, followed)
        return sighting if holds else None

    def _read(self, frame: Frame, seen: _Seen) -> Reading:
        track, sighting, keypoints_ms = seen
        start = perf_counter()
        probabilities = self._emotion.run(sighting.face)
        emotion_ms = _ms_since(start)
        below = self._undecided_below
        points, smoothed, label = sighting.points, probabilities, label_of(probabilities, below)
        if self._smoothing:
            points = track.points(points, sighting.crop.side, frame.time_s)
            smoothed, label = track.label(probabilities, frame.time_s, below)
        return Reading(
            frame=frame.index,
            time_s=frame.time_s,
            track_id=track.track_id,
            box=face_box(sighting.next_crop),
            keypoints=points,
            raw_keypoints=sighting.points,
            probabilities=probabilities,
            smoothed=smoothed,
            label=label,
            ms={"detect": self.detect_ms, "keypoints": keypoints_ms, "emotion": emotion_ms},
            source=frame.source,
        )


def _asked_for(detector: str | Detector) -> Detector | Path:
    """A detector; or the file of a network of our own, to be loaded with the others."""
    if not isinstance(detector, str):
        return detector
    return network_of(detector) or open_detector(detector)


def _place(model: Model) -> str:
    return model.delegate + (f", {model.operators}" if model.operators else "")


def _ms_since(start: float) -> float:
    return 1000 * (perf_counter() - start)
