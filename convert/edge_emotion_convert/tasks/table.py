"""The tasks, and which of them answers or figures are of."""

from edge_emotion.modelfile import Task
from edge_emotion.types import Floats
from edge_emotion_convert.gate_measures import Measure
from edge_emotion_convert.tasks.detector import DETECTOR, DetectorFigures
from edge_emotion_convert.tasks.emotion import EMOTION, EmotionFigures
from edge_emotion_convert.tasks.keypoints import KEYPOINT, KeypointFigures
from edge_emotion_convert.tasks.kind import Kind

Figures = EmotionFigures | KeypointFigures | DetectorFigures

KINDS: dict[Task, Kind] = {kind.task: kind for kind in (EMOTION, KEYPOINT, DETECTOR)}


def kind_answering(answers: Floats) -> Kind:
    """The task whose networks answer like this, `(N, ...)`."""
    return next(kind for kind in KINDS.values() if kind.answer == answers.shape[1:])


def measure_called(name: str) -> Measure:
    """The measure of a name, whichever task it is of."""
    return next(one for kind in KINDS.values() for one in kind.measures if one.name == name)
