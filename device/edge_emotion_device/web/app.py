"""The routes of the page."""

from collections.abc import AsyncIterator, Awaitable, Callable
from importlib import resources
from string import Template
from time import strftime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge_emotion_device.vitals import Vitals
from edge_emotion_device.web.facts import Facts, failing, vitals_json
from edge_emotion_device.web.newest import Newest
from edge_emotion_device.web.pace import LEVELS, Pace
from edge_emotion_device.web.pictures import SNAPSHOT, Pictures
from edge_emotion_device.web.streams import BOUNDARY, Seats, Stream, events, mjpeg

_TYPES = {"style.css": "text/css", "app.js": "text/javascript", "icon.svg": "image/svg+xml"}
_SNAPSHOTS = 4  # at a time
_Endpoint = Callable[[Request], Awaitable[Response]]


def page_file(name: str) -> str:
    """A file of the page."""
    return (resources.files(__package__) / "page" / name).read_text(encoding="utf-8")


def make_app(newest: Newest, vitals: Callable[[], Vitals], pictures: Pictures | None) -> Starlette:
    """The application; without `pictures` it shows numbers only, and has no way to a picture."""
    facts = Facts(vitals)
    routes = _Numbers(newest, facts).routes()
    if pictures is not None:
        routes += _Shown(newest, facts, pictures).routes()
    page = Template(page_file("index.html")).substitute(
        pictures="off" if pictures is None else "on"
    )
    routes.append(Route("/", _file(page, "text/html")))
    routes += [Route(f"/{name}", _file(page_file(name), kind)) for name, kind in _TYPES.items()]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _refused})
    app.router.redirect_slashes = False
    return app


class _Numbers:
    """What there is with and without pictures."""

    def __init__(self, newest: Newest, facts: Facts) -> None:
        self._newest, self._facts = newest, facts
        self._seats = Seats()

    def routes(self) -> list[Route]:
        return [
            Route("/api/readings", self._readings),
            Route("/api/vitals", self._vitals),
            Route("/api/events", self._events),
            Route("/healthz", self._health),
            Route("/metrics", self._metrics),
        ]

    async def _readings(self, request: Request) -> Response:
        return _json(self._facts.readings(self._newest.item))

    async def _vitals(self, request: Request) -> Response:
        return _json(vitals_json(self._facts.vitals()))

    async def _events(self, request: Request) -> Response:
        told = events(self._newest, self._facts, "brief" in request.query_params)
        return Stream(told, "text/event-stream", self._seats)

    async def _health(self, request: Request) -> Response:
        if reason := failing(self._facts.vitals()):
            return JSONResponse({"status": "failing", "reason": reason}, 503)
        return JSONResponse({"status": "ok"})

    async def _metrics(self, request: Request) -> Response:
        from edge_emotion_device.web.metrics import exposition

        body, kind = exposition(self._facts.vitals())
        return Response(body, headers={"content-type": kind})


class _Shown:
    """The pictures."""

    def __init__(self, newest: Newest, facts: Facts, pictures: Pictures) -> None:
        self._newest, self._facts, self._pictures = newest, facts, pictures
        self._seats, self._of_snapshots = Seats(), Seats(_SNAPSHOTS)

    def routes(self) -> list[Route]:
        return [
            Route("/stream.mjpg", self._stream),
            Route("/snapshot.jpg", self._snapshot),
        ]

    async def _stream(self, request: Request) -> Response:
        pace = Pace(_best_level(request.query_params.get("width", "")))
        kind = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
        return Stream(mjpeg(self._newest, self._pictures, pace), kind, self._seats)

    async def _snapshot(self, request: Request) -> Response:
        missing = "" if self._newest.item else "there was no frame yet"
        if reason := failing(self._facts.vitals()) or missing:
            raise HTTPException(503, reason, {"retry-after": "1"})
        kept = strftime('attachment; filename="edge-emotion-%Y-%m-%d-%H%M%S.jpg"')
        headers = {"content-disposition": kept}
        return Stream(self._one(), "image/jpeg", self._of_snapshots, **headers)

    async def _one(self) -> AsyncIterator[bytes]:
        assert self._newest.item is not None
        yield await self._pictures.jpeg(self._newest.item, SNAPSHOT)


def _best_level(width: str) -> int:
    """The first of the levels that is no wider.

    Raises:
        HTTPException: `width` is none.
    """
    if not width:
        return 0
    if not (width.isascii() and width.isdecimal() and len(width) < 6 and int(width)):
        raise HTTPException(400, "width is to be a number of pixels")
    fitting = (at for at, level in enumerate(LEVELS) if level.width_px <= int(width))
    return next(fitting, len(LEVELS) - 1)


def _file(text: str, kind: str) -> _Endpoint:
    async def answer(request: Request) -> Response:
        return Response(text, media_type=kind)

    return answer


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)
