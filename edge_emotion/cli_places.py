"""Where the data sets are looked for."""

from pathlib import Path
from typing import Annotated

import typer

from edge_emotion.errors import EdgeEmotionError, WrongUse

DATA_PLACES = ("data", "../shared/data")

DataOption = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the data sets; without it ./data or ../shared/data.",
        metavar="DIR",
        envvar="EDGE_EMOTION_DATA",
    ),
]


def data_folder(given: Path | None) -> Path:
    """The folder `given`, or the first that is there.

    Raises:
        EdgeEmotionError: the folder does not exist.
        WrongUse: none was given and there is none.
    """
    if given is not None:
        if not given.exists():
            raise EdgeEmotionError(f"{given} does not exist", remedy="check --data")
        return given
    for place in DATA_PLACES:
        if Path(place).is_dir():
            return Path(place)
    raise WrongUse(
        "no data sets found: there is no folder " + " or ".join(DATA_PLACES),
        expected="a folder with the recipe's sets, such as fer2013/fer2013.csv.zip; "
        "docs/training.md lists them and where they come from",
        remedy="name it with --data or EDGE_EMOTION_DATA; train --recipe smoke needs none",
    )
