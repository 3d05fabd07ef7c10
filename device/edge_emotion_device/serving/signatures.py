"""What a model takes and gives: the signatures of `convert --saved-model`, under the same names.

serving_default   faces, float32 (N, S, S, 1) in [0, 1]
serving_bytes     faces, uint8 (N, S, S, 1), a camera's gray values
                  (for a detector they are whole pictures, as `detection.letterbox` draws them)
serving_pictures  pictures, N files of JPEG or PNG, each a framed face (only emotion_ai_combined)
"""

from dataclasses import dataclass
from typing import Any

from edge_emotion.detection import CELLS, DETECTOR_SIDE_PX, VALUES_A_CELL
from edge_emotion.labels import EMOTIONS, KEYPOINTS
from edge_emotion.modelfile import Task
from edge_emotion.preprocess import EMOTION_SIDE_PX, KEYPOINT_SIDE_PX

DEFAULT, BYTES, PICTURES = "serving_default", "serving_bytes", "serving_pictures"
PREDICT_METHOD = "tensorflow/serving/predict"

_DT_NAMES = {"float": "DT_FLOAT", "uint8": "DT_UINT8", "string": "DT_STRING"}


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """A named tensor.

    Attributes:
        name: in requests and replies.
        dtype: float, uint8 or string, as TensorFlow's messages have it.
        shape: with -1 for the number of faces.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]

    def as_dict(self, graph_name: str) -> dict[str, Any]:
        """The TensorInfo message as JSON; `graph_name` is its name in the SavedModel's graph."""
        return {
            "dtype": _DT_NAMES[self.dtype],
            "tensor_shape": {
                "dim": [{"size": str(size), "name": ""} for size in self.shape],
                "unknown_rank": False,
            },
            "name": graph_name,
        }


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to ask a model: one input, and one output or more."""

    name: str
    given: TensorInfo
    answered: tuple[TensorInfo, ...]

    def as_dict(self) -> dict[str, Any]:
        """The SignatureDef message as JSON, with the graph's names that TensorFlow would choose."""
        call = "StatefulPartitionedCall" + ("_1" if self.name == DEFAULT else "")
        return {
            "inputs": {self.given.name: self.given.as_dict(f"{self.name}_{self.given.name}:0")},
            "outputs": {
                tensor.name: tensor.as_dict(f"{call}:{place}")
                for place, tensor in enumerate(self.answered)
            },
            "method_name": PREDICT_METHOD,
            "defaults": {},
        }


PROBABILITIES = TensorInfo("probabilities", "float", (-1, len(EMOTIONS)))
POINTS = TensorInfo("keypoints", "float", (-1, len(KEYPOINTS), 2))
ANSWERS = TensorInfo("cells", "float", (-1, len(CELLS), VALUES_A_CELL))

# What a model of a task takes, the side of its pictures in px, and what it gives.
TENSORS: dict[Task, tuple[int, TensorInfo]] = {
    "emotion": (EMOTION_SIDE_PX, PROBABILITIES),
    "keypoints": (KEYPOINT_SIDE_PX, POINTS),
    "detector": (DETECTOR_SIDE_PX, ANSWERS),
}


def face_signatures(side_px: int, *answered: TensorInfo) -> dict[str, Signature]:
    """`serving_default` and `serving_bytes` of a model that takes faces of `side_px`."""
    shape = (-1, side_px, side_px, 1)
    return {
        name: Signature(name, TensorInfo("faces", dtype, shape), answered)
        for name, dtype in ((DEFAULT, "float"), (BYTES, "uint8"))
    }


def picture_signature(*answered: TensorInfo) -> Signature:
    """`serving_pictures`."""
    return Signature(PICTURES, TensorInfo("pictures", "string", (-1,)), answered)
