"""The command `edge-emotion serve`: the networks behind TensorFlow Serving's REST interface."""

from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from edge_emotion.extras import need
from edge_emotion.settings import ConfigOption

EPILOG = "Example: edge-emotion serve --models models --port 8501"


def serve(
    ctx: typer.Context,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 is every one.", metavar="ADDRESS")
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            "--port", "--rest_api_port", min=0, max=65535, help="Port; 0 takes a free one."
        ),
    ] = 8501,
    models: Annotated[
        Path | None,
        typer.Option(
            help="Serve DIR/NAME/VERSION/model.tflite; the shipped models without.", metavar="DIR"
        ),
    ] = None,
    model_name: Annotated[
        str,
        typer.Option("--model-name", "--model_name", help="Name of the one model that is served."),
    ] = "default",
    model_base_path: Annotated[
        Path | None,
        typer.Option(
            "--model-base-path",
            "--model_base_path",
            help="Serve one model, DIR/VERSION/model.tflite.",
            metavar="DIR",
        ),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Requests answered at once.")] = 2,
    poll: Annotated[
        float, typer.Option(min=0.1, help="Look for new versions every S seconds.", metavar="S")
    ] = 1.0,
    max_body: Annotated[
        int, typer.Option(min=1, max=1024, help="Largest request, in MiB.", metavar="MIB")
    ] = 4,
    config: ConfigOption = None,
) -> int:
    """Answer as TensorFlow Serving does over REST, with the int8 models.

    POST /v1/models/emotion_ai:predict, and likewise keypoints and emotion_ai_combined. Ends with
    SIGTERM or Ctrl-C.
    """
    need("web", "starlette", "uvicorn", "orjson")
    from edge_emotion_device.serving.server import ServeOptions
    from edge_emotion_device.serving.server import serve as run_server

    return run_server(
        ServeOptions(**{key.name: ctx.params[key.name] for key in fields(ServeOptions)})
    )
