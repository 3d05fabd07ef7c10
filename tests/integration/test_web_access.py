"""Who may see the page: this machine, or who knows the token."""

import re
import socket
from urllib.parse import quote, urlsplit

import pytest
import requests

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_device.web.secret import VARIABLE
from helpers.commands import edge_emotion, is_one_line
from helpers.web_sinks import web_sink

SOON_S = 10
TOKEN = "a-token,=;\"with\\signs&%20'"
OPEN = ["healthz", "style.css", "app.js", "icon.svg"]
GUARDED = ["api/readings", "api/vitals", "api/events", "stream.mjpg", "snapshot.jpg", "nothing"]


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture(scope="module")
def sink():
    """For this machine alone, without a token."""
    with web_sink() as opened:
        yield opened


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("web") / "token"
    path.touch(0o600)
    path.write_text(TOKEN)
    return path


@pytest.fixture(scope="module")
def guarded(file):
    """For this machine alone, with a token."""
    with web_sink(web_token_file=file) as opened:
        yield opened


def get(url, **given) -> requests.Response:
    return requests.get(url, timeout=SOON_S, allow_redirects=False, **given)


# Without a token


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8080", "LOCALHOST", "127.0.0.1:9", "127.1.2.3", "[::1]", "[::1]:80"],
)
def test_on_this_machine_whoever_names_it_may_look(sink, host):
    assert get(sink.url, headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:80",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "10.0.0.1",
        "[2001:db8::1]",
        "",
        ":",
        "[",
        "0",
    ],
)
def test_a_page_whose_name_was_turned_to_this_machine_gets_nothing(sink, host):
    for path in ("", "api/readings", "stream.mjpg", "nothing"):
        reply = get(sink.url + path, headers={"host": host})
        assert reply.status_code == 421
        assert "frame" not in reply.text


def test_every_answer_tells_browsers_what_not_to_do(sink, guarded):
    replies = [
        get(sink.url + path) for path in ("", "app.js", "api/vitals", "nothing", "snapshot.jpg")
    ]
    replies += [
        requests.post(sink.url, timeout=SOON_S),
        get(guarded.url),
        get(guarded.url + "api/vitals"),
    ]
    assert {reply.status_code for reply in replies} == {200, 404, 503, 405, 401}
    for reply in replies:
        assert reply.headers["content-security-policy"].startswith("default-src 'self'; ")
        assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert reply.headers["x-frame-options"] == "DENY"
        assert reply.headers["cross-origin-resource-policy"] == "same-origin"
        assert reply.headers["cache-control"] == "no-store"
        assert not any(name.lower().startswith("access-control") for name in reply.headers)


# With one


@pytest.mark.parametrize("path", GUARDED)
def test_without_the_token_there_is_nothing_to_see(guarded, path):
    for headers in (
        {},
        {"authorization": "Bearer"},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": "Bearer \u00fc\u00ff".encode("latin-1")},
        {"cookie": "edge-emotion-80=x"},
    ):
        reply = get(guarded.url + path, headers=headers)
        assert reply.status_code == 401
        assert reply.headers["www-authenticate"].startswith("Bearer")
    assert get(f"{guarded.url}{path}?token={quote(TOKEN)}").status_code == 401


@pytest.mark.parametrize("path", OPEN)
def test_what_tells_nothing_is_for_all(guarded, path):
    reply = get(guarded.url + path, headers={"host": "elsewhere"})

    assert reply.status_code == 200
    assert "usb:0" not in reply.text


def test_a_program_sends_it_as_a_header_and_may_name_any_host(guarded):
    for scheme in ("Bearer", "bearer"):
        headers = {"authorization": f"{scheme} {TOKEN}", "host": "camera.example"}
        assert get(guarded.url + "api/readings", headers=headers).status_code == 200


def test_a_browser_is_asked_for_it_and_keeps_it_in_a_cookie(guarded):
    asked = get(guarded.url)
    assert asked.status_code == 401
    assert '<input id="token" name="token" type="password"' in asked.text
    wrong = get(f"{guarded.url}?token=wrong")
    assert wrong.status_code == 401
    assert 'data-wrong="no"' in asked.text and 'data-wrong="yes"' in wrong.text

    welcome = get(f"{guarded.url}?token={quote(TOKEN)}")
    assert (welcome.status_code, welcome.headers["location"]) == (303, "./")
    name = f"edge-emotion-{urlsplit(guarded.url).port}"
    assert re.match(rf"{name}=.*; HttpOnly; .*SameSite=lax$", welcome.headers["set-cookie"])
    assert "Path=" not in welcome.headers["set-cookie"]  # for this page alone, below a proxy too

    cookie = welcome.headers["set-cookie"].partition("; HttpOnly")[0]
    assert get(guarded.url, headers={"cookie": f"other=1; {cookie}"}).status_code == 200
    assert get(guarded.url + "api/vitals", headers={"cookie": cookie}).status_code == 200
    again = get(f"{guarded.url}?token={quote(TOKEN)}", headers={"cookie": cookie})
    assert again.status_code == 303  # out of the address once more


def test_behind_tls_the_cookie_is_for_tls_alone(guarded):
    headers = {"x-forwarded-proto": "https"}
    welcome = get(f"{guarded.url}?token={quote(TOKEN)}", headers=headers)
    assert welcome.headers["set-cookie"].endswith("; Secure")


def test_the_environment_may_have_it_and_it_is_not_told(monkeypatch, capsys):
    monkeypatch.setenv(VARIABLE, "from-the-environment")
    with web_sink() as opened:
        assert get(opened.url).status_code == 401
        assert get(opened.url, headers={"authorization": "Bearer from-the-environment"}).ok

    assert "from-the-environment" not in capsys.readouterr().err


@pytest.mark.parametrize("web", ["0.0.0.0:0", "[::]:0", "[::0]:0"])
def test_where_others_can_reach_it_one_is_made_up_and_told_once(web, capsys):
    with web_sink(web=web) as opened:
        said = capsys.readouterr().err
        port, token = urlsplit(opened.url).port, urlsplit(opened.url).query
        here = f"http://{'[::1]' if ':' in web[1:4] else '127.0.0.1'}:{port}/"
        assert said.count("\n") == said.count(token) == 1
        assert socket.gethostname() in said
        assert get(here).status_code == 401
        assert get(f"{here}?{token}").status_code == 303


# What cannot be


def test_a_port_in_use_is_told_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = edge_emotion("run", "--camera", "demo", "--headless", "--web", str(port))

    assert (done.returncode, done.stdout) == (1, "")
    assert is_one_line(done.stderr)
    assert f"127.0.0.1:{port}: Address already in use; choose another --web" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--web", "nowhere"], 2, "expected [HOST:]PORT"),
        (["--web", "203.0.113.7:0"], 1, "Cannot assign requested address"),
        (["--web", "no..name:0"], 1, "cannot listen on no..name:0"),
        (["--web", "0", "--web-token-file", "/nothing/there"], 2, "No such file"),
    ],
    ids=["no address", "not ours", "no name", "no token"],
)
def test_what_cannot_be_served_is_told_in_one_line(arguments, code, said):
    done = edge_emotion("run", "--camera", "demo", "--headless", *arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert is_one_line(done.stderr)
    assert said in done.stderr


def test_nothing_is_left_open_after_a_token_that_cannot_be_used(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(EdgeEmotionError), web_sink(web=str(port), web_token_file=tmp_path):
        pass
    with web_sink(web=str(port)) as opened:
        assert get(opened.url).ok
