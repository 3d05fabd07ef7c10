"""The licences of what is installed with each extra, as docs/licences.md."""

from collections.abc import Sequence
from typing import Any

_HEADER = """\
# Licences

Edge Emotion's code is under the [Apache License 2.0](../LICENSE); the shipped weights are for
research and education ([MODEL_LICENSE](../edge_emotion/models/MODEL_LICENSE)). This page lists what
is installed besides, as each package tells it of itself. `make release-check` writes it from the
environments that it tries, and refuses a licence that nobody has looked at.

None of these packages is part of the wheel. OpenCV's wheels bring FFmpeg (LGPL 2.1) and others with
them, NumPy's OpenBLAS and libgfortran (GPL 3 with the runtime exception): their own licence files
name all.
"""
# Looked at: they let this program be used and passed on beside them.
KNOWN = (
    *("Apache", "BSD", "MIT", "ISC", "PSF", "Python Software Foundation", "Python-2.0", "0BSD"),
    *("MPL-2.0", "Mozilla Public License 2.0", "MPL 2.0", "EPL-2.0", "EDL-1.0", "Eclipse"),
    *("Zlib", "CC0-1.0", "HPND", "Unlicense", "CMU License", "matplotlib", "Dual License", "MIT-0"),
)
# Where a package tells it in its licence file alone.
_TOLD_ELSEWHERE = {"namex": "Apache-2.0"}


def page(everywhere: Sequence[dict[str, Any]]) -> str:
    """The page's text, from what `installed.py` tells of several environments."""
    groups = sorted(
        dict.fromkeys(group for one in everywhere for group in one["groups"]),
        key=lambda group: (group in ("all", "dev"), group == "docs", bool(group)),
    )
    parts = [_HEADER]
    done: set[str] = set()
    for group in groups:
        rows = {
            name: one["packages"][name]
            for one in everywhere
            for name in one["groups"].get(group, ())
            if name not in done
        }
        done |= set(rows)
        if rows:
            parts += [f"\n## {_title(group)}\n\n| package | licence |\n|---|---|\n"]
            parts += [_row(name, rows[name]) for name in sorted(rows)]
    return "".join(parts)


def unknown(everywhere: Sequence[dict[str, Any]]) -> list[str]:
    """The packages whose licence is not among the known ones, with what they tell."""
    found = {
        name: licence(name, one["packages"][name])
        for one in everywhere
        for members in one["groups"].values()
        for name in members
    }
    return [
        f"{name}: {told or 'nothing'}"
        for name, told in sorted(found.items())
        if not any(known.lower() in told.lower() for known in KNOWN)
    ]


def licence(name: str, package: dict[str, str]) -> str:
    """What a package tells, or what was looked up where it does not."""
    return package["license"] or _TOLD_ELSEWHERE.get(name, "")


def _title(group: str) -> str:
    return f"Extra `{group}`" if group else "Base install"


def _row(name: str, package: dict[str, str]) -> str:
    shown = f"[{name}]({package['home']})" if package["home"].startswith("https://") else name
    return f"| {shown} | {licence(name, package)} |\n"
