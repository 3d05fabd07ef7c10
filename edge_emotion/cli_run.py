"""`edge-emotion run`."""

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge_emotion.cli_app import Command
from edge_emotion.settings import ConfigOption, places

if TYPE_CHECKING:
    from edge_emotion_device.options import RunOptions

EPILOG = "Example: edge-emotion run --camera demo --headless --frames 50"
_ARGUMENTS = "edge_emotion.arguments"
_ALONE = {"--camera": "auto", "--web": "127.0.0.1:8080"}
_WEB, _MQTT, _FILES = "Page in the browser", "MQTT", "Files"


class RunCommand(Command):
    """A command whose `--camera` and `--web` may stand alone, without a value."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the value in before the arguments are parsed; keep them for `parse_again`."""
        ctx.meta[_ARGUMENTS] = list(args)
        filled: list[str] = []
        for place, argument in enumerate(args):
            filled.append(argument)
            following = args[place + 1] if place + 1 < len(args) else "-"
            if argument in _ALONE and following.startswith("-"):
                filled.append(_ALONE[argument])
        return super().parse_args(ctx, filled)


def run(
    ctx: typer.Context,
    camera: Annotated[
        str,
        typer.Option(
            help="auto, csi[:N], usb[:N], /dev/videoN, a video file, a picture or a folder of "
            "pictures, rtsp://..., http://..., demo, or demo:loop. Alone it means auto.",
            metavar="SOURCE",
        ),
    ] = "auto",
    emotion: Annotated[
        Path | None, typer.Option(help="Emotion model; the shipped one without.", metavar="FILE")
    ] = None,
    keypoints: Annotated[
        Path | None, typer.Option(help="Keypoint model; the shipped one without.", metavar="FILE")
    ] = None,
    delegate: Annotated[
        str,
        typer.Option(
            help="auto, cpu, edgetpu, edgetpu:usb, edgetpu:pci, edgetpu:N, or external:LIB and, "
            "after commas, its options as key=value.",
            metavar="NAME",
        ),
    ] = "cpu",
    emotion_delegate: Annotated[
        str | None,
        typer.Option(help="The emotion network's own, where it has one.", metavar="NAME"),
    ] = None,
    threads: Annotated[
        int, typer.Option(min=1, help="CPU threads of each network.", metavar="N")
    ] = 1,
    detector: Annotated[
        str,
        typer.Option(
            help="What finds faces: auto, net, net:FILE, haar, yunet:FILE, or whole, where the "
            "frame is a face. auto is net, the network that comes with edge-emotion.",
            metavar="NAME",
        ),
    ] = "auto",
    max_faces: Annotated[
        int, typer.Option(min=1, help="Faces to follow at most.", metavar="N")
    ] = 4,
    every: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Run the face detector on every N-th frame; 3 with net, 10 with haar and yunet "
            "without.",
            metavar="N",
        ),
    ] = None,
    smoothing: Annotated[
        bool, typer.Option(help="Smooth points and probabilities over time.")
    ] = True,
    max_fps: Annotated[
        float | None, typer.Option(min=0.1, help="Read at most N frames a second.", metavar="N")
    ] = None,
    give_up: Annotated[
        float,
        typer.Option(
            min=0,
            help="End S seconds after a live camera was lost; inf waits for ever.",
            metavar="S",
        ),
    ] = 60.0,
    frames: Annotated[
        int | None, typer.Option(min=1, help="Stop after N frames.", metavar="N")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="Stop after this time.", metavar="S")
    ] = None,
    sequence: Annotated[
        bool, typer.Option("--sequence", help="Treat a folder of pictures as one clip.")
    ] = False,
    save: Annotated[
        Path | None,
        typer.Option(
            help="Leave the annotated video or pictures and readings.jsonl in this folder.",
            metavar="DIR",
            rich_help_panel=_FILES,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Add the readings to this file; none go to stdout.",
            metavar="FILE",
            rich_help_panel=_FILES,
        ),
    ] = None,
    rotate_mb: Annotated[
        float,
        typer.Option(
            min=0.1,
            help="Begin a new --output FILE when it has N MB; the former ones become FILE.1, ...",
            metavar="N",
            rich_help_panel=_FILES,
        ),
    ] = 100.0,
    keep: Annotated[
        int,
        typer.Option(
            min=0, help="Former --output files to keep.", metavar="N", rich_help_panel=_FILES
        ),
    ] = 4,
    all_frames: Annotated[
        bool,
        typer.Option(
            "--all-frames",
            help="Print a line for frames without a face too.",
            rich_help_panel=_FILES,
        ),
    ] = False,
    anonymize: Annotated[
        bool,
        typer.Option(
            "--anonymize",
            help="Pixelate the faces in every picture that is shown, saved or sent.",
        ),
    ] = False,
    web: Annotated[
        str | None,
        typer.Option(
            help="Serve a page with the picture and the readings, and Prometheus metrics. "
            "Alone it means 127.0.0.1:8080.",
            metavar="[HOST:]PORT",
            rich_help_panel=_WEB,
        ),
    ] = None,
    web_token_file: Annotated[
        Path | None,
        typer.Option(
            help="Holds the token that the page asks for (or EDGE_EMOTION_WEB_TOKEN); "
            "one is made up without where others than this machine can reach it.",
            metavar="FILE",
            rich_help_panel=_WEB,
        ),
    ] = None,
    pictures: Annotated[
        bool,
        typer.Option(
            "--pictures/--no-pictures",
            help="Show pictures on the page, or numbers only.",
            rich_help_panel=_WEB,
        ),
    ] = True,
    mqtt: Annotated[
        str | None,
        typer.Option(
            help="Send readings and events to this broker, as mqtt://HOST:PORT/PREFIX (port and "
            "prefix may be left out), or mqtts:// for TLS.",
            metavar="URL",
            rich_help_panel=_MQTT,
        ),
    ] = None,
    mqtt_login_file: Annotated[
        Path | None,
        typer.Option(
            help="Holds user:password (or EDGE_EMOTION_MQTT_LOGIN).",
            metavar="FILE",
            rich_help_panel=_MQTT,
        ),
    ] = None,
    mqtt_ca_file: Annotated[
        Path | None,
        typer.Option(
            help="Certificates to trust; the system's without.",
            metavar="FILE",
            rich_help_panel=_MQTT,
        ),
    ] = None,
    mqtt_rate: Annotated[
        float,
        typer.Option(
            min=0.1,
            max=100,
            help="Readings a second and face, at most.",
            metavar="N",
            rich_help_panel=_MQTT,
        ),
    ] = 2.0,
    mqtt_discovery: Annotated[
        bool, typer.Option(help="Announce it to Home Assistant.", rich_help_panel=_MQTT)
    ] = True,
    headless: Annotated[bool, typer.Option("--headless", help="Open no window.")] = False,
    config: ConfigOption = None,
) -> int:
    """Read faces from a camera: one JSON line a face on stdout, the picture in a window.

    Ends at the end of the video, after --frames or --seconds, with q in the window, or with Ctrl-C.
    With --config SIGHUP reads the settings again.
    """
    from edge_emotion_device.runner import run as run_camera

    reread = None if config is None else lambda: _options(parse_again(ctx))
    return run_camera(_options(ctx), reread)


def parse_again(ctx: typer.Context) -> Any:
    """The context of the same command line, with the settings file as it is now.

    Raises:
        WrongUse: the file has become wrong.
    """
    return ctx.command.make_context(ctx.info_name, list(ctx.meta[_ARGUMENTS]), parent=ctx.parent)


def _options(ctx: typer.Context) -> "RunOptions":
    from edge_emotion_device.options import RunOptions

    names = {field.name for field in fields(RunOptions)} - {"places"}
    return RunOptions(**{name: ctx.params[name] for name in names}, places=places(ctx))
