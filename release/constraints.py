"""A set of versions that is known to work: what was installed where everything was tried.

Used as `pip install -c constraints.txt 'edge-emotion[web]'`.
"""

from collections.abc import Sequence
from typing import Any

_HEADER = """\
# Versions that were tried together on {machine} by `make release-check`, which writes this file:
#     pip install -c constraints.txt 'edge-emotion[web,mqtt]'
# Python {fresh}: a fresh environment of each, the README's commands;
# Python {full}: the tests. A package stands under the first extra that brings it.
"""
_SEEDS = {"pip", "setuptools"}  # that an environment begins with, in whatever version


def constraints(fresh: Sequence[dict[str, Any]], full: dict[str, Any]) -> str:
    """The file's text.

    Args:
        fresh: what `installed.py` tells of the fresh environments, of Pythons in order.
        full: the same of the one that the tests ran in, which has the other extras.
    """
    head = _HEADER.format(
        machine=full["machine"],
        fresh=", ".join(one["python"] for one in fresh),
        full=full["python"],
    )
    parts = [head]
    done: set[str] = set()
    for group in _groups(fresh, full):
        pins: list[str] = []
        for name in _members(group, fresh, full) - done - _SEEDS:
            where = [one for one in fresh if name in one["packages"]] or [full]
            pins += _pins(name, where, fresh)
            done.add(name)
        if pins:
            parts.append(f"\n# {group or 'base'}\n" + "\n".join(sorted(pins)) + "\n")
    return "".join(parts)


def _groups(fresh: Sequence[dict[str, Any]], full: dict[str, Any]) -> list[str]:
    """The extras, the base install first and collections of others last."""
    every = dict.fromkeys(group for one in (*fresh, full) for group in one["groups"])
    return sorted(every, key=lambda group: (group in ("all", "dev"), group == "docs", bool(group)))


def _members(group: str, fresh: Sequence[dict[str, Any]], full: dict[str, Any]) -> set[str]:
    return {name for one in (*fresh, full) for name in one["groups"].get(group, ())}


def _pins(name: str, where: list[dict[str, Any]], fresh: Sequence[dict[str, Any]]) -> list[str]:
    """A line for each version of a package, with the Pythons that it is for."""
    by_version: dict[str, list[str]] = {}
    for one in where:
        minor = one["python"].rpartition(".")[0]
        by_version.setdefault(one["packages"][name]["version"], []).append(minor)
    if len(by_version) == 1:
        return [f"{name}=={version}" for version in by_version]
    newest = fresh[-1]["python"].rpartition(".")[0]
    return [f"{name}=={version}; {_marker(ms, newest)}" for version, ms in by_version.items()]


def _marker(minors: list[str], newest: str) -> str:
    """The Pythons of a version; those that are newer than all that were tried follow the last."""
    if minors[-1] == newest:
        return f"python_version >= '{minors[0]}'"
    return " or ".join(f"python_version == '{minor}'" for minor in minors)
