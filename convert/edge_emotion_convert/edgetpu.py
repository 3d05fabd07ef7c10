"""The Edge TPU step of a conversion: check the graph, compile it, put the metadata back.

A compiled file stands beside the int8 file it was made from, whose checksum it holds.

Google's compiler (https://coral.ai/docs/edgetpu/compiler) is a program for x86-64 Debian that is
run as a process of its own, where it is installed or in the container of `convert/edgetpu`.  It
leaves away what stands behind the flatbuffer, so the metadata is written again.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from edge_emotion.errors import EdgeEmotionError
from edge_emotion.files import write_together
from edge_emotion.modelfile import COMPILED_FROM, ModelFile, model_bytes, read_model
from edge_emotion_convert.edgetpu_operators import LeftToCpu, left_to_cpu
from edge_emotion_convert.formats import CARD, REJECTED
from edge_emotion_convert.progress import say

COMPILER = "edgetpu_compiler"
IMAGE = "edge-emotion-edgetpu"
TIMEOUT_S = 180
HOW_TO_GET_IT = (
    f"on x86-64 Debian install {COMPILER} (coral.ai/docs/edgetpu/compiler), or build its container "
    f"in the repository with: docker build -t {IMAGE} convert/edgetpu"
)
_STARTING_S = 30  # what starting the container may take
_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_MAPPED = "Mapped to Edge TPU"
_KINDS_NAMED = 8


@dataclass(frozen=True)
class EdgeTpuResult:
    """What the Edge TPU step came to.

    Attributes:
        file: the compiled model file; None where there is none.
        left_to_cpu: operators that by the documentation run on the CPU.
        compiler: what the compiler's log said (see `read_log`) when it made the file.
        failure: why it could not be compiled now; None where it was.
    """

    file: Path | None
    left_to_cpu: tuple[LeftToCpu, ...]
    compiler: dict[str, Any]
    failure: EdgeEmotionError | None

    def as_dict(self) -> dict[str, Any]:
        """As in conversion.json."""
        return {
            "file": self.file.name if self.file else None,
            "left_to_cpu": [asdict(operator) for operator in self.left_to_cpu],
            "compiler": self.compiler,
            "failure": str(self.failure) if self.failure else None,
        }

    def sentence(self) -> str:
        """Which operators the CPU runs, those behind the first by their names."""
        if not self.left_to_cpu:
            return "by Coral's documentation the Edge TPU runs every operator"
        first, *behind = self.left_to_cpu
        names = Counter(operator.operator for operator in behind).most_common()
        told = [f"{count} {name}" for name, count in names[:_KINDS_NAMED]]
        told += [f"{len(names) - _KINDS_NAMED} other kinds"] * (len(names) > _KINDS_NAMED)
        with_it = f", and with it {', '.join(told)}" if told else ""
        return (
            f"{first.operator}, operator {first.place}, is left to the CPU, because it "
            f"{first.reason}{with_it}"
        )


def edgetpu_step(model: Path, timeout_s: int = TIMEOUT_S) -> EdgeTpuResult:
    """Compile an int8 model file for the Edge TPU, beside itself as NAME_edgetpu.tflite.

    What stays on the CPU is told on stderr.  Where there is no compiler, or it fails, a file that
    was compiled from the same network stays, and the result says why.

    Args:
        model: a file of `convert --int8`.
        timeout_s: for the compiler.

    Raises:
        EdgeEmotionError: the file is damaged, or no int8 file.
    """
    file = read_model(model)
    if file.metadata.format != "int8" or file.metadata.edgetpu:
        kind = "compiled" if file.metadata.edgetpu else file.metadata.format
        raise EdgeEmotionError(
            f"{model} is {kind}", expected="an int8 model for the Edge TPU's compiler"
        )
    left = tuple(left_to_cpu(file.flatbuffer))
    if left:
        say(f"{model.name}: {EdgeTpuResult(None, left, {}, None).sentence()}")
    try:
        flatbuffer, facts = _compile(file.flatbuffer, timeout_s)
    except EdgeEmotionError as failure:
        former = compiled_beside(model)
        if former is None:
            return EdgeTpuResult(None, left, {}, failure)
        return replace(former, failure=failure)
    compiled = _compiled_path(model)
    result = EdgeTpuResult(compiled, left, facts, None)
    stamped = {**facts, COMPILED_FROM: file.metadata.flatbuffer_sha256}
    content = model_bytes(flatbuffer, replace(file.metadata, edgetpu=stamped))
    card = _card(file, result, len(content))
    write_together({compiled: content, compiled.with_suffix(CARD): card.encode()})
    _rejected_path(compiled).unlink(missing_ok=True)
    return result


def compiled_beside(model: Path) -> EdgeTpuResult | None:
    """What stands compiled beside an int8 model file; None if nothing does.

    A file that was compiled from another network is renamed to NAME_edgetpu.tflite.rejected, so
    that nothing takes it for this one's.

    Raises:
        EdgeEmotionError: the int8 file is damaged.
    """
    compiled = _compiled_path(model)
    if not compiled.is_file():
        return None
    file = read_model(model)
    try:
        facts = dict(read_model(compiled).metadata.edgetpu)
    except EdgeEmotionError:  # as the compiler alone leaves it, or damaged
        facts = {}
    if facts.pop(COMPILED_FROM, None) != file.metadata.flatbuffer_sha256:
        compiled.with_suffix(CARD).unlink(missing_ok=True)  # first: nobody would look for it alone
        aside = compiled.replace(_rejected_path(compiled))
        say(f"{compiled.name} was not compiled from {model.name} as it is now: kept as {aside}")
        return None
    return EdgeTpuResult(compiled, tuple(left_to_cpu(file.flatbuffer)), facts, None)


def _compiled_path(model: Path) -> Path:
    return model.with_name(f"{model.stem}_edgetpu.tflite")


def _rejected_path(compiled: Path) -> Path:
    return compiled.with_name(compiled.name + REJECTED)


def _card(file: ModelFile, result: EdgeTpuResult, size_bytes: int) -> str:
    """The int8 file's card, headed by what compiling made of it."""
    known, title, rest = file.path.with_suffix(CARD), f"# {file.path.stem}", ""
    if known.is_file():
        title, _, rest = known.read_text(encoding="utf-8").partition("\n")
    facts = {name: "?" if fact is None else fact for name, fact in result.compiler.items()}
    sentence = result.sentence()
    return f"""{title}, compiled for an Edge TPU

Compiled from `{file.path.name}` (SHA-256 of its graph `{file.metadata.flatbuffer_sha256[:16]}`) by
{COMPILER} {facts["version"]}, {size_bytes / 1000:.0f} kB: {facts["mapped"]} of \
{facts["operations"]} operators mapped, {facts["on_chip_used_bytes"]} bytes of parameters
on the chip, {facts["off_chip_bytes"]} streamed. {sentence[0].upper()}{sentence[1:]}.

What follows is the card of the int8 file, with which all figures were measured: none on an Edge
TPU.
{rest}"""


def read_log(log: str) -> dict[str, Any]:
    """Facts from what `edgetpu_compiler --show_operations` prints.

    Returns:
        `version`, `milliseconds`, `operations`, `mapped`, `subgraphs`, `on_chip_used_bytes`,
        `on_chip_free_bytes`, `off_chip_bytes`, and `operators`: a list of `operator`, `count` and
        `status`.  What the log does not say is None.
    """
    table = re.findall(r"^([A-Z][A-Z0-9_]*|[\w-]*custom[\w-]*) +(\d+) +(\S.*?)\s*$", log, re.M)
    operators = [
        {"operator": name, "count": int(count), "status": status} for name, count, status in table
    ]
    operations = _number(log, r"Total number of operations: (\d+)")
    mapped = _number(log, r"operations that will run on Edge TPU: (\d+)")
    if mapped is None and operators:
        mapped = sum(row["count"] for row in operators if row["status"] == _MAPPED)
    version = re.search(r"Edge TPU Compiler version (\S+)", log)
    return {
        "version": version[1] if version else None,
        "milliseconds": _number(log, r"compiled successfully in (\d+) ms"),
        "operations": operations,
        "mapped": mapped,
        "subgraphs": _number(log, r"Number of Edge TPU subgraphs: (\d+)"),
        "on_chip_used_bytes": _bytes(log, "On-chip memory used"),
        "on_chip_free_bytes": _bytes(log, "On-chip memory remaining"),
        "off_chip_bytes": _bytes(log, "Off-chip memory used"),
        "operators": operators,
    }


def _compile(flatbuffer: bytes, timeout_s: int) -> tuple[bytes, dict[str, Any]]:
    """The compiled flatbuffer, and what the compiler said."""
    with tempfile.TemporaryDirectory(prefix="edgetpu-") as place:
        folder = Path(place)
        (folder / "model.tflite").write_bytes(flatbuffer)
        command, inside = _compiler(folder)
        options = ["--show_operations", "--timeout_sec", str(timeout_s), "--out_dir", inside]
        try:
            done = subprocess.run(  # noqa: S603 - found on PATH, and no shell
                [*command, *options, f"{inside}/model.tflite"],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=timeout_s + _STARTING_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise EdgeEmotionError(f"{COMPILER} did not end within {timeout_s} s") from error
        except OSError as error:
            raise EdgeEmotionError(f"{command[0]} cannot be run: {error.strerror}") from error
        compiled = folder / "model_edgetpu.tflite"
        if done.returncode or not compiled.is_file():
            raise EdgeEmotionError(
                f"{COMPILER} failed: {_complaint(done.stdout)}",
                expected="a graph that it can compile",
            )
        return compiled.read_bytes(), read_log(done.stdout)


def _compiler(folder: Path) -> tuple[list[str], str]:
    """The command that compiles, and the name that `folder` has for it.

    Raises:
        EdgeEmotionError: there is neither the compiler nor its container.
    """
    installed = shutil.which(COMPILER)
    if installed:
        return [installed], str(folder)
    docker = shutil.which("docker")
    if docker and _has_image(docker):
        options = ["--rm", "--network=none", f"--user={os.getuid()}:{os.getgid()}"]
        return [docker, "run", *options, f"--volume={folder}:/models", IMAGE], "/models"
    raise EdgeEmotionError(
        f"there is no {COMPILER} here, and no container {IMAGE}", remedy=HOW_TO_GET_IT
    )


def _has_image(docker: str) -> bool:
    try:
        asked = subprocess.run(  # noqa: S603 - found on PATH, and no shell
            [docker, "image", "inspect", IMAGE],
            capture_output=True,
            timeout=_STARTING_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def _complaint(log: str) -> str:
    """The line of a failed run that says most."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    for sign in ("ERROR", "Invalid model", "Compilation failed:", "not quantized", "Internal"):
        for line in lines:
            if sign in line:
                return line
    return lines[-1] if lines else "it said nothing"


def _number(log: str, pattern: str) -> int | None:
    found = re.search(pattern, log)
    return int(found[1]) if found else None


def _bytes(log: str, what: str) -> int | None:
    found = re.search(rf"{what} .*: ([\d.]+)([KMG]?i?B)", log)
    return round(float(found[1]) * _UNITS[found[2]]) if found else None
