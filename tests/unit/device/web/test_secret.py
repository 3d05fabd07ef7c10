import pytest

from edge_emotion_device.web.secret import VARIABLE, configured_token, new_token
from helpers.refusals import refusal


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "token"
    path.touch(0o600)
    return path


def test_there_is_none_unless_one_is_configured():
    assert configured_token(None) is None


def test_the_file_goes_before_the_environment(file, monkeypatch):
    monkeypatch.setenv(VARIABLE, "from-the-environment")
    assert configured_token(None) == "from-the-environment"

    file.write_text("from-the-file\n")
    assert configured_token(file) == "from-the-file"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"short", "is not fit"),
        (b"two words", "is not fit"),
        (b"line\nline", "is not fit"),
        ("schlüssel".encode(), "is not fit"),
        (b"\xff" * 20, "is none"),
        (b"a" * 10_000, "is too long"),
    ],
)
def test_a_file_without_a_token_is_refused_in_one_line(file, content, said):
    file.write_bytes(content)

    assert said in refusal(lambda: configured_token(file))


def test_an_empty_variable_is_refused_and_not_taken_for_none(monkeypatch):
    monkeypatch.setenv(VARIABLE, "")

    assert VARIABLE in refusal(lambda: configured_token(None))


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_file_that_cannot_be_read_is_refused_in_one_line(tmp_path, name):
    assert "--web-token-file" in refusal(lambda: configured_token(tmp_path / name))


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, False), (0o644, True)])
def test_a_file_that_everybody_can_read_is_told(file, mode, warned, capsys):
    file.write_text("a-good-token")
    file.chmod(mode)

    assert configured_token(file) == "a-good-token"
    assert ("every user of this machine" in capsys.readouterr().err) == warned


def test_one_that_is_made_up_is_long_and_new():
    assert len(new_token()) >= 20
    assert new_token() != new_token()
