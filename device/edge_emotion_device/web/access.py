"""Who may ask, and what browsers are told not to do with the answers."""

import hmac
import sys
import traceback
from ipaddress import ip_address
from itertools import chain
from string import Template

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# They tell nothing: what asks for the token needs them, or a load balancer.
OPEN_TO_ALL = frozenset(("/healthz", "/style.css", "/app.js", "/icon.svg"))
_HEAD_BYTES = 16 << 10
_COOKIE_S = 30 * 24 * 3600
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Access:
    """Lets those through who may ask.

    Without a token the page is for this machine alone, and a request must name it: a page from
    elsewhere whose name was turned to this address (DNS rebinding) names itself.  With one that
    does not matter: no browser gives it to another name.

    Args:
        app: answers them.
        token: that is demanded; None for none.
        host: under which the page was asked for on the command line.
        port: that the cookie is named after, for browsers tell ports of a host not apart.
        login: the page that asks for the token, and says whether one was `wrong`.
    """

    def __init__(
        self, app: ASGIApp, token: str | None, host: str, port: int, login: Template
    ) -> None:
        self._app, self._token, self._host, self._login = app, token, host, login
        self._cookie = f"edge-emotion-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        answer = self._refusal(Request(scope)) or self._app
        try:
            await answer(scope, receive, send_guarded)
        except ClientDisconnect:
            return
        except Exception:  # a defect: told here, not to the client
            traceback.print_exc(file=sys.stderr)
            raise

    def _refusal(self, request: Request) -> Response | None:
        """What is answered in place of the application, if anything."""
        if request.scope["http_version"] not in ("1.0", "1.1"):
            return JSONResponse({"error": "HTTP/1.1 is spoken here"}, 505)
        texts = [*chain(*request.headers.raw), request.scope["raw_path"], request.url.query]
        if sum(map(len, texts)) > _HEAD_BYTES:  # h11 bounds only what comes in pieces
            return JSONResponse({"error": "the head of the request is too large"}, 431)
        if request.scope["path"] in OPEN_TO_ALL:
            return None
        if self._token is None:
            if self._names_us(request.headers.get("host", "")):
                return None
            return JSONResponse({"error": "another host is meant"}, 421)
        at_page = request.scope["path"] == "/"
        given = request.query_params.get("token", "") if at_page else ""
        if self._is_right(given):  # first, so that it goes out of the address at every visit
            return self._welcome(request)
        if self._is_right(_given(request, self._cookie)):
            return None
        if not at_page:
            return self._unauthorized(JSONResponse({"error": "the token is missing or wrong"}, 401))
        page = self._login.substitute(wrong="yes" if given else "no")
        return self._unauthorized(HTMLResponse(page, 401))

    def _is_right(self, given: str) -> bool:
        assert self._token is not None
        return hmac.compare_digest(given.encode(), self._token.encode())

    def _welcome(self, request: Request) -> Response:
        """Keeps the token in a cookie and out of the address.

        Lax, for the address may be clicked on another site.  Without a path it is for this page
        alone, and other devices behind the same proxy keep theirs.
        """
        assert self._token is not None
        response = RedirectResponse("./", 303)
        response.set_cookie(
            self._cookie,
            self._token,
            max_age=_COOKIE_S,
            path=None,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )
        return response

    def _unauthorized(self, response: Response) -> Response:
        response.headers["www-authenticate"] = 'Bearer realm="edge-emotion"'
        return response

    def _names_us(self, host_and_port: str) -> bool:
        host = host_and_port.lower()
        if not host.endswith("]"):  # an IPv6 address without a port
            host = host.rpartition(":")[0] or host
        host = host.strip("[]")
        if host in ("localhost", self._host.lower()):
            return True
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return False


def _given(request: Request, cookie: str) -> str:
    """The token of a request, from its header or its cookie; empty without."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else request.cookies.get(cookie, "")
