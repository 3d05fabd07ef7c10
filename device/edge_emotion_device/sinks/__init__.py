"""Sinks: what becomes of the readings.  `open_sinks` makes those a run asked for."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from edge_emotion.errors import EdgeEmotionError, WrongUse, warn
from edge_emotion_device.cameras.base import Camera
from edge_emotion_device.options import RunOptions
from edge_emotion_device.sinks.base import Sink
from edge_emotion_device.vitals import Vitals

__all__ = ["Sink", "check_sinks", "open_sinks"]

VIDEO_NAME, READINGS_NAME = "annotated.mp4", "readings.jsonl"


def open_sinks(options: RunOptions, camera: Camera, vitals: Callable[[], Vitals]) -> Iterator[Sink]:
    """Open one sink after the other, those first that are likeliest to fail.

    Enter each before the next is asked for, so that a failure closes those before it.

    Nobody has to ask for the window, so where none can be opened the run goes on without, and
    says so.

    Raises:
        EdgeEmotionError: a folder cannot be written to.
    """
    if not options.headless and camera.kind != "pictures":  # they would be gone in a moment
        from edge_emotion_device.sinks.window import Window

        try:
            window = Window(anonymize=options.anonymize)
        except EdgeEmotionError as error:
            warn(f"no window: {error}")
        else:
            yield window
    if options.save is not None:
        yield _annotated(options.save, camera, options)
    yield from _readings(options)
    yield from _listeners(options, vitals)


def _annotated(folder: Path, camera: Camera, options: RunOptions) -> Sink:
    from edge_emotion_device.sinks.annotated import AnnotatedPictures, AnnotatedVideo

    source, anonymize = Path(options.camera), options.anonymize
    if camera.kind == "pictures":
        return AnnotatedPictures(folder, source, anonymize=anonymize)
    return AnnotatedVideo(folder / VIDEO_NAME, camera.fps, source, anonymize=anonymize)


def _readings(options: RunOptions) -> Iterator[Sink]:
    from edge_emotion_device.sinks.json_lines import JsonLines

    all_frames = options.all_frames
    saved = None if options.save is None else options.save / READINGS_NAME
    if saved is not None:
        yield JsonLines.to_new_file(saved, all_frames=all_frames)
    if options.output is None:
        if not (_listened_to(options) and sys.stdout.isatty()):
            yield JsonLines(sys.stdout, all_frames=all_frames)
    elif options.output != saved:
        yield JsonLines.to_log(
            options.output,
            all_frames=all_frames,
            most_bytes=options.rotate_mb * 1e6,
            keep=options.keep,
        )


def _listened_to(options: RunOptions) -> bool:
    """Whether readings go elsewhere, so that a terminal is left to what the run has to say."""
    return options.web is not None or options.mqtt is not None


def check_sinks(options: RunOptions) -> None:
    """Find what is wrong with their options before a camera is opened.

    Raises:
        WrongUse: an address is none, or what is read would be written to.
        EdgeEmotionError: there is no folder for the output.
    """
    _check_output(options)
    for listener, name, value in (
        ("web", "--web-token-file", options.web_token_file),
        ("web", "--no-pictures", not options.pictures),
        ("mqtt", "--mqtt-login-file", options.mqtt_login_file),
        ("mqtt", "--mqtt-ca-file", options.mqtt_ca_file),
    ):
        if value and getattr(options, listener) is None:
            warn(f"{name} does nothing without --{listener}")
    if options.web is not None:
        from edge_emotion_device.web.address import parse_address

        parse_address(options.web)
    if options.mqtt is not None:
        from edge_emotion_device.mqtt.address import parse_address as parse_broker

        parse_broker(options.mqtt)


def _listeners(options: RunOptions, vitals: Callable[[], Vitals]) -> Iterator[Sink]:
    """Those in threads of their own, which the run never waits for."""
    if options.web is not None:
        from edge_emotion_device.web.sink import WebSink

        yield WebSink.open(options, vitals)
    if options.mqtt is not None:
        from edge_emotion_device.mqtt.sink import MqttSink

        yield MqttSink.open(options, vitals)


def _check_output(options: RunOptions) -> None:
    source, output = Path(options.camera), options.output
    if output is not None and source.exists() and output.resolve() == source.resolve():
        raise WrongUse(f"--output {output} is what is read", expected="another file")
    # Not made: readings in a mistyped folder would be missed much later.  That of --save is made.
    if output is not None and output.parent != options.save and not output.parent.is_dir():
        raise EdgeEmotionError(
            f"--output {output}: there is no folder {output.parent}",
            remedy="make it, or check the path",
        )
