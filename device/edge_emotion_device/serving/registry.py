"""The models that are served, version by version, and their replacement while they serve.

A request takes hold of a servable and keeps it until it has answered; what replaces it comes into
the table in one step.  So no request is lost, and an old version goes when its last one is done.
"""

from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from edge_emotion.errors import EdgeEmotionError, warn
from edge_emotion_device.serving.paths import Asked
from edge_emotion_device.serving.refusal import invalid, not_found
from edge_emotion_device.serving.servable import CombinedServable, FaceServable, Servable
from edge_emotion_device.serving.versions import COMBINED, EMOTION, KEYPOINTS, Found, Source

_MOST_ENDED = 100  # versions of a model that are remembered, the highest


@dataclass(frozen=True, slots=True)
class Entry:
    """What there is of one model.

    Attributes:
        available: the versions that answer.
        labels: the version that each label points to.
        ended: versions that do not answer any more, or never did, and then why; the highest 100.
    """

    available: dict[int, Servable] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    ended: dict[int, str] = field(default_factory=dict)


class Registry:
    """Loads what a source has to serve, and looks again as often as `poll_s` says.

    Of each model the highest version that can be loaded serves, and those that a label points to.
    In a `with` block a thread looks for changes.

    Args:
        source: tells what there is.
        copies: of each interpreter.
        poll_s: seconds between two looks.
    """

    def __init__(self, source: Source, copies: int = 1, poll_s: float = 1.0) -> None:
        self._source, self._copies, self._poll_s = source, copies, poll_s
        self._entries: dict[str, Entry] = {}
        self._refused: dict[Path, tuple[tuple[int, ...], str]] = {}
        self._stop = Event()
        self._thread = Thread(target=self._watch, name="models", daemon=True)

    def __enter__(self) -> "Registry":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def served(self) -> dict[str, list[int]]:
        """The versions of each model that answer."""
        return {
            name: sorted(entry.available)
            for name, entry in self._entries.items()
            if entry.available
        }

    def find(self, asked: Asked) -> tuple[int, Servable]:
        """The version that is asked for, and its number.

        Raises:
            Refusal: it is not served.
        """
        entry = self._entries.get(asked.name, Entry())
        version = _version(entry, asked)
        if version is None:
            version = max(entry.available, default=0)
        if version not in entry.available:
            raise asked.not_served()
        return version, entry.available[version]

    def states(self, asked: Asked) -> dict[int, str | None]:
        """The versions asked about, newest first.

        Returns:
            For each None if it answers, or why not; empty if it was replaced.

        Raises:
            Refusal: there is none.
        """
        entry = self._entries.get(asked.name, Entry())
        states: dict[int, str | None] = {**entry.ended, **dict.fromkeys(entry.available)}
        version = _version(entry, asked)
        if version is None and states:
            return dict(sorted(states.items(), reverse=True))
        if version is None:
            raise not_found(f"Could not find any versions of model {asked.name}")
        if version not in states:
            raise not_found(f"Could not find version {version} of model {asked.name}")
        return {version: states[version]}

    def refresh(self) -> None:
        """Look what there is, load what is new and let go what is gone.

        Raises:
            OSError: the source cannot be read; what is served stays.
        """
        found = self._source()
        there = {file for versions in found.values() for file in versions.files.values()}
        self._refused = {file: why for file, why in self._refused.items() if file in there}
        entries = {name: self._refreshed(name, found[name]) for name in found}
        for name in self._entries.keys() - found.keys() - {COMBINED}:
            entries[name] = self._refreshed(name, Found())
        if COMBINED not in found:
            entries |= _combined(entries)
        before, self._entries = self.served(), entries
        for name, versions in self.served().items():
            if versions != before.get(name):
                warn(f"serving {name}, version {', '.join(map(str, versions))}")
        for name in before.keys() - self.served().keys():
            warn(f"{name} is not served any more: its folder has no version left")

    def _watch(self) -> None:
        told = ""
        while not self._stop.wait(self._poll_s):
            trouble = ""
            try:
                self.refresh()
            except Exception as error:  # what is served stays; the next look may fare better
                trouble = f"cannot look for new models: {error}"
            if trouble and trouble != told:
                warn(trouble)
            told = trouble

    def _refreshed(self, name: str, found: Found) -> Entry:
        before = self._entries.get(name, Entry())
        available: dict[int, Servable] = {}
        ended = {**before.ended, **dict.fromkeys(before.available, "")}
        labels = {label: number for label, number in found.labels.items() if number in found.files}
        for version in sorted(found.files, reverse=True):
            if available and version not in labels.values():
                continue
            try:
                available[version] = before.available.get(version) or self._load(
                    found.files[version]
                )
                ended.pop(version, None)
            except EdgeEmotionError as error:
                ended[version] = str(error)
        return Entry(available, labels, dict(sorted(ended.items())[-_MOST_ENDED:]))

    def _load(self, file: Path) -> FaceServable:
        """Load a version; one that failed is tried again only when its file has changed."""
        stamp = _stamp(file)
        if file in self._refused and self._refused[file][0] == stamp:
            raise EdgeEmotionError(self._refused[file][1])
        try:
            servable = FaceServable(file, self._copies)
        except EdgeEmotionError as error:
            self._refused[file] = stamp, str(error)
            warn(f"not serving {file}: {error}")
            raise
        self._refused.pop(file, None)
        return servable


def _version(entry: Entry, asked: Asked) -> int | None:
    if asked.label is None:
        return asked.version
    if asked.label not in entry.labels:
        raise invalid(f"Unrecognized servable version label: {asked.label}")
    return entry.labels[asked.label]


def _combined(entries: dict[str, Entry]) -> dict[str, Entry]:
    """Both networks together, if both serve; its version is the higher of theirs."""
    models, versions = {}, []
    for name in (EMOTION, KEYPOINTS):
        available = entries.get(name, Entry()).available
        newest = available.get(max(available, default=0))
        if isinstance(newest, FaceServable):
            models[newest.task] = newest
            versions.append(max(available))
    if len(models) != 2:
        return {}
    servable = CombinedServable(models["emotion"], models["keypoints"])
    return {COMBINED: Entry({max(versions): servable})}


def _stamp(file: Path) -> tuple[int, ...]:
    try:
        status = file.stat()
    except OSError:
        return ()
    return status.st_mtime_ns, status.st_size, status.st_ino
