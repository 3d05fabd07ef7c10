"""The command `edge-emotion train`."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from edge_emotion.cli_places import DataOption, data_folder
from edge_emotion.errors import WrongUse
from edge_emotion.extras import need

EPILOG = "Example: edge-emotion train emotion --sets fer2013"


class Task(str, Enum):
    """What there is to train."""

    EMOTION = "emotion"
    KEYPOINTS = "keypoints"
    DETECTOR = "detector"


def train(
    task: Annotated[Task, typer.Argument(help="The network to train.")],
    recipe: Annotated[
        str | None,
        typer.Option(
            help="A shipped recipe's name or a TOML file; edge without.", metavar="NAME|FILE"
        ),
    ] = None,
    data: DataOption = None,
    out: Annotated[
        Path | None, typer.Option(help="Run folder; runs/TASK-RECIPE without.", metavar="DIR")
    ] = None,
    sets: Annotated[
        str | None, typer.Option(help="Only these sets of the recipe, with commas.", metavar="A,B")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=0, help="Epochs, not the recipe's.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Anything else instead of the recipe's, as often as needed: fit.optimizer=sgd.",
            metavar="KEY=VALUE",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Finish the interrupted run in --out, or the newest, by its own recipe.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the recipe and the network, and train nothing.")
    ] = False,
    coordinator: Annotated[
        str | None,
        typer.Option(
            help="Train in several processes, JAX's: where the first one listens.",
            metavar="HOST:PORT",
            rich_help_panel="Several machines",
        ),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(min=1, help="How many processes.", rich_help_panel="Several machines"),
    ] = None,
    rank: Annotated[
        int | None,
        typer.Option(min=0, help="Which one this is, from 0.", rich_help_panel="Several machines"),
    ] = None,
    join_timeout: Annotated[
        int,
        typer.Option(
            min=1,
            help="Wait so long for the others, in seconds.",
            metavar="S",
            rich_help_panel="Several machines",
        ),
    ] = 300,
) -> None:
    """Train a network by a recipe, on every GPU there is.

    An interrupted run goes on where it stopped.
    """
    need("train", "tensorflow", "keras", "matplotlib", "tomli_w", "rich")
    from edge_emotion_train.cluster import Cluster
    from edge_emotion_train.command import train_command

    cluster = None
    place = {"--coordinator": coordinator, "--processes": processes, "--rank": rank}
    missing = [name for name, value in place.items() if value is None]
    if coordinator is not None and processes is not None and rank is not None:
        need("jax", "jax")
        cluster = Cluster(coordinator, processes, rank, join_timeout)
    elif len(missing) < len(place):
        given = ", ".join(f"{name} {value}" for name, value in place.items() if value is not None)
        raise WrongUse(f"{given} without {' and '.join(missing)}", expected="all three or none")
    train_command(
        task.value,
        recipe,
        data,
        out,
        find_data=data_folder,
        sets=[name.strip() for name in sets.split(",")] if sets else [],
        epochs=epochs,
        settings=settings or [],
        resume=resume,
        dry_run=dry_run,
        cluster=cluster,
    )
