"""Addresses of brokers and logins: what is taken, and what is refused without telling secrets."""

from pathlib import Path

import pytest

from edge_emotion.errors import WrongUse
from edge_emotion_device.mqtt.address import (
    LOGIN_VARIABLE,
    Address,
    Login,
    parse_address,
    read_login,
    tls_context,
)

PLAIN = Address("broker", 1883, False, "home/hall")


@pytest.mark.parametrize(
    ("url", "host", "port", "tls", "prefix"),
    [
        ("mqtt://broker", "broker", 1883, False, "edge-emotion/pi4"),
        ("mqtt://broker/", "broker", 1883, False, "edge-emotion/pi4"),
        ("mqtts://broker", "broker", 8883, True, "edge-emotion/pi4"),
        ("MQTT://Broker.lan:1884/home/hall", "broker.lan", 1884, False, "home/hall"),
        ("mqtt://broker/home/hall/", "broker", 1883, False, "home/hall"),
        ("mqtt://broker/caf%C3%A9", "broker", 1883, False, "café"),
        ("mqtt://[::1]:99/x", "::1", 99, False, "x"),
    ],
)
def test_an_address_has_its_parts(url, host, port, tls, prefix):
    assert parse_address(url, "pi4") == Address(host, port, tls, prefix)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "broker",
        "broker:1883",
        "http://broker",
        "mqtt:broker",
        "mqtt://",
        "mqtt://:1883",
        "mqtt://broker:0",
        "mqtt://broker:65536",
        "mqtt://broker:port",
        "mqtt://[::1",
        f"mqtt://{'a' * 64}.lan",
        "mqtt://a..lan",
        "mqtt://broker?x=1",
        "mqtt://broker/a/#",
        "mqtt://broker/a/%23",
        "mqtt://broker/a/+/b",
        "mqtt://broker/a//b",
        "mqtt://broker/a b",
        "mqtt://br oker",
        "mqtt://bro\x00ker",
        "mqtt://bro\nker",
        "mqtt://bro\x1bker",
        "mqtt://broker/$SYS",
        "mqtt://broker/a%00b",
        "mqtt://broker/a\udcff",
        f"mqtt://broker/{'a' * 201}",
    ],
)
def test_what_is_no_address_is_refused_in_one_line(url):
    with pytest.raises(WrongUse) as caught:
        parse_address(url, "pi4")
    assert str(caught.value).isprintable() and "expected " in str(caught.value)


@pytest.mark.parametrize(
    "url", ["mqtt://me:secret@broker", "mqtt://me:se/cret@broker", "me@broker"]
)
def test_a_login_in_the_address_is_refused_and_not_repeated(url):
    with pytest.raises(WrongUse) as caught:
        parse_address(url)
    assert "--mqtt-login-file" in str(caught.value) and LOGIN_VARIABLE in str(caught.value)
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mqtt://me:secret", "mqtt://me…"),
        ("mqtt://me:secret/home", "mqtt://me…"),
        ("mqtt://me:1secret", "mqtt://me…"),
        ("mqtt://me:secret%40broker", "mqtt://me…"),
        ("me:secret", "me…"),
        ("mqtt://broker?password=secret", "mqtt://broker…"),
        ("mqtt://broker:1883/home?password=secret", "mqtt://broker:1883/home…"),
        ("mqtt://broker#secret", "mqtt://broker…"),
        ("mqtt://broker:65536", "mqtt://broker:65536"),
        ("http://broker:1883/home", "http://broker:1883/home"),
    ],
)
def test_what_is_no_address_is_shown_without_what_may_be_a_password(url, shown):
    with pytest.raises(WrongUse) as caught:
        parse_address(url)
    assert caught.value.found == f"--mqtt '{shown}'"


@pytest.mark.parametrize(
    ("hostname", "prefix"),
    [
        ("raspberrypi", "edge-emotion/raspberrypi"),
        ("pi.lan", "edge-emotion/pi.lan"),
        ("my pi+#/ä", "edge-emotion/my_pi____"),
    ],
)
def test_a_hostname_cannot_spoil_the_topics(hostname, prefix):
    assert parse_address("mqtt://broker", hostname).prefix == prefix


def test_messages_name_the_broker_with_its_port():
    assert parse_address("mqtt://broker").name == "broker:1883"
    assert parse_address("mqtt://[::1]:99").name == "[::1]:99"


def secret(tmp_path: Path, text: str | bytes, mode: int = 0o600) -> Path:
    file = tmp_path / "login"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    file.chmod(mode)
    return file


@pytest.mark.parametrize("text", ["me:secret", "me:secret\n", "me:secret\r\n"])
def test_a_login_comes_from_its_file(tmp_path, text):
    assert read_login(secret(tmp_path, text), {LOGIN_VARIABLE: "you:x"}) == Login("me", "secret")


def test_a_login_comes_from_the_environment_and_may_hold_colons_and_spaces():
    assert read_login(None, {LOGIN_VARIABLE: "me:a: b"}) == Login("me", "a: b")
    assert read_login(None, {}) is None


@pytest.mark.parametrize(
    "text", ["", "\n", "secret", ":secret", "me:secret\nyou:other", b"me:a\x00b"]
)
def test_a_file_without_a_login_is_refused_and_not_repeated(tmp_path, text):
    with pytest.raises(WrongUse, match="expected one line, user:password") as caught:
        read_login(secret(tmp_path, text), {})
    assert "secret" not in str(caught.value)


def test_a_login_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(WrongUse, match="expected text in UTF-8"):
        read_login(secret(tmp_path, b"\xff:\xff"), {})
    with pytest.raises(WrongUse, match="No such file"):
        read_login(tmp_path / "missing", {})
    with pytest.raises(WrongUse, match="Is a directory"):
        read_login(tmp_path, {})


def test_a_login_that_is_too_long_is_refused_and_not_cut(tmp_path):
    assert read_login(secret(tmp_path, f"me:{'x' * 4093}"), {}).password == 4093 * "x"
    with pytest.raises(WrongUse, match="expected 4096 bytes at most") as caught:
        read_login(secret(tmp_path, f"me:{'x' * 4094}"), {})
    assert "xx" not in str(caught.value).replace(str(tmp_path), "")


def test_a_login_that_everybody_may_read_is_told(tmp_path, capsys):
    assert read_login(secret(tmp_path, "me:secret", 0o644), {}) == Login("me", "secret")
    told = capsys.readouterr().err
    assert told.startswith("edge-emotion: every user of this machine") and "chmod o-r" in told
    assert "secret" not in told


def test_a_login_does_not_show_its_password():
    assert "secret" not in repr(Login("me", "secret"))


def test_an_own_authority_is_trusted_and_a_plain_connection_needs_none(tmp_path):
    assert tls_context(PLAIN, None) is None
    encrypted = Address("broker", 8883, True, "x")
    assert tls_context(encrypted, None).verify_mode.name == "CERT_REQUIRED"
    with pytest.raises(WrongUse, match="begins with mqtts://"):
        tls_context(PLAIN, tmp_path / "ca.crt")


def test_certificates_that_cannot_be_used_are_refused(tmp_path):
    encrypted = Address("broker", 8883, True, "x")
    with pytest.raises(WrongUse, match="No such file"):
        tls_context(encrypted, tmp_path / "ca.crt")
    (tmp_path / "ca.crt").write_text("no certificate")
    with pytest.raises(WrongUse, match="expected a PEM file"):
        tls_context(encrypted, tmp_path / "ca.crt")
