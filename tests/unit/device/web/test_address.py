import pytest

from edge_emotion_device.web.address import parse_address
from helpers.refusals import refusal


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("8080", "127.0.0.1", 8080),
        ("0", "127.0.0.1", 0),
        ("0.0.0.0:80", "0.0.0.0", 80),
        ("localhost:65535", "localhost", 65535),
        ("raspberrypi.local:8080", "raspberrypi.local", 8080),
        ("[::]:8080", "::", 8080),
        ("[fe80::1%eth0]:8080", "fe80::1%eth0", 8080),
    ],
)
def test_a_port_may_have_a_host_before_it(text, host, port):
    assert parse_address(text) == (host, port)


@pytest.mark.parametrize(
    "text",
    [
        "", "page", ":8080", "host:", "host:page", "8080 ", "65536", "-1", "1.5", "²", "host:٣",
        "::1:8080", "[]:8080", "http://host:8080", "host:8080/page",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_in_one_line(text):
    said = refusal(lambda: parse_address(text))

    assert said.startswith("--web")
    assert "0.0.0.0:8080" in said
