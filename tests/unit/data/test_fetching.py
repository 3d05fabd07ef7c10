import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge_emotion.data.fetching import SETS, fetch
from edge_emotion.errors import EdgeEmotionError, MissingExtra, WrongUse


class UnauthenticatedError(Exception):
    """Named as kagglehub's."""


NoConnection = type("ConnectionError", (OSError,), {})  # that of requests is not Python's own


class KaggleApiHTTPError(OSError):
    """Named as kagglehub's; carries the answer."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status} Client Error.\n\nYou don't have permission")
        self.response = SimpleNamespace(status_code=status)


@pytest.fixture
def kaggle(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """Stands in for kagglehub; returns the calls it gets."""
    calls: list[tuple] = []

    def download(kind):
        def call(handle, path="", *, output_dir):
            calls.append((kind, handle, path))
            return str(Path(output_dir) / path)

        return call

    hub = SimpleNamespace(
        dataset_download=download("data set"), competition_download=download("competition")
    )
    monkeypatch.setitem(sys.modules, "kagglehub", hub)
    return calls


def _failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_, **__):
        raise error

    hub = SimpleNamespace(dataset_download=fail, competition_download=fail)
    monkeypatch.setitem(sys.modules, "kagglehub", hub)


def test_a_competition_is_fetched_file_by_file(kaggle: list[tuple], tmp_path: Path):
    assert fetch("keypoints", tmp_path) == [tmp_path / "training.zip", tmp_path / "test.zip"]
    handle = "facial-keypoints-detection"
    assert kaggle == [
        ("competition", handle, "training.zip"),
        ("competition", handle, "test.zip"),
    ]


def test_a_data_set_is_fetched_whole(kaggle: list[tuple], tmp_path: Path):
    assert fetch("fer2013-folders", tmp_path) == [tmp_path]
    assert kaggle == [("data set", "msambare/fer2013", "")]


@pytest.mark.parametrize(
    ("error", "messages"),
    [
        (
            UnauthenticatedError("User is not authenticated"),
            ["KAGGLE_API_TOKEN", "fer2013-folders needs no account"],
        ),
        (KaggleApiHTTPError(401), ["KAGGLE_API_TOKEN", "fer2013-folders needs no account"]),
        (KaggleApiHTTPError(403), ["accept its rules at https://www.kaggle.com/competitions/"]),
        (NoConnection("HTTPSConnectionPool ..."), ["cannot be reached", "check the network"]),
        (ConnectionResetError("reset by peer"), ["cannot be reached", "check the network"]),
        (KaggleApiHTTPError(500), ["500 Client Error", "try again"]),
        (FileExistsError("File already exists at x"), ["something is in", "--output"]),
        (PermissionError(13, "Permission denied"), ["cannot write to", "Permission denied"]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_goes_wrong_is_one_line_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception, messages: list[str]
):
    _failing(monkeypatch, error)
    with pytest.raises(EdgeEmotionError) as caught:
        fetch("fer2013", tmp_path)
    assert "\n" not in str(caught.value)
    assert all(message in str(caught.value) for message in messages)


def test_without_kagglehub_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(MissingExtra, match=r"pip install 'edge-emotion\[data\]'"):
        fetch("fer2013", tmp_path)


def test_an_unknown_set_is_refused_with_the_known_ones(tmp_path: Path):
    with pytest.raises(WrongUse, match=", ".join(SETS)):
        fetch("mnist", tmp_path)
