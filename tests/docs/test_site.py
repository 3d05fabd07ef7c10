"""The manual as it is built: nothing warns, links lead somewhere, nothing comes from elsewhere."""

import re
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from manual import way_of_a_frame
from manual.commands import page as commands_page
from manual.examples import blocks

ROOT = Path(__file__).parents[2]
# What makes a browser fetch something, beside links that are followed when somebody clicks.
LOADS = {"script": "src", "img": "src", "iframe": "src", "link": "href", "source": "src"}


class Links(HTMLParser):
    """The links, loads and anchors of a page."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.followed: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors |= {given[key] for key in ("id", "name") if given.get(key)}
        if tag == "a" and given.get("href"):
            self.followed.append(given["href"])
        if LOADS.get(tag) in given and given.get("rel") not in ("next", "prev", "canonical"):
            self.loaded.append(given[LOADS[tag]])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built manual; building ends with an error where anything warns."""
    pytest.importorskip("mkdocs", reason="needs the extra docs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def pages(site):
    found = {file: Links(file) for file in site.rglob("*.html") if file.name != "404.html"}
    assert len(found) > 30
    return found


def is_elsewhere(link: str) -> bool:
    return bool(urlsplit(link).scheme or urlsplit(link).netloc)


def missing(links: list[str], page: Path, pages: dict[Path, Links]) -> list[str]:
    """The links that lead to no file, or to no place in it."""
    lost = []
    for link in links:
        parts = urlsplit(link)
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        anchors = pages[target].anchors if target in pages else set()
        if not target.is_file() or (parts.fragment and unquote(parts.fragment) not in anchors):
            lost.append(link)
    return lost


def test_every_link_inside_leads_to_a_file_and_a_place_in_it(pages):
    lost = []
    for page, links in pages.items():
        inside = [link for link in links.followed + links.loaded if not is_elsewhere(link)]
        lost += [f"{page.name}: {link}" for link in missing(inside, page, pages)]
    assert lost == []


def test_nothing_is_loaded_from_elsewhere(site, pages):
    loaded = {link for links in pages.values() for link in links.loaded if is_elsewhere(link)}
    assert {link for link in loaded if not link.startswith("data:")} == set()
    for style in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", style.read_text("utf-8"))


def test_a_link_to_nowhere_is_noticed(site, pages):
    page = site / "index.html"
    assert missing(["nowhere.html", "#nowhere", "contracts.html#nowhere"], page, pages) == [
        "nowhere.html",
        "#nowhere",
        "contracts.html#nowhere",
    ]
    assert missing(["contracts.html#one-reading"], page, pages) == []


def test_every_page_of_docs_is_in_the_manual(site):
    for source in (ROOT / "docs").rglob("*.md"):
        built = site / source.relative_to(ROOT / "docs").with_suffix(".html")
        assert built.is_file(), source


def test_every_code_block_is_one_in_the_manual(site):
    """Lists want four more columns here than elsewhere, or their code becomes text."""
    lost = []
    for source in (ROOT / "docs").rglob("*.md"):
        built = site / source.relative_to(ROOT / "docs").with_suffix(".html")
        code = "".join(re.findall(r"<pre.*?</pre>", built.read_text("utf-8"), re.DOTALL))
        plain = "".join(unescape(re.sub(r"<[^>]+>", "", code)).split())
        for line, block in blocks(source.read_text(encoding="utf-8")):
            if "".join(block[0].split()) not in plain:
                lost.append(f"{source.name}:{line} {block[0]}")
    assert lost == []


def test_the_example_of_a_report_is_a_whole_page(site):
    text = (site / "recorded-report.html").read_text(encoding="utf-8")
    assert "What to run" in text and "accuracy" in text.casefold()


def test_files_beside_the_documentation_are_there_to_be_read(site):
    assert (site / "files/tests/smoke.py.txt").read_text() == (ROOT / "tests/smoke.py").read_text()


def test_every_command_and_option_is_on_a_page():
    text = commands_page()
    for command in ("run", "train", "data inspect", "models verify", "report", "serve"):
        assert f"\n## {command}\n" in text
    assert "| `--max-fps` | Read at most N frames a second. |" in text


def test_the_drawing_of_a_frames_way_is_the_scripts():
    """`python manual/way_of_a_frame.py` draws it again."""
    assert way_of_a_frame.FILE.read_text(encoding="utf-8") == way_of_a_frame.draw()


@pytest.mark.parametrize("box", way_of_a_frame.BOXES, ids=lambda box: box.title)
def test_what_the_drawing_names_is_there(box):
    room = ROOT if box.module.startswith("/") else ROOT / "device/edge_emotion_device"
    assert (room / box.module.lstrip("/")).exists()
