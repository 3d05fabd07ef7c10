"""Edge TPUs: which are plugged in, whether they may be used, and whether libedgetpu fits."""

import re
from pathlib import Path

from edge_emotion_device.board import ROOT, read_text
from edge_emotion_device.delegates import edgetpu
from edge_emotion_device.doctor.finding import Finding, finding_of
from edge_emotion_device.doctor.packages import version_of
from edge_emotion_device.permission import permit

_LIBRARIES = ("usr/lib/*", "usr/lib", "usr/local/lib")
# Google's libedgetpu 16.0 was built with TensorFlow 2.5 and crashes with runtimes from 2.12 on
# (google-coral/edgetpu#812).  Packages rebuilt for a later one are called 16.0tf2.17.1 and so on.
_FIRST_MISFIT = (2, 12)
_REBUILT = re.compile(r"tf\d", re.IGNORECASE)
_GET_REBUILT = (
    "install a libedgetpu1-std that was rebuilt for TensorFlow 2.16 or later, such as those of "
    "https://github.com/feranick/libedgetpu/releases; the CPU does without"
)
_GET_RULE = (
    "install the udev rule 99-edge-emotion-coral.rules (docs/device.md) and plug it in again"
)


def look_at_accelerators(root: Path = ROOT) -> Finding:
    """Edge TPUs and their library.  None is needed: the networks also run on the CPU.

    Raises:
        EdgeEmotionError: there is no runtime that the library could fit.
    """
    tpus, library = edgetpu.connected(root / "sys", root / "dev"), _library(root)
    version = _package_version(root) if library else ""
    found = ", ".join(f"Edge TPU ({tpu.kind})" for tpu in tpus)
    if library is None:
        if not tpus:
            return Finding("ok", "none; the networks run on the CPU")
        return Finding("warn", f"{found}, but no {edgetpu.LIBRARY}", _GET_REBUILT)
    found = ", ".join(filter(None, [found, f"libedgetpu {version}".strip()]))
    misfit = _misfit(version)
    if misfit:
        return Finding("warn", f"{found}: {misfit}", _GET_REBUILT)
    if not tpus:
        return Finding("ok", f"{found}, but no Edge TPU")
    for tpu in tpus:
        if tpu.node is None:
            remedy = "install its driver, gasket-dkms, and start the machine again"
            return Finding("warn", f"{found}: the Edge TPU has no driver", remedy)
        if not tpu.permitted:
            return Finding(
                "warn", f"{found}: no permission for {tpu.node}", permit(tpu.node, _GET_RULE)
            )
    if all(tpu.held for tpu in tpus):  # trying it out would take it from that program
        return Finding("ok", f"{found}: in use by another program")
    return _tried_out(found)


def _library(root: Path) -> Path | None:
    places = (root.glob(f"{folder}/{edgetpu.LIBRARY}") for folder in _LIBRARIES)
    return next((file for files in places for file in files), None)


def _package_version(root: Path) -> str:
    """Version of the Debian package; empty where the library came in another way."""
    for package in read_text(root / "var/lib/dpkg/status").split("\n\n"):
        if re.match(r"Package: libedgetpu1-(std|max)\n", package):
            version = re.search(r"^Version: (.*)$", package, re.MULTILINE)
            return version[1] if version else ""
    return ""


def _misfit(version: str) -> str:
    """Why a package's library cannot go with the runtime; empty where it can, or nobody knows."""
    from edge_emotion_device.runtime import runtime_name

    package, _, runtime = runtime_name().partition(" ")
    old = package == "tflite-runtime" and version_of(runtime) < _FIRST_MISFIT
    if not version or _REBUILT.search(version) or old:
        return ""
    return f"crashes with {runtime_name()} (google-coral/edgetpu#812)"


def _tried_out(found: str) -> Finding:
    """Open it with this runtime in a process of its own, which a crash ends."""
    from edge_emotion.modelfile import read_model, shipped_model
    from edge_emotion_device.delegates.choice import parse_delegate
    from edge_emotion_device.delegates.errors import DelegateFailed
    from edge_emotion_device.delegates.trial import try_delegate

    try:
        try_delegate(parse_delegate("edgetpu"), read_model(shipped_model("emotion")).flatbuffer)
    except DelegateFailed as error:
        return finding_of("warn", error, f"{found}: ")
    return Finding("ok", f"{found}: opens with this runtime")
