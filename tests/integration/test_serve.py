"""`edge-emotion serve` as a process: how it starts and ends, and versions that change meanwhile."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import partial

import numpy as np
import pytest
import requests

from edge_emotion.modelfile import shipped_model
from helpers.commands import edge_emotion, is_one_line
from helpers.servers import serving

FACE = json.dumps({"signature_name": "serving_bytes", "instances": [[[[90]] * 48] * 48]})


def add(folder, task="emotion"):
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(shipped_model(task), folder / "model.tflite")


def wait_for(condition, limit_s=10.0):
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_shipped_models_answer_under_their_names():
    with serving() as server:
        states = [
            requests.get(f"{server.url}/{name}", timeout=10).json()["model_version_status"]
            for name in ("emotion_ai", "keypoints", "emotion_ai_combined")
        ]
        reply = requests.post(f"{server.url}/emotion_ai:predict", FACE, timeout=10)

    assert [[version["version"] for version in state] for state in states] == [["1"]] * 3
    assert np.sum(reply.json()["predictions"]) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("dash", ["-", "_"], ids=["ours", "as tensorflow_model_server"])
def test_one_model_is_served_from_its_own_folder(tmp_path, dash):
    add(tmp_path / "7")
    flags = [f"--model{dash}name=faces", f"--model{dash}base{dash}path={tmp_path}"]

    with serving(*flags) as server:
        reply = requests.post(f"{server.url}/faces/versions/7:predict", FACE, timeout=10)

    assert np.shape(reply.json()["predictions"]) == (1, 5)
    assert server.told[0] == "edge-emotion: serving faces, version 7"


def test_a_switch_of_versions_loses_no_request(tmp_path):
    add(tmp_path / "emotion_ai" / "1")
    statuses, over = [], threading.Event()

    def ask(url):
        with requests.Session() as session:
            while not over.is_set():
                reply = session.post(f"{url}/emotion_ai:predict", FACE, timeout=10)
                statuses.append(reply.status_code)

    with serving("--models", tmp_path) as server:
        clients = [threading.Thread(target=ask, args=(server.url,)) for _ in range(4)]
        for client in clients:
            client.start()
        for version in (2, 3, 4):
            add(tmp_path / "emotion_ai" / str(version))
            line = f"edge-emotion: serving emotion_ai, version {version}"
            wait_for(partial(server.told.__contains__, line))
            shutil.rmtree(tmp_path / "emotion_ai" / str(version - 1))
        over.set()
        for client in clients:
            client.join()

    assert set(statuses) == {200}
    assert len(statuses) > 20


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_within_two_seconds(number, code):
    with serving() as server:
        idle = socket.create_connection(("127.0.0.1", server.port))
        halfway = socket.create_connection(("127.0.0.1", server.port))
        halfway.sendall(
            b"POST /v1/models/emotion_ai:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"
        )
        requests.post(f"{server.url}/emotion_ai:predict", FACE, timeout=10)
        start = time.monotonic()
        server.process.send_signal(number)

        assert server.process.wait(5) == code
        assert time.monotonic() - start < 2
        idle.close()
        halfway.close()
    assert not any("Traceback" in line for line in server.told)


def test_a_request_that_is_being_answered_is_answered_before_the_end():
    faces = json.dumps({"signature_name": "serving_bytes", "instances": [[[[9]] * 48] * 48] * 200})
    with serving() as server, requests.Session() as session:
        session.get(f"{server.url}/emotion_ai", timeout=10)
        ender = threading.Timer(0.05, server.process.terminate)
        ender.start()
        reply = session.post(f"{server.url}/emotion_ai:predict", faces, timeout=10)

        assert np.shape(reply.json()["predictions"]) == (200, 5)
        assert server.process.wait(5) == 0


def test_a_port_in_use_is_told_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = edge_emotion("serve", "--port", str(taken.getsockname()[1]))

    assert done.returncode == 1
    assert "Address already in use; choose another --host or --port" in done.stderr
    assert is_one_line(done.stderr)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--host", "no.such.host.invalid"], 1, "cannot listen on no.such.host.invalid:8501: "),
        (["--models", "{tmp}/none"], 1, "cannot read the models in {tmp}/none: No such file"),
        (
            ["--models", "{tmp}"],
            1,
            "no model to serve in {tmp}; expected a folder for each version",
        ),
        (["--model-base-path", "{tmp}"], 1, "no model to serve in {tmp}; expected a folder"),
        (["--models", "{tmp}", "--model-base-path", "{tmp}"], 2, "--models and --model-base-path"),
        (["--port", "99999"], 2, "Invalid value for '--port'"),
        (["--threads", "0"], 2, "Invalid value for '--threads'"),
    ],
)
def test_what_cannot_be_served_is_told(tmp_path, arguments, code, message):
    done = edge_emotion("serve", *(argument.format(tmp=tmp_path) for argument in arguments))

    assert done.returncode == code
    assert message.format(tmp=tmp_path) in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_the_options_may_stand_in_a_file(tmp_path):
    add(tmp_path / "models" / "emotion_ai" / "5")
    file = tmp_path / "settings.toml"
    file.write_text(f'[serve]\nmodels = "{tmp_path / "models"}"\nthreads = 1\n')

    with serving("--config", file) as server:
        assert requests.get(f"{server.url}/emotion_ai/versions/5", timeout=10).ok


def test_without_the_extra_one_line_brings_it():
    code = (
        "import sys, importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name == 'orjson' else find(name, *more)\n"
        "sys.argv = ['edge-emotion', 'serve']\n"
        "from edge_emotion.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.returncode == 2
    assert is_one_line(done.stderr)
    assert "pip install 'edge-emotion[web]'" in done.stderr


def test_other_machines_reach_it_only_when_told_so():
    with serving("--host", "0.0.0.0") as server:
        wait_for(lambda: any("neither password nor encryption" in line for line in server.told))
    with serving() as server:
        assert "127.0.0.1" in server.url
        assert not any("password" in line for line in server.told)
