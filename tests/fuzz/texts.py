"""TOML, JSON and what a command line takes: settings, recipes, adapters, runs, addresses."""

import json
import random
import shutil
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import typer

from edge_emotion import cli, settings
from edge_emotion.modelfile import shipped_model
from edge_emotion_convert.budget import read_limits
from edge_emotion_device.cameras import is_live, network, open_camera
from edge_emotion_device.delegates.choice import parse_delegate
from edge_emotion_device.mqtt.address import parse_address as parse_broker
from edge_emotion_device.mqtt.address import read_login
from edge_emotion_device.peer import Peer
from edge_emotion_device.sinks.json_lines import JsonLines
from edge_emotion_device.web.address import parse_address
from edge_emotion_device.web.secret import configured_token
from edge_emotion_report.command import Outputs, report_files
from edge_emotion_report.goals import parse_goal
from edge_emotion_report.session.command import report_session
from edge_emotion_train.recipe import load_recipe, shipped_recipes
from edge_emotion_train.runs import newest_run, read_run
from fuzz.engine import Refused, Target, Try
from fuzz.mutate import as_json, mutated, reworded

_ROOT = Path(__file__).parents[2]
_RECORDED = _ROOT / "benchmarks/results/report"
_WORDS = (
    "a = [" + "[" * 2000, "a" + ".a" * 3000 + " = 1", "x = " + "9" * 5000, "d = 2026-99-99",
    "[run.run]",
    "[[run]]", "true", "1e999", "nan", "'''", "[a]\n[a]", "inf", "0o777", "{ a = 1, b = [] }",
)  # fmt: skip


def _damaged(draw: random.Random, text: str) -> bytes:
    lines = text.splitlines(keepends=True)
    for _ in range(draw.randint(0, 3)):
        place = draw.randrange(len(lines))
        kind = draw.random()
        if kind < 0.3:
            lines.pop(place)
        elif kind < 0.5:
            lines.insert(place, draw.choice(lines or [""]))
        else:
            lines.insert(place, draw.choice(_WORDS) + "\n")
        lines = lines or ["\n"]
    text = "".join(lines)
    if draw.random() < 0.7:
        text = reworded(draw, text, _WORDS)
    content = text.encode(errors="replace")
    return mutated(draw, content) if draw.random() < 0.1 else content


@contextmanager
def run_settings(folder: Path) -> Iterator[Try]:
    """`run --config`, as far as its options."""
    program: Any = typer.main.get_command(cli.app)
    right = '[run]\ncamera = "usb:0"\nmax_fps = 15\nheadless = true\nmqtt = "mqtt://a/b"\n'
    right += 'save = "/tmp/x"\nrotate_mb = 1.5\nkeep = 3\nweb = "8080"\n[serve]\nport = 1\n'
    usage_error: Any = cli._UsageError.__base__

    def attempt(draw: random.Random) -> None:
        file = folder / "settings.toml"
        file.write_bytes(_damaged(draw, right))
        with program.make_context("edge-emotion", ["run"]) as whole:
            command = program.commands["run"]
            with command.make_context("run", [], parent=whole) as context:
                try:
                    settings.read_settings(file, context)
                    command.make_context("run", ["--config", str(file)], parent=whole)
                except usage_error as error:
                    raise Refused("usage") from error

    yield attempt


@contextmanager
def toml_files(folder: Path) -> Iterator[Try]:
    """Recipes, adapters of peers, budgets, and the recipe of a run."""
    adapter = (
        f'name = "fer"\nmodel = "{shipped_model("emotion")}"\ntask = "emotion"\n[input]\n'
        "side_px = 48\nrange = [0.0, 1.0]\nchannels = 1\n[output]\n"
        'classes = ["Angry", "Disgust", "", "Happy", "Surprise"]\nsoftmax = false\n'
    )
    budget = "[emotion]\naccuracy_drop_points = 0.5\nrecall_drop_points = { Disgust = 5.0 }\n"
    budget += "[keypoints]\nrmse_increase_px = 0.15\npoint_increase_px = { nose_tip = 0.3 }\n"
    recipes = _ROOT / "train/edge_emotion_train/recipes"
    right: list[tuple[str, Callable[[Path], object]]] = [
        (adapter, Peer.read),
        (budget, lambda file: read_limits(file, None)),
    ]
    for task in ("emotion", "keypoints", "detector"):
        for name in shipped_recipes(typing.cast(Any, task)):
            text = (recipes / f"{task}_{name}.toml").read_text()
            right.append((text, lambda file, task=task: load_recipe(task, str(file))))

    def attempt(draw: random.Random) -> None:
        text, read = draw.choice(right)
        file = folder / "file.toml"
        file.write_bytes(_damaged(draw, text))
        read(file)

    yield attempt


@contextmanager
def runs(folder: Path) -> Iterator[Try]:
    """A run's folder, as `convert` and `evaluate` open it."""
    recipe = (_ROOT / "train/edge_emotion_train/recipes/keypoints_edge.toml").read_text()
    metrics = {"task": "keypoints", "mean_face": [[float(index), 2.0] for index in range(15)]}
    run = folder / "runs" / "mine"
    run.mkdir(parents=True)
    (run / "model.keras").touch()

    def attempt(draw: random.Random) -> None:
        broken = draw.random()
        (run / "recipe.toml").write_bytes(
            _damaged(draw, recipe) if broken < 0.5 else recipe.encode()
        )
        (run / "metrics.json").write_bytes(
            as_json(draw, metrics) if broken > 0.4 else json.dumps(metrics).encode()
        )
        newest_run("keypoints", folder / "runs")
        read_run(run)

    yield attempt


@contextmanager
def report_json(folder: Path) -> Iterator[Try]:
    """What `report` reads: files of benchmark, convert and evaluate."""
    files = [*_RECORDED.glob("*.json"), *_RECORDED.glob("eval/*.json")]
    documents = [json.loads(file.read_bytes()) for file in files]
    place = folder / "report"

    def attempt(draw: random.Random) -> None:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        for number in range(draw.randint(1, 3)):
            document = draw.choice(documents)
            (place / f"{number}.json").write_bytes(as_json(draw, document))
        outputs = Outputs(markdown=folder / "r.md", csv=folder / "r.csv")
        report_files([place], outputs=outputs, as_json=True)

    yield attempt


@contextmanager
def readings(folder: Path) -> Iterator[Try]:
    """A file of readings: `report --session`, and `run --output` that goes on with it."""
    from helpers.sinks import frame, reading

    lines = [{"run": {"started": "2026-11-21T22:00:00+01:00", "version": "0.1.0"}}]
    for index in range(30):
        lines += [reading(index, track).as_dict() for track in (1, 2)]
    right = [json.dumps(line).encode() for line in lines]
    file = folder / "readings.jsonl"

    def attempt(draw: random.Random) -> None:
        new = list(right)
        for _ in range(draw.randint(1, 5)):
            place = draw.randrange(len(new))
            new[place] = as_json(draw, lines[place])
        content = b"\n".join(new) + b"\n"
        file.write_bytes(mutated(draw, content) if draw.random() < 0.4 else content)
        if draw.random() < 0.3:
            with JsonLines.to_log(file, most_bytes=40_000, keep=2) as sink:
                sink.write(frame(1), [reading(1)])
        report_session([file], None, as_json=True)

    yield attempt


@contextmanager
def addresses(folder: Path) -> Iterator[Try]:
    """Cameras, brokers, page addresses, delegates, goals, tokens and logins."""
    secret = folder / "secret"
    (folder / "empty").mkdir()
    right = (
        "rtsp://me:secret@10.0.0.1:554/user=a&password=b", "http://[::1]:80/x?y=z", "usb:2",
        "csi:1", "demo",
        "mqtt://host:1883/prefix", "mqtts://[fe80::1]/a/b", "0.0.0.0:8080", "[::]:80",
        "localhost:0", "8080",
        "edgetpu:usb", "external:libx.so,a=b", "auto", "least latency with accuracy >= 0.7",
        str(folder / "empty"), str(folder), str(secret),
    )  # fmt: skip
    readers: tuple[Callable[[str], object], ...] = (
        parse_address, parse_broker, parse_delegate, parse_goal, network.split,
        network.without_password,
    )  # fmt: skip

    def attempt(draw: random.Random) -> None:
        text = reworded(draw, draw.choice(right))
        kind = draw.random()
        if kind < 0.6:
            draw.choice(readers)(text)
        elif kind < 0.75:
            with suppress(UnicodeEncodeError):
                secret.write_bytes(mutated(draw, b"user:secret\n"))
            draw.choice((read_login, configured_token))(secret)
        elif "://" not in text and not text.startswith("demo") and not is_live(text):
            with open_camera(text) as camera:
                camera.read()

    yield attempt


TARGETS = (
    Target("settings", run_settings, 8),
    Target("TOML files", toml_files, 9),
    Target("runs", runs, 5),
    Target("report's JSON", report_json, 4),
    Target("readings", readings, 6),
    Target("addresses", addresses, 10),
)
