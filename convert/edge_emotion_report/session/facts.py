"""The facts of a session, as `--json` prints them."""

from collections.abc import Mapping
from typing import Any

from edge_emotion_report.session.recorded import Person, Session
from edge_emotion_report.session.timeline import LABELS


def facts(session: Session, broken_lines: int) -> dict[str, Any]:
    """Everything that the page says, for programs; times in seconds."""
    return {
        "length_s": round(session.length_s, 3),
        "runs": len(session.run_starts_s),
        "run_starts": [
            {"at_s": round(at_s, 3), "started": date and date.isoformat()}
            for at_s, date in zip(session.run_starts_s, session.run_dates, strict=True)
        ],
        "frames": session.frames,
        "frames_with_face": session.with_face,
        "readings": session.readings,
        "fps": session.fps and round(session.fps, 2),
        "persons": session.people,
        "seconds": _seconds(session.seconds),
        "changes": [
            {"from": before, "to": after, "times": times}
            for (before, after), times in session.changes.most_common()
        ],
        "longest_present": [_person(person) for person in session.longest_present],
        "stages": {
            name: {"p50_ms": round(p50_ms, 3), "p95_ms": round(p95_ms, 3)}
            for name, (p50_ms, p95_ms) in session.stages.items()
        },
        "broken_lines": broken_lines,
    }


def _person(person: Person) -> dict[str, Any]:
    return {
        "person": person.name,
        "first_s": round(person.first_s, 3),
        "last_s": round(person.last_s, 3),
        "present_s": round(person.present_s, 3),
        "seconds": _seconds(person.seconds),
    }


def _seconds(seconds: Mapping[str, float]) -> dict[str, float]:
    return {label: round(seconds[label], 3) for label in LABELS}
