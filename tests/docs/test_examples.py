"""Every shell example of the documentation does what it should; docs/examples.md has the rules."""

import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from helpers.documented import add_runs, make_world
from manual.examples import Example, Tables, blocks, examples, pages, read_tables
from manual.session import Session

TABLES = read_tables()
PAGES = [page for page in pages() if examples(page)]
# Of the package under test; `make release-check` names a fresh environment's.
BINARIES = Path(os.environ.get("EXAMPLES_BIN", Path(sys.executable).parent))
# So that every run comes to its end: cameras that go on, and networks that take their time.
BRIEF = {"EDGE_EMOTION_RUN_SECONDS": "1", "EDGE_EMOTION_BENCHMARK_MAX_SECS": "0.5"}
CAMERA = {"EDGE_EMOTION_RUN_CAMERA": "demo:loop"}
_SERVERS = re.compile(r"^edge-emotion (serve|run\b.* --web\b)")
_NO_SUCH_PROGRAM = 127
_PROGRAMS = ("jq", "mosquitto_sub", "mosquitto_pub", "openssl", "curl")


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="session")
def trained_world(tmp_path_factory):
    folder = make_world(tmp_path_factory.mktemp("trained"))
    add_runs(folder)
    return folder


def run_page(page: str, folder: Path, late: bool) -> None:
    """Run a page's examples one after the other."""
    chosen = [one for one in examples(page) if TABLES.why_not(one, late) is None]
    if not chosen:
        pytest.skip("docs/examples.md says why none is run")
    with Session(folder, BINARIES, BRIEF | CAMERA) as session:
        if "mqtt" in "".join(one.command for one in chosen):
            start_broker(session)
        for example in chosen:
            run_example(session, example, late)
        assert session.stop().code == 0, f"{page}: the server did not end as it should"


def run_example(session: Session, example: Example, late: bool) -> None:
    command = TABLES.as_run(example)
    if _SERVERS.match(example.bare):
        ended = session.serve(f"unset {' '.join(BRIEF)}\n{command}")
    else:
        ended = session.run(command, timeout_s=600 if late else 60)
    missing = [one for one in _PROGRAMS if one in command and shutil.which(one) is None]
    if ended.code == _NO_SUCH_PROGRAM and missing:
        pytest.skip(f"needs {', '.join(missing)}")
    assert ended.code == TABLES.code(example), f"{example}: {command}\n{ended.output[-3000:]}"


def start_broker(session: Session) -> None:
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("no mosquitto here; Debian has it in the package of this name")
    settings = r"printf 'listener 1883\nallow_anonymous true\nuser root\n' > broker.conf"
    listening = "until mosquitto_pub -t up -m 1 2> /dev/null; do sleep 0.1; done"
    started = session.run(f"{settings}\n{program} -c broker.conf > broker.txt 2>&1 &\n{listening}")
    assert started.code == 0, started.output


@pytest.mark.parametrize(
    "page",
    [page if page == "README.md" else pytest.param(page, marks=pytest.mark.slow) for page in PAGES],
)
def test_the_examples_of_a_page_run(page, world, tmp_path):
    shutil.copytree(world, tmp_path / "page", symlinks=True)
    run_page(page, tmp_path / "page", late=False)


@pytest.mark.docs
@pytest.mark.parametrize("page", PAGES)
def test_the_longer_examples_of_a_page_run(page, trained_world, tmp_path):
    if all(TABLES.why_not(one) is None for one in examples(page)):
        pytest.skip("the quick tests run all of it")
    shutil.copytree(trained_world, tmp_path / "page", symlinks=True)
    run_page(page, tmp_path / "page", late=True)


@pytest.mark.parametrize("table", ["never", "later", "codes"])
def test_every_pattern_fits_an_example(table):
    """One that fits none is left from an example that has changed."""
    every = [one for page in PAGES for one in examples(page)]
    names = [name for one in every for name in (one.bare, f"{one.page}: {one.bare}")]
    unused = [key for key in getattr(TABLES, table) if not any(fnmatchcase(n, key) for n in names)]
    assert unused == []


def test_what_stands_in_for_something_stands_in_an_example():
    commands = [one.command for page in PAGES for one in examples(page)]
    unused = [text for text in TABLES.instead if not any(text in one for one in commands)]
    assert unused == []


def test_most_examples_are_run():
    every = [one for page in PAGES for one in examples(page)]
    run = [one for one in every if TABLES.why_not(one) is None]
    late = [one for one in every if TABLES.why_not(one, late=True) is None]
    assert len(run) > 70 and len(late) > 110


TRANSCRIPT = """\
Text with $ signs.

    $ edge-emotion doctor   # all well?
    edge-emotion: this is output
    $ echo 'two
    lines'

```console
$ edge-emotion run --camera clip.mp4 \\
    --headless
frames 60
```

    edge-emotion models list
    [run]
    TOKEN=secret edge-emotion serve

- a list

      edge_emotion/ is no command
"""


def test_a_transcript_has_commands_after_a_sign_and_a_listing_programs(tmp_path, monkeypatch):
    monkeypatch.setattr("manual.examples.ROOT", tmp_path)
    (tmp_path / "page.md").write_text(TRANSCRIPT, encoding="utf-8")

    assert [(one.line, one.bare) for one in examples("page.md")] == [
        (3, "edge-emotion doctor"),
        (5, "echo 'two\nlines'"),
        (9, "edge-emotion run --camera clip.mp4 \\\n    --headless"),
        (14, "edge-emotion models list"),
        (16, "TOKEN=secret edge-emotion serve"),
    ]


def test_blocks_are_found_with_their_lines():
    assert [line for line, _ in blocks(TRANSCRIPT)] == [3, 9, 14, 20]


def test_the_tables_say_what_becomes_of_an_example():
    tables = Tables({"make*": "minutes"}, {"page.md: edge-emotion train": "seconds"}, {}, {"a*": 2})
    example = Example("page.md", 1, "make test  # all")

    assert tables.why_not(example) == "minutes"
    train = Example("page.md", 2, "edge-emotion train")
    assert (tables.why_not(train), tables.why_not(train, late=True)) == ("seconds", None)
    assert tables.why_not(Example("other.md", 2, "edge-emotion train")) is None
    assert (tables.code(example), tables.code(Example("page.md", 1, "ab"))) == (0, 2)


@pytest.fixture
def session(tmp_path):
    with Session(tmp_path, BINARIES, {"GIVEN": "1"}) as running:
        yield running


@pytest.mark.parametrize(
    ("command", "code", "output"),
    [
        ("echo $GIVEN", 0, "1\n"),
        ("false", 1, ""),
        ("no-such-program", 127, "no-such-program"),
        ("if then", 2, "syntax error"),
        ("echo out; echo err >&2; exit_code=3; (exit $exit_code)", 3, "out\nerr\n"),
    ],
)
def test_a_session_tells_how_a_command_ended(session, command, code, output):
    ended = session.run(command)
    assert ended.code == code and output in ended.output


def test_variables_stay_from_one_command_to_the_next(session):
    session.run("TOKEN=abc")
    assert session.run("echo $TOKEN").output == "abc\n"


def test_a_command_that_does_not_end_is_told(session):
    with pytest.raises(TimeoutError, match="sleep 60"):
        session.run("sleep 60", timeout_s=0.2)


def test_a_session_reaches_nobody_outside(session):
    if subprocess.run(["unshare", "-rn", "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("no network namespaces here")
    reached = session.run(
        "python3 -c \"import socket; socket.create_connection(('192.0.2.1', 80))\""
    )
    assert "unreachable" in reached.output
