"""The page of a session."""

from collections.abc import Iterator, Sequence
from html import escape

from edge_emotion import pages
from edge_emotion.labels import EMOTIONS
from edge_emotion_report.session.charts import SHADES, clock, course, strips
from edge_emotion_report.session.recorded import Person, Session
from edge_emotion_report.session.timeline import LABELS
from edge_emotion_train.pictures.style import as_svg

_PERSONS = (
    "A number stands for a face from when it came into view until it was lost: nobody is "
    "recognised, so who comes back later has a new one."
)
_RUNS = (
    "When each was started. Their faces follow upon each other here; how long nobody was there "
    "before a run's first face, and between two runs, is not shown."
)
_SECONDS = "Seconds that each label held, from one reading of a face to the next."
_CHANGES = "One emotion after another in the same face; what was undecided between is passed over."
_STAGES = "Milliseconds of each stage of the frame path."
_MOST_CHANGES = 12


def session_page(session: Session, names: Sequence[str], notes: Sequence[str]) -> str:
    """The HTML of a session.

    Args:
        session: with at least one reading.
        names: of its files, the oldest first.
        notes: what could not be read of them.
    """
    people = session.longest_present
    usual = max(EMOTIONS, key=lambda name: session.seconds[name])
    facts = {
        "from the first face to the last": clock(session.length_s, session.length_s),
        "faces followed": f"{session.people:,}",
        "readings": f"{session.readings:,}",
        "frames a second": f"{session.fps:.1f}" if session.fps else "–",
    }
    decided_s = sum(session.seconds[name] for name in EMOTIONS)
    if decided_s:
        facts[f"of what was decided is {usual}"] = f"{session.seconds[usual] / decided_s:.0%}"
    subtitle = f"Emotions over time, from {_listed(names)}"
    return pages.render(
        f"Session {names[-1]}", subtitle, facts, _sections(session, people, notes), "10rem"
    )


def _sections(session: Session, people: Sequence[Person], notes: Sequence[str]) -> Iterator[str]:
    others = session.people - len(people)
    told = f" The {len(people)} in view for longest are shown, {others:,} others are not."
    shades = [f'<i style="background:{shade}"></i>{name}' for name, shade in SHADES.items()]
    key = "".join(f'<span class="key">{shade}</span>' for shade in shades)
    wide = [_wide(as_svg(strips(session, people), "strips"))] if len(people) > 1 else []
    yield pages.section("Faces over time", _PERSONS + told * (others > 0), f"<p>{key}</p>", *wide)
    for place, person in enumerate(people):
        span = f"{clock(person.present_s, session.length_s)} in view"
        yield f"<h3>Face {escape(person.name)}: {span}</h3>" + _wide(
            as_svg(course(session, person), f"course_{place}")
        )
    yield pages.section("How long", _SECONDS, _how_long(session, people))
    if session.changes:
        yield pages.section("Changes", _CHANGES, _changes(session))
    if len(session.run_dates) > 1 or any(session.run_dates):
        yield pages.section("Runs", _RUNS, _runs(session))
    if session.stages:
        yield pages.section("Stages", _STAGES, _stages(session))
    if notes:
        yield pages.section("Left out", "", *(f"<p>{escape(note)}</p>" for note in notes))


def _wide(svg: str) -> str:
    """A chart as wide as the page; a phone scrolls it."""
    return f'<div class="scroll"><div style="min-width: 40rem">{svg}</div></div>'


def _how_long(session: Session, people: Sequence[Person]) -> str:
    rows = [(one.name, (one.first_s, one.last_s), one.seconds) for one in people]
    rows += [("all", (0.0, session.length_s), session.seconds)] if session.people > 1 else []
    cells = [
        [
            escape(name),
            *(clock(end_s, session.length_s) for end_s in ends_s),
            _s(sum(seconds.values())),
            *(_s(seconds[label]) for label in LABELS),
        ]
        for name, ends_s, seconds in rows
    ]
    return pages.table(["face", "first seen", "last seen", "in view", *LABELS], cells)


def _changes(session: Session) -> str:
    most = session.changes.most_common(_MOST_CHANGES)
    cells = [
        [f"{pages.swatch(before)} → {pages.swatch(after)}", f"{times:,}"]
        for (before, after), times in most
    ]
    return pages.table(["from and to", "times"], cells)


def _runs(session: Session) -> str:
    cells = [
        [
            f"{number}",
            f"{date:%Y-%m-%d %H:%M:%S %Z}" if date else "–",
            clock(at_s, session.length_s),
        ]
        for number, (date, at_s) in enumerate(
            zip(session.run_dates, session.run_starts_s, strict=True), 1
        )
    ]
    return pages.table(["run", "started", "first face above"], cells)


def _stages(session: Session) -> str:
    cells = [
        [escape(name), f"{p50_ms:.2f}", f"{p95_ms:.2f}"]
        for name, (p50_ms, p95_ms) in session.stages.items()
    ]
    return pages.table(["stage", "p50", "p95"], cells)


def _s(seconds: float) -> str:
    return f"{seconds:,.1f}" if seconds else "–"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - 1
    return names[-1] + (f" and {more} older file{'s' if more > 1 else ''}" if more else "")
