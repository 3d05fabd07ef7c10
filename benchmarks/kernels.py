"""How far kernels are apart on the same model, and how far a fault takes its outputs.

    python benchmarks/kernels.py FILE... --faults
    python benchmarks/kernels.py FILE... --save litert.npz       # with one runtime
    python benchmarks/kernels.py FILE... --against litert.npz    # and then with the other

The tolerances of `edge-emotion models verify` come from here (docs/models.md says how).  Without
--faults it needs the base install only; with it, TensorFlow.
"""

import argparse
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edge_emotion.errors import EdgeEmotionError, warn
from edge_emotion.modelfile import ModelFile, read_model
from edge_emotion.terminal import print_table
from edge_emotion.testvectors import draw_faces
from edge_emotion.types import Floats, Image
from edge_emotion_device.interpreter import Model
from edge_emotion_device.runtime import Interpreter
from edge_emotion_device.verification import FACES, reference_answers, step_of, tolerance_of

HEADER = ("model", "format", "computed", "compared with", "differ", "largest", "mean", "noticed")


def main() -> None:
    """Run the files, and print a row for each comparison."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--faces", type=int, default=300, help="drawn faces to run")
    parser.add_argument("--faults", action="store_true", help="measure damaged networks, too")
    parser.add_argument("--save", type=Path, help="keep the answers of the reference kernels")
    parser.add_argument("--against", type=Path, help="compare with answers kept by --save")
    given = parser.parse_args()
    theirs = np.load(given.against) if given.against else {}
    kept, rows = {}, []
    for path in given.files:
        file = read_model(path)
        faces = draw_faces(range(given.faces), file.metadata.input.shape[1])
        try:
            kept[path.name] = reference = reference_answers(file, faces)
        except EdgeEmotionError as error:  # another runtime may not know its operators
            warn(f"{path}: {error}")
            continue
        rows.append(_row(file, "cpu", "reference", _on_cpu(file, faces), reference))
        if path.name in theirs:
            other = theirs[path.name]
            rows.append(_row(file, "reference", given.against.stem, reference, other))
            rows.append(_row(file, "cpu", given.against.stem, _on_cpu(file, faces), other))
        if given.faults:
            rows += _faults(file, faces[:FACES], reference[:FACES])
    print(f"{given.faces} drawn faces, {Interpreter.__module__}; in steps of an 8-bit output")
    print_table(HEADER, rows, left=("format", "computed", "compared with"))
    if given.save:
        np.savez(given.save, **kept)


def _row(file: ModelFile, computed: str, other: str, found: Floats, expected: Floats) -> list[str]:
    steps = np.abs(found - expected) / step_of(file.metadata)
    return [
        file.metadata.task,
        file.metadata.format,
        computed,
        other,
        f"{np.count_nonzero(steps > 1e-3)} of {steps.size}",
        f"{steps.max():.4f}",
        f"{steps.mean():.5f}",
        "",
    ]


def _faults(file: ModelFile, faces: Image, expected: Floats) -> Iterator[list[str]]:
    """Damaged networks on the CPU against the whole one's reference, as `verify` compares them."""
    shifted = np.stack([_on_cpu(file, np.roll(faces, 1, axis=2))])
    channels = [_on_cpu(_without_channel(file, channel), faces) for channel in range(32)]
    named = {"one channel of 32 lost": np.stack(channels), "input shifted by 1 px": shifted}
    for name, answers in named.items():
        steps = np.abs(answers - expected) / step_of(file.metadata)
        largest, mean = steps.max(axis=(1, 2)), steps.mean(axis=(1, 2))
        allowed = tolerance_of("cpu", file.metadata)
        noticed = np.count_nonzero((largest > allowed[0]) | (mean > allowed[1]))
        yield [
            file.metadata.task,
            file.metadata.format,
            name,
            "reference",
            "",
            f"{largest.min():.4f} to {largest.max():.4f}",
            f"{mean.min():.5f} to {mean.max():.5f}",
            f"{noticed} of {len(answers)}",
        ]


def _on_cpu(file: ModelFile, faces: Image) -> Floats:
    with Model(file, "cpu", 1) as model:
        return np.stack([model.run(face) for face in faces])


def _without_channel(file: ModelFile, channel: int) -> ModelFile:
    """The same network, its first convolution's weights of one channel 0."""

    def clear(model: Any) -> None:
        graph = model.subgraphs[0]
        written = {operator.outputs[0]: operator for operator in graph.operators}
        tensor = next(o.inputs[1] for o in graph.operators if len(o.inputs) == 3)
        if tensor in written:  # the weights of a float16 file are turned into float32 first
            tensor = written[tensor].inputs[0]
        weights = model.buffers[graph.tensors[tensor].buffer]
        weights.data = weights.data.copy()
        weights.data.reshape(graph.tensors[tensor].shape[0], -1)[channel] = 0

    return dataclasses.replace(file, flatbuffer=_edited(file.flatbuffer, clear))


def _edited(flatbuffer: bytes, change: Callable[[Any], None]) -> bytes:
    import flatbuffers
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(flatbuffer, 0)
    change(model)
    builder = flatbuffers.Builder(len(flatbuffer))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


if __name__ == "__main__":
    main()
