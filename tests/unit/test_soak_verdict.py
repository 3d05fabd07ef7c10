"""What a soak asks of a run, on made up figures (tests/soak; `make soak` measures real ones)."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from soak.children import Ended, Use
from soak.faults import Fault, Suffered
from soak.verdict import judge

FPS = 10.0


def fault(
    name: str = "the camera is cut", began_s: float = 30, recovered_s: float | None = 3.0
) -> Suffered:
    nothing: Any = lambda: None  # noqa: E731
    made = Fault(name, 5, 25, nothing, nothing, nothing)
    return Suffered(made, began_s, began_s + 5, recovered_s)


def use(
    from_s: int, to_s: int, grows_mb: float = 0.0, descriptors: int = 12
) -> list[tuple[int, Use]]:
    spread = max(1, to_s - from_s)
    return [
        (7, Use(at, 100 + grows_mb * (at - from_s) / spread, descriptors, 9))
        for at in range(from_s, to_s)
    ]


def lines(frames: int, started: str = "2026-11-21T22:00:00+01:00") -> str:
    run = [{"run": {"started": started, "version": "0"}}]
    faces = [{"frame": n, "track_id": 1} for n in range(frames)]
    return "".join(json.dumps(line) + "\n" for line in [*run, *faces])


@pytest.fixture
def system(tmp_path: Path) -> Any:
    """A run of 100 s with 10 frames/s, all of it in its file."""
    output = tmp_path / "readings.jsonl"
    output.write_text(lines(1000))
    return SimpleNamespace(
        samples=[(float(at), int(FPS * at), 7) for at in range(1, 100)],
        run=SimpleNamespace(ended=[Ended(0, 100.0, 1000, 1000)], told=["all is well"]),
        serve=SimpleNamespace(poll=lambda: None),
        use={"run": use(0, 100), "serve": use(0, 100)},
        clients=SimpleNamespace(right=50, wrong=[]),
        viewer=SimpleNamespace(seen_bytes=9),
        output=output,
    )


def failed(system: Any, faults: list[Suffered] | None = None, **how: Any) -> list[str]:
    given = {"rate": FPS, "calm": [(50.0, 90.0)], "stopped_s": 1.0, **how}
    verdicts = judge(system, faults or [fault()], **given)
    return [one.what for one in verdicts if not one.held]


def test_a_run_that_bore_all_passes(system: Any) -> None:
    assert failed(system) == []


def test_a_fault_that_is_not_over_in_time_fails(system: Any) -> None:
    assert failed(system, [fault(recovered_s=None)]) == ["every fault is over within its bound"]


def test_fewer_frames_than_95_percent_fail_and_those_during_faults_do_not_count(
    system: Any,
) -> None:
    system.samples = [
        (at, frames if at < 50 else int(500 + 9.4 * (at - 50)), 7)
        for at, frames, _ in system.samples
    ]
    assert len(failed(system)) == 1 and "frames outside faults" in failed(system)[0]
    assert failed(system, calm=[(10.0, 49.0)]) == []


@pytest.mark.parametrize("name", ["run", "serve"])
@pytest.mark.parametrize("more", [{"grows_mb": 60.0}, {"descriptors": 30}], ids=["memory", "files"])
def test_what_is_not_flat_fails(system: Any, name: str, more: dict[str, Any]) -> None:
    system.use[name] = [*use(0, 50), *use(50, 100, **more)]
    [what] = failed(system)
    assert what.startswith(f"{name}: at most 25%")


@pytest.mark.parametrize(
    ("ended", "name", "held"),
    [
        (Ended(1, 36.0, 300, 300), "the disk is full", True),
        (Ended(1, 36.0, 300, 300), "the camera is cut", False),
        (Ended(1, 80.0, 300, 300), "the disk is full", False),
        (Ended(-11, 36.0, 300, 300), "the disk is full", False),
    ],
    ids=["the disk is full", "another fault", "long after", "a signal"],
)
def test_a_run_may_end_only_with_1_and_while_the_disk_is_full(
    system: Any, ended: Ended, name: str, held: bool
) -> None:
    system.run.ended.insert(0, ended)
    system.output.write_text(lines(297, "2026-11-21T21:00:00+01:00") + lines(1000))
    assert failed(system, [fault(name)]) == ([] if held else ["no crash"])


@pytest.mark.parametrize(
    "written", [lines(999), lines(1000)[:-9], lines(0)], ids=["a frame less", "torn", "nothing"]
)
def test_a_reading_that_is_not_in_the_file_fails(system: Any, written: str) -> None:
    system.output.write_text(written)
    assert failed(system) == ["no reading is lost from the file"]


def test_numbers_that_begin_anew_after_new_settings_are_other_frames(system: Any) -> None:
    first, *rest = lines(600).splitlines(keepends=True)
    system.output.write_text(first + "".join(rest) + "".join(rest[:400]))
    assert failed(system) == []
