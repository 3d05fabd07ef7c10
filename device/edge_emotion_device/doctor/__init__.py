"""`edge-emotion doctor`: what a device has, what it lacks, and what to do about it.

A check is a function from the root of the files to a `Finding`, and a line in `CHECKS`.  It imports
what it looks at when it runs: the doctor must come even where NumPy or the runtime cannot.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_device.board import ROOT
from edge_emotion_device.doctor import around, host, packages
from edge_emotion_device.doctor.accelerators import look_at_accelerators
from edge_emotion_device.doctor.cameras import look_at_cameras
from edge_emotion_device.doctor.finding import Finding, Status, finding_of
from edge_emotion_device.doctor.models import look_at_models

__all__ = ["CHECKS", "Check", "Finding", "examine"]


@dataclass(frozen=True)
class Check:
    """One thing to look at.

    Attributes:
        name: what it is called.
        look: looks at it, given the root of the files.
        needed: whether `run` cannot work where this cannot be looked at.
        timeout_s: a device that hangs is given up after this time.
    """

    name: str
    look: Callable[[Path], Finding]
    needed: bool = False
    timeout_s: float = 20.0


CHECKS = (
    Check("board", host.look_at_board),
    Check("system", host.look_at_system),
    Check("python", packages.look_at_python),
    Check("numpy", packages.look_at_numpy, needed=True),
    Check("opencv", packages.look_at_opencv, needed=True),
    Check("runtime", packages.look_at_runtime, needed=True),
    Check("models", look_at_models, needed=True, timeout_s=120.0),  # a Pi Zero takes its time
    Check("cameras", look_at_cameras, timeout_s=40.0),
    Check("accelerator", look_at_accelerators, timeout_s=40.0),
    Check("temperature", host.look_at_temperature),
    Check("throttling", host.look_at_throttling),
    Check("memory", host.look_at_memory),
    Check("disk", host.look_at_disk),
    Check("clock", around.look_at_clock),
    Check("window", around.look_at_window),
    Check("service", around.look_at_service),
)


def examine(checks: tuple[Check, ...] = CHECKS, root: Path = ROOT) -> Iterator[tuple[str, Finding]]:
    """Look at one thing after the other; none of them can raise or hang."""
    for check in checks:
        yield check.name, _look(check, root)


def _look(check: Check, root: Path) -> Finding:
    """What a check finds, in a thread of its own that is left behind where a device hangs."""
    status: Status = "fail" if check.needed else "warn"
    answers: list[Finding] = []

    def look() -> None:
        try:
            answers.append(check.look(root))
        except EdgeEmotionError as error:
            answers.append(finding_of(status, error))
        except ImportError as error:
            remedy = "run pip install --force-reinstall for it, or device/install.sh again"
            answers.append(Finding(status, f"cannot be imported ({_line(error)})", remedy))
        except Exception as error:  # a finding too: the doctor goes on
            found = f"could not be looked at ({type(error).__name__}: {_line(error)})"
            answers.append(Finding(status, found, "please report this line as a defect"))

    thread = Thread(target=look, daemon=True)
    thread.start()
    thread.join(check.timeout_s)
    if answers:
        return answers[0]
    remedy = "unplug what hangs, or start the machine again"
    return Finding(status, f"no answer within {check.timeout_s:g} s", remedy)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
