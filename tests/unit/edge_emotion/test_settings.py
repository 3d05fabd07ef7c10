"""Settings from a TOML file: what goes before what, and what a wrong file is told."""

import sys

import pytest

from edge_emotion.cli import main
from edge_emotion.errors import WrongUse


@pytest.fixture
def given(monkeypatch, tmp_path, capsys):
    """Run `edge-emotion run` up to the camera; returns the options that it was given."""

    def run(settings: str | None, *arguments: str):
        seen = []
        line = ["edge-emotion", "run", *arguments]
        if settings is not None:
            file = tmp_path / "settings.toml"
            file.write_text(settings)
            line[2:2] = ["--config", str(file)]

        def noted(options, reread):
            seen.append((options, reread))
            return 0

        monkeypatch.setattr("edge_emotion_device.runner.run", noted)
        monkeypatch.setattr(sys, "argv", line)
        with pytest.raises(SystemExit) as end:
            main()
        if end.value.code:
            return end.value.code, capsys.readouterr().err
        return seen[0]

    return run


def test_the_file_gives_what_the_command_line_does_not(given):
    options, _ = given('[run]\ncamera = "demo"\nmax_fps = 15\nheadless = true\n', "--threads", "2")
    assert (options.camera, options.max_fps, options.headless) == ("demo", 15.0, True)
    assert (options.threads, options.every) == (2, None)


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(given, monkeypatch):
    monkeypatch.setenv("EDGE_EMOTION_RUN_THREADS", "3")
    monkeypatch.setenv("EDGE_EMOTION_RUN_EVERY", "5")
    options, _ = given("[run]\nthreads = 4\nevery = 7\nmax_faces = 2\n", "--threads", "2")
    assert (options.threads, options.every, options.max_faces) == (2, 5, 2)


def test_infinity_and_negated_flags_can_be_set(given):
    options, _ = given("[run]\ngive_up = inf\nsmoothing = false\n")
    assert options.give_up == float("inf") and not options.smoothing


def test_the_file_can_be_named_by_the_environment(given, monkeypatch, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text("[run]\nthreads = 4\n")
    monkeypatch.setenv("EDGE_EMOTION_CONFIG", str(other))
    assert given("[run]\nthreads = 3\n")[0].threads == 3  # --config goes before it
    assert given(None)[0].threads == 4


def test_settings_read_again_are_those_that_the_file_has_now(given, tmp_path):
    options, reread = given("[run]\nthreads = 4\n", "--every", "3")
    (tmp_path / "settings.toml").write_text("[run]\nthreads = 2\nevery = 9\n")
    again = reread()
    assert (options.threads, again.threads, again.every) == (4, 2, 3)
    (tmp_path / "settings.toml").write_text("[run]\nthreds = 2\n")
    with pytest.raises(WrongUse, match=r"settings\.toml:2: unknown key 'threds'"):
        reread()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("[run]\ncamera = \n", "is not TOML: Invalid value (at line 2"),
        ('[run]\n\ncamra = "demo"\n', "settings.toml:3: unknown key 'camra'"),
        ('[run]\nthreads = "many"\n', "settings.toml:2: threads is 'many'"),
        ("[run]\nthreads = 0\n", "settings.toml:2: threads is 0"),
        ("[run]\nthreads = true\n", "settings.toml:2: threads is True"),
        ("[run]\nheadless = 1\n", "settings.toml:2: headless is 1; expected true or false"),
        ("[run]\ncamera = [1]\n", "settings.toml:2: camera is [1]"),
        ("[runn]\nthreads = 1\n", "settings.toml:1: runn; expected a table of a command"),
        ("threads = 1\n", "settings.toml:1: threads; expected a table of a command"),
        ("[run]\nconfig = 'x'\n", "settings.toml:2: unknown key 'config'"),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_key(given, settings, told):
    code, message = given(settings)
    assert code == 2
    assert told in message and message.count("\n") == 1


@pytest.mark.parametrize(
    ("settings", "arguments", "told"),
    [
        ('camera = "usb:x"', [], "settings.toml:2: camera usb:x; expected"),
        ('camera = "/no/such.mp4"', [], "settings.toml:2: there is no file or folder /no/such.mp4"),
        ('delegate = "gpu"', [], "settings.toml:2: unknown delegate 'gpu'"),
        ('threads = 2\ndetector = "hare"', [], "settings.toml:3: unknown detector 'hare'"),
        ('emotion = "/no/such.tflite"', [], "settings.toml:2: cannot read the model /no/such"),
        ('output = "/no/such/file"', [], "settings.toml:2: --output /no/such/file: there is no"),
        ('web = "here"', [], "settings.toml:2: --web here"),
        ('mqtt = "mqtt://me:secret@broker"', [], "settings.toml:2: --mqtt with a login"),
        ('delegate = "gpu"', ["--delegate", "npu"], "edge-emotion: unknown delegate 'npu'"),
        ('delegate = "cpu"', ["--detector", "hare"], "edge-emotion: unknown detector 'hare'"),
    ],
)
def test_what_turns_out_to_be_wrong_on_use_is_told_with_file_and_line(
    tmp_path, monkeypatch, capsys, settings, arguments, told
):
    file = tmp_path / "settings.toml"
    file.write_text(f"[run]\n{settings}\nheadless = true\nframes = 1\n")
    camera = [] if "camera" in settings else ["--camera", "demo"]
    line = ["edge-emotion", "run", "--config", str(file), *camera, *arguments]
    monkeypatch.setattr(sys, "argv", line)
    with pytest.raises(SystemExit) as end:
        main()
    message = capsys.readouterr().err
    assert end.value.code
    assert told in message and message.count("\n") == 1 and "secret" not in message


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("CAMRA", "EDGE_EMOTION_RUN_CAMRA is no option of run; EDGE_EMOTION_RUN_CAMERA?"),
        ("MAXFPS", "EDGE_EMOTION_RUN_MAXFPS is no option of run; EDGE_EMOTION_RUN_MAX_FPS?"),
        ("ZEBRAS", "EDGE_EMOTION_RUN_ZEBRAS is no option of run"),
    ],
)
def test_a_misspelt_variable_of_the_environment_is_warned_of_once(
    given, monkeypatch, capsys, name, told
):
    monkeypatch.setenv(f"EDGE_EMOTION_RUN_{name}", "1")
    monkeypatch.setenv("EDGE_EMOTION_RUN_THREADS", "3")
    monkeypatch.setenv("EDGE_EMOTION_TRAIN_CAMRA", "1")
    options, reread = given("[run]\nevery = 7\n")
    reread()
    assert options.threads == 3
    assert capsys.readouterr().err == f"edge-emotion: {told}\n"


def test_a_file_that_is_not_there_is_told(given, tmp_path):
    code, message = given(None, "--config", str(tmp_path / "none.toml"))
    assert code == 2 and "none.toml" in message and message.count("\n") == 1


def test_tables_of_other_commands_are_left_to_them(given):
    options, _ = given("[convert]\nint8 = true\n[run]\nthreads = 2\n")
    assert options.threads == 2


def test_camera_alone_still_means_auto(given):
    options, _ = given('[run]\ncamera = "demo"\n', "--camera")
    assert options.camera == "auto"
