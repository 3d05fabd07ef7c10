"""`edge-emotion data`: what it prints, what it writes, and bad data in one line."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from edge_emotion.cli import app
from edge_emotion.labels import KEYPOINT_COLUMNS
from helpers.commands import edge_emotion, edge_emotion_here, is_one_line
from helpers.drawn_faces import (
    emotion_faces,
    keypoint_faces,
    write_class_folders,
    write_fer2013_csv,
    write_keypoint_folder,
)

GRAY_48, GRAY_96 = (" ".join(["90"] * side * side) for side in (48, 96))


@pytest.fixture
def fer2013(tmp_path: Path) -> Path:
    faces = emotion_faces(25, seed=1)
    faces.images[3] = faces.images[24]  # row 24 is a test's
    faces.images[7] = 0
    write_fer2013_csv(tmp_path / "fer2013.csv", faces)
    return tmp_path / "fer2013.csv"


@pytest.mark.parametrize("command", ["inspect", "clean", "fetch"])
def test_every_help_shows_an_example_of_its_command(command: str):
    result = CliRunner().invoke(app, ["data", command, "--help"])

    assert result.exit_code == 0
    assert f"Example: edge-emotion data {command}" in " ".join(result.output.split())


def test_inspect_prints_facts_for_people(fer2013: Path):
    done = edge_emotion("data", "inspect", fer2013)

    assert done.returncode == 0 and done.stderr == ""
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "25 faces of 48x48 px" in lines
    assert "faces of Training PublicTest" in lines
    assert "Angry 4 1" in lines
    assert "Usage 0 text PublicTest: 6, Training: 24" in lines  # with the neutral faces


def test_inspect_tells_of_points(tmp_path: Path):
    faces = keypoint_faces(8, seed=1)
    faces.keypoints[:2, 10] = np.nan
    write_keypoint_folder(tmp_path, faces)
    done = edge_emotion_here("data", "inspect", tmp_path)

    assert "6 faces have all their points; 2 groups" in done.stdout
    assert any(line.split()[:2] == ["nose_tip", "2"] for line in done.stdout.splitlines())


def test_inspect_prints_json_and_writes_a_page(fer2013: Path, tmp_path: Path):
    page = tmp_path / "new" / "page.html"
    done = edge_emotion_here("data", "inspect", fer2013, "--json", "--html", page)

    found = json.loads(done.stdout)
    assert found["faces"] == 25
    assert found["duplicates"]["across"] == 1
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_clean_lists_what_should_not_train(fer2013: Path, tmp_path: Path):
    left_out = tmp_path / "left_out.csv"
    done = edge_emotion_here("data", "clean", fer2013, "--output", left_out)

    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        f"2 of 25 rows to leave out, listed in {left_out}",
        "      1 also in another split",
        "      1 blank picture",
    ]
    # drawn face 3 is row 4 and face 24 row 28, because neutral faces stand between them
    assert left_out.read_text().splitlines() == [
        "row,name,reason",
        "4,row 4,also in another split: row 28 of PublicTest",
        "9,row 9,blank picture",
    ]


def test_clean_takes_ferplus_word_for_what_is_no_face(fer2013: Path, tmp_path: Path):
    columns = "Usage,Image name,anger,disgust,sadness,happiness,surprise"
    votes = ["x,,0,0,0,0,0" if row == 2 else f"x,fer{row}.png,9,0,0,0,0" for row in range(30)]
    (tmp_path / "fer2013new.csv").write_text("\n".join([columns, *votes]))
    left_out = tmp_path / "left_out.csv"
    ferplus = ("--ferplus", tmp_path / "fer2013new.csv")
    done = edge_emotion_here("data", "clean", fer2013, "--output", left_out, *ferplus)

    assert done.returncode == 0
    assert '2,row 2,"not a face, says FER+"' in left_out.read_text().splitlines()


def _points(value: str = "40") -> str:
    return ",".join([value, *["40"] * 29])


KEYPOINT_HEADER = ",".join(KEYPOINT_COLUMNS)
BAD_FILES = {
    "a missing column": ("emotion,Usage\n3,Training\n", "no column pixels", ""),
    "pixels too few": (f"emotion,pixels\n3,{GRAY_48}\n3,1 2 3\n", "line 3: 3 pixels", "2304"),
    "a label out of range": (
        f"emotion,pixels,Usage\n7,{GRAY_48},Training\n",
        "line 2: emotion '7'",
        "a whole number from 0 to 6",
    ),
    "a gray value out of range": (
        f"emotion,pixels\n3,{GRAY_48[:-2]}256\n",
        "line 2: gray values 90 to 256",
        "0 to 255",
    ),
    "a missing keypoint column": (
        f"{KEYPOINT_HEADER.replace('nose_tip_x,', '')},Image\n{_points()[3:]},{GRAY_96}\n",
        "no column nose_tip_x",
        "",
    ),
    "a point outside its picture": (
        f"{KEYPOINT_HEADER},Image\n{_points('140')},{GRAY_96}\n",
        "line 2: left_eye_center_x is 140",
        "a place inside 96x96 px",
    ),
}


@pytest.mark.parametrize(("content", "found", "expected"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_row_is_named_with_file_line_and_remedy(
    tmp_path: Path, content: str, found: str, expected: str
):
    path = tmp_path / "faces.csv"
    path.write_text(content)
    done = edge_emotion_here("data", "inspect", path)

    assert done.returncode == 1
    assert is_one_line(done.stderr) and done.stdout == ""
    assert all(part in done.stderr for part in (str(path), found, expected))
    assert "correct or remove that row" in done.stderr or "right file" in done.stderr


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda root: (root / "sad" / "0002.png").write_bytes(b"GIF89a"), "sad/0002.png is not a"),
        (lambda root: (root / "angry" / "0000.png").unlink(), "no pictures in a folder angry"),
        (lambda root: (root / "happy").rename(root / "glad"), "no pictures in a folder happy"),
    ],
    ids=["no picture", "an empty class", "a missing class"],
)
def test_bad_class_folders_are_named(tmp_path: Path, spoil, found: str):
    write_class_folders(tmp_path, emotion_faces(5, seed=1))
    spoil(tmp_path)
    done = edge_emotion_here("data", "clean", tmp_path, "--output", tmp_path / "left_out.csv")

    assert done.returncode == 1
    assert is_one_line(done.stderr) and found in done.stderr
    assert not (tmp_path / "left_out.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["inspect"], "argument"),
        (["clean", "x.csv"], "--output"),
        (["fetch", "mnist"], "expected one of fer2013, fer2013-folders, keypoints"),
    ],
    ids=" ".join,
)
def test_wrong_use_is_one_line_and_exit_code_2(arguments: list[str], found: str):
    done = edge_emotion_here("data", *arguments)

    assert done.returncode == 2
    assert found in done.stderr and is_one_line(done.stderr)


def test_ferplus_goes_with_fer2013s_csv_alone(tmp_path: Path):
    write_class_folders(tmp_path / "set", emotion_faces(5, seed=1))
    given = ["--ferplus", "fer2013new.csv", "--output", "left_out.csv"]
    done = edge_emotion_here("data", "clean", tmp_path / "set", *given, cwd=tmp_path)

    assert done.returncode == 2
    assert is_one_line(done.stderr) and "expected FER2013's CSV" in done.stderr


def test_a_page_that_cannot_be_written_is_one_line(fer2013: Path, tmp_path: Path):
    (tmp_path / "file").write_text("")
    done = edge_emotion_here("data", "inspect", fer2013, "--html", tmp_path / "file" / "page.html")

    assert done.returncode == 1
    assert is_one_line(done.stderr) and "cannot write" in done.stderr
