"""Which sinks a run opens, and what it refuses before."""

import io
import json
import re
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import pytest

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion_device.cameras import open_camera
from edge_emotion_device.options import RunOptions
from edge_emotion_device.sinks import check_sinks, open_sinks
from helpers.sinks import frame, frames_in, frames_of, reading
from helpers.vitals import vitals


def test_an_option_of_a_listener_that_was_not_asked_for_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    check_sinks(RunOptions(pictures=False, mqtt_login_file=Path("login")))
    told = capsys.readouterr().err
    assert "--no-pictures does nothing without --web" in told
    assert "--mqtt-login-file does nothing without --mqtt" in told


@pytest.mark.parametrize(("a_terminal", "lines"), [(True, 0), (False, 1)])
def test_with_a_page_a_terminal_is_left_to_messages_and_a_pipe_has_the_readings(
    monkeypatch: pytest.MonkeyPatch, a_terminal: bool, lines: int
) -> None:
    stdout = io.StringIO()
    monkeypatch.setattr(stdout, "isatty", lambda: a_terminal)
    monkeypatch.setattr(sys, "stdout", stdout)
    options = RunOptions(camera="demo", headless=True, web="127.0.0.1:0")
    with ExitStack() as stack, open_camera("demo") as camera:
        for sink in open_sinks(options, camera, vitals):
            stack.enter_context(sink).write(frame(0), [reading(0)])
    assert stdout.getvalue().count("\n") == lines


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ({"web": "here"}, "--web here"),
        ({"mqtt": "http://broker"}, "http://broker"),
        ({"camera": __file__, "output": Path(__file__)}, "is what is read"),
    ],
)
def test_wrong_options_are_refused_before_a_camera_is_opened(
    option: dict[str, Any], told: str
) -> None:
    with pytest.raises(WrongUse, match=re.escape(told)):
        check_sinks(RunOptions(**option))


def test_a_mistyped_folder_of_the_output_is_refused_and_not_made(tmp_path: Path) -> None:
    output = tmp_path / "redings" / "readings.jsonl"
    with pytest.raises(EdgeEmotionError, match=f"{output}: there is no folder {output.parent}; "):
        check_sinks(RunOptions(output=output))
    assert not output.parent.exists()
    check_sinks(RunOptions(output=output, save=output.parent))  # which is made
    check_sinks(RunOptions(output=Path("readings.jsonl")))


def opened(reads: Any, **given: Any) -> list[Any]:
    asked = RunOptions(**{"camera": "demo", "headless": True, **given})
    return list(open_sinks(asked, reads, lambda: None))


def test_readings_go_to_stdout_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    with open_camera("demo") as camera:
        (sink,) = opened(camera)
        sink.write(frame(0), [reading(0)])
    assert json.loads(capsys.readouterr().out)["frame"] == 0


def test_output_sends_them_to_a_file_instead(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_camera("demo") as camera:
        (sink,) = opened(camera, output=tmp_path / "out.jsonl")
        with sink:
            sink.write(frame(0), [reading(0)])
    assert capsys.readouterr().out == ""
    assert frames_in(tmp_path / "out.jsonl") == [0]


@pytest.mark.parametrize("clip", [True, False])
def test_save_leaves_pictures_or_a_video_and_the_readings(tmp_path: Path, clip: bool) -> None:
    source, save = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    cv2.imwrite(str(source / "face.png"), frame(0).image)
    with open_camera(str(source), sequence=clip) as camera:
        for sink in opened(camera, camera=str(source), save=save):
            with sink:
                sink.write(frame(0, "face.png"), [reading(0)])
    expected = {"readings.jsonl", "annotated.mp4" if clip else "face.jpg"}
    assert {file.name for file in save.iterdir()} == expected
    assert [file.name for file in source.iterdir()] == ["face.png"]


@pytest.mark.parametrize("clip", [True, False])
def test_anonymize_reaches_video_and_pictures(tmp_path: Path, clip: bool) -> None:
    source, save = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    checked = frame(0).image.copy()
    checked[::2] = 0  # an even gray once it is pixelated
    cv2.imwrite(str(source / "face.png"), checked)
    with open_camera(str(source), sequence=clip) as camera:
        for sink in opened(camera, camera=str(source), save=save, anonymize=True):
            with sink:
                sink.write(replace(frame(0, "face.png"), image=checked), [reading(0)])
    (shown,) = frames_of(save / "annotated.mp4") if clip else frames_of(save / "face.jpg")
    assert shown.image[:10, :10].std() > 40  # the head is not there
    assert shown.image[70:90, 70:90].std() < 10
    assert shown.image[170, 100:140].std() < 10
