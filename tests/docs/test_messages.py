"""What the manual quotes of the program's messages is what the program says."""

import re
from pathlib import Path

import pytest

from manual.messages import GAP, messages, texts

ROOT = Path(__file__).parents[2]
PAGES = ("troubleshooting.md", "device.md", "web.md")
# Said by something else than Python: the installer, the page in the browser.
OTHERS = ("device/install.sh", "device/edge_emotion_device/web/page/app.js")
_QUOTE = re.compile(r"`([^`]+)`([^|`]*)")


def quotes(page: str) -> list[str]:
    """The messages in the tables of a page that begin with a column `it says`."""
    found, inside = [], False
    for line in (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines():
        inside = line.startswith("|") and (inside or line.startswith("| it says |"))
        if inside and line.startswith("| `"):
            cell = re.split(r"(?<!\\)\|", line)[1]
            found += [
                quote.replace("\\|", "|")
                for quote, where in _QUOTE.findall(cell)
                if "systemd" not in where
            ]
    return found


@pytest.fixture(scope="module")
def said() -> list[str]:
    """Every text of the code, and each message whole, as it is put together."""
    others = [(ROOT / path).read_text(encoding="utf-8") for path in OTHERS]
    whole = ["; ".join(message.parts) for message in messages()]
    return [*texts(), *whole, *(" ".join(text.split()) for text in others)]


def is_said(quote: str, said: list[str]) -> bool:
    """Whether the words between a quotation's gaps stand in one text, in their order.

    A message may be put together of several texts: of `the token in …`, and of the rest.
    """
    words = [part.strip() for part in quote.removeprefix("expected ").split(GAP)]
    words = [word for word in words if word.strip(" ;:,")]
    pattern = re.compile(".*".join(map(re.escape, words)), re.DOTALL)
    if any(pattern.search(text) for text in said):
        return True
    return len(words) > 1 and all(is_said(word, said) for word in words)


@pytest.mark.parametrize(
    ("page", "quote"), [(page, quote) for page in PAGES for quote in quotes(page)]
)
def test_a_quoted_message_stands_in_the_code(page, quote, said):
    assert is_said(quote, said), f"{page} quotes what nobody says: {quote}"


def test_troubleshooting_has_messages_of_every_room(said):
    assert len(quotes("troubleshooting.md")) > 80


def test_a_message_that_nobody_says_is_noticed(said):
    assert is_said("no permission for …", said)
    assert not is_said("no permission from …", said)
    assert not is_said("…: reading at most … frames an hour", said)


def test_the_page_of_every_message_has_each_with_its_remedy():
    from manual.messages import page

    text = page()
    assert "- **no camera was found (…)**; connect one, or use --camera demo" in text
    assert "**every user of this machine can read the … in …" in text
    assert len(messages()) > 300


def test_the_page_of_every_message_has_whole_messages_only():
    from manual.messages import page

    text = page()
    assert "- **data fetch needs kagglehub, which is not installed**; install it with" in text
    assert "**data fetch**" not in text
    assert "- **…**; please report this line as a defect" in text  # a remedy is none by itself
