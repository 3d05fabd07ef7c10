"""Getting the Kaggle sets with kagglehub, which the extra `data` brings."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from edge_emotion.errors import EdgeEmotionError, MissingExtra, WrongUse

_TOKEN_PAGE = "https://www.kaggle.com/settings"  # noqa: S105 - a page, no token
# Names, because these classes of kagglehub and requests are not there until it is imported.
_NO_ACCOUNT = ("UnauthenticatedError", "CredentialError")
_NO_NETWORK = ("ConnectionError", "ConnectTimeout", "ReadTimeout", "ProxyError", "SSLError")


@dataclass(frozen=True)
class KaggleSet:
    """A data set on Kaggle.

    Attributes:
        handle: of the competition or the data set.
        files: of a competition that are wanted; a data set is taken whole.
        open_to_all: the name of a set of the same faces that needs no account.
    """

    handle: str
    files: tuple[str, ...] = ()
    open_to_all: str = ""

    @property
    def page(self) -> str:
        """Where a browser finds it."""
        return (
            f"https://www.kaggle.com/{'competitions' if self.files else 'datasets'}/{self.handle}"
        )


SETS = {
    "fer2013": KaggleSet(
        "challenges-in-representation-learning-facial-expression-recognition-challenge",
        ("icml_face_data.csv",),
        open_to_all="fer2013-folders",
    ),
    "fer2013-folders": KaggleSet("msambare/fer2013"),
    "keypoints": KaggleSet("facial-keypoints-detection", ("training.zip", "test.zip")),
}


def fetch(name: str, folder: Path) -> list[Path]:
    """Download a set into `folder`; returns the files or, of pictures, the folder to open.

    Raises:
        WrongUse: no set of that name.
        MissingExtra: kagglehub is not installed.
        EdgeEmotionError: no account, rules not accepted, no network, or nowhere to write.
    """
    wanted = SETS.get(name)
    if wanted is None:
        raise WrongUse(f"no data set {name!r}", expected="one of " + ", ".join(SETS))
    try:
        import kagglehub
    except ImportError as error:
        raise MissingExtra("data fetch", "kagglehub", "data") from error
    if not wanted.files:
        return [_download(wanted, folder, kagglehub.dataset_download)]
    return [
        _download(wanted, folder, kagglehub.competition_download, path=file)
        for file in wanted.files
    ]


def _download(
    wanted: KaggleSet, folder: Path, download: Callable[..., str], **options: Any
) -> Path:
    try:
        return Path(download(wanted.handle, output_dir=str(folder), **options))
    except Exception as error:  # kagglehub's errors have no common base
        raise _explained(wanted, folder, error) from error


def _explained(wanted: KaggleSet, folder: Path, error: Exception) -> EdgeEmotionError:
    by_hand = f"or download it in a browser from {wanted.page}/data into {folder}"
    instead = f"; {wanted.open_to_all} needs no account" if wanted.open_to_all else ""
    kind = type(error).__name__
    answer = getattr(getattr(error, "response", None), "status_code", None)
    if kind in _NO_ACCOUNT or answer == HTTPStatus.UNAUTHORIZED:
        return EdgeEmotionError(
            "Kaggle gives this set only to its users, and found no valid token of one",
            remedy=f"sign up (it is free), accept the rules at {wanted.page}/rules, make a token "
            f"at {_TOKEN_PAGE} and put it into KAGGLE_API_TOKEN{instead}",
        )
    if answer == HTTPStatus.FORBIDDEN:
        return EdgeEmotionError(
            f"Kaggle refuses {wanted.handle} to this account",
            remedy=f"accept its rules at {wanted.page}/rules and try again, {by_hand}",
        )
    if kind in _NO_NETWORK or isinstance(error, ConnectionError):
        return EdgeEmotionError("Kaggle cannot be reached", remedy=f"check the network, {by_hand}")
    if isinstance(error, FileExistsError):
        return EdgeEmotionError(
            f"something is in {folder} already",
            remedy="remove it, or choose another folder with --output",
        )
    if isinstance(error, OSError) and type(error).__module__ == "builtins":
        return EdgeEmotionError(
            f"cannot write to {folder}: {error.strerror or error}",
            remedy="check its permissions and the free space, or choose another with --output",
        )
    found = f"Kaggle's download failed ({kind}: {error})"
    return EdgeEmotionError(found, remedy=f"try again, {by_hand}")
