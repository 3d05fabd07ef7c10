"""What a model file is: size, work, operators, where it comes from and how it was measured."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge_emotion.modelfile import ModelMetadata, read_model
from edge_emotion_device.graph import Graph, read_graph


@dataclass(frozen=True)
class Description:
    """A model file as `models show` tells it.

    Attributes:
        path: the file.
        size_bytes: of the file, metadata included.
        metadata: what the file says about itself.
        graph: what is inside it.
    """

    path: Path
    size_bytes: int
    metadata: ModelMetadata
    graph: Graph

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one face; the Edge TPU's one operator does not show them."""
        compiled = bool(self.metadata.edgetpu)
        return self.metadata.architecture.get("macs", 0) if compiled else self.graph.macs

    @property
    def gate(self) -> dict[str, Any]:
        """The accuracy gate's verdict as the converter wrote it; empty where there is none."""
        return self.metadata.accuracy.get("gate") or {}

    def figures(self, which: str) -> dict[str, float]:
        """The measured figures of `float` or of the file's own format that are one number each."""
        measured = self.metadata.accuracy.get(which) or {}
        return {key: value for key, value in measured.items() if isinstance(value, float)}

    def as_dict(self) -> dict[str, Any]:
        """As `models show --json` prints it."""
        metadata = asdict(self.metadata)
        vectors = metadata.pop("test_vectors")
        return {
            "path": str(self.path),
            "size_bytes": self.size_bytes,
            "macs": self.macs,
            "operators": self.graph.operators,
            "weights": self.graph.weights,
            "per_channel": self.graph.per_channel,
            "test_vectors": len(vectors["seeds"]) if vectors else 0,
            **metadata,
        }


def describe(path: Path) -> Description:
    """Read a model file and look inside.

    Raises:
        EdgeEmotionError: missing, damaged, or no model of this toolkit.
    """
    file = read_model(path)
    graph = read_graph(path, file.flatbuffer)
    return Description(path, path.stat().st_size, file.metadata, graph)
