"""What MkDocs does not know by itself: pages made from the code, and files from all the repository.

- Links to files beside docs/ work in the repository; here they lead to copies of those files.
- Commands, messages and an example of a report are made from the code as it is.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from posixpath import normpath, relpath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from manual import commands, messages

ROOT = Path(__file__).resolve().parent.parent
COPIES = "files"  # where copies of the repository's files lie
BESIDE = {"contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md"}
ASSETS = {
    "assets/icon.svg": "device/edge_emotion_device/web/page/icon.svg",
    "assets/iframe-worker.js": "docs/overrides/iframe-worker.js",
    "assets/manual.css": "docs/overrides/manual.css",
}
REPORT = "recorded-report.html"
_LINK = re.compile(r"(!?\[(?:[^\[\]]|\[[^\]]*\])*\])\(([^)\s]+)\)")
_INLINE = re.compile(r"!\[([^\]]*)\]\(images/(way-of-a-frame\.svg)\)")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that are made, and copies of what pages link to outside of docs/."""
    made: dict[str, Callable[[], str]] = {
        "commands.md": commands.page,
        "messages.md": messages.page,
        REPORT: _report,
    }
    for name, make in made.items():
        files.append(File.generated(config, name, content=make()))
    for name, beside in {**BESIDE, **ASSETS}.items():
        files.append(File.generated(config, name, content=(ROOT / beside).read_text("utf-8")))
    for page in list(files.documentation_pages()):
        source = _source(page.src_uri)
        for _, target in _LINK.findall(page.content_string):
            path = _outside(source, target)
            copy = f"{COPIES}/{path}.txt"
            if path and (ROOT / path).is_file() and files.get_file_from_path(copy) is None:
                files.append(File.generated(config, copy, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    """Turn links to the repository's files into links to their copies, or to their pages."""
    source = _source(page.file.src_uri)

    def turned(link: re.Match[str]) -> str:
        return _turned(link[1], link[2], source, page.file.src_uri)

    return _INLINE.sub(_inlined, _LINK.sub(turned, markdown))


def _turned(words: str, target: str, source: str, page: str) -> str:
    path = _outside(source, target)
    if path is None:
        if source.startswith("docs/"):
            return f"{words}({target})"
        path = normpath(f"{Path(source).parent}/{target}").removeprefix("docs/")
        return f"{words}({target})" if ":" in target else f"{words}({path})"
    if (ROOT / path).is_file():
        back = {beside: name for name, beside in BESIDE.items()}
        there = back.get(path, f"{COPIES}/{path}.txt")
        return f"{words}({relpath(there, Path(page).parent.as_posix())})"
    if (ROOT / path).is_dir():
        return words.strip("[]")  # a folder has no page
    return f"{words}({target})"  # MkDocs says what is wrong with it


def _outside(source: str, target: str) -> str | None:
    """The path from the root of a link's target that lies outside of docs/; None for others."""
    if ":" in target or target.startswith(("#", "/")):
        return None
    path = normpath(f"{Path(source).parent.as_posix()}/{target.partition('#')[0]}")
    return None if path.startswith(("docs/", "..")) or path == "docs" else path


def _source(page: str) -> str:
    """The file that a page is made from, from the repository's root."""
    return BESIDE.get(page, f"docs/{page}")


def _inlined(picture: re.Match[str]) -> str:
    """The drawing itself, so that it takes the page's colours, light or dark."""
    svg = (ROOT / "docs/images" / picture[2]).read_text(encoding="utf-8")
    return f'<figure class="drawing">{svg[svg.index("<svg") :]}</figure>'


def _report() -> str:
    """The page of `make report`, from what is recorded."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "report.html")
        command = [sys.executable, "-m", "edge_emotion", "report", "benchmarks/results/report"]
        done = subprocess.run(
            [*command, "--output", page], cwd=ROOT, capture_output=True, text=True
        )
        if done.returncode:
            raise PluginError(f"no example of a report: {done.stderr.strip()}")
        return page.read_text(encoding="utf-8")
