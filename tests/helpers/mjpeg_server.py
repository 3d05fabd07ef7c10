"""An MJPEG camera on the standard library: a server for what a test wants it to send."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from time import sleep

import cv2
import numpy as np

Chunks = Callable[[], Iterable[bytes]]


def jpeg(level: int = 99, width: int = 64, height: int = 48) -> bytes:
    """A JPEG of one gray level."""
    done, encoded = cv2.imencode(".jpg", np.full((height, width, 3), level, np.uint8))
    assert done
    return encoded.tobytes()


def part(body: bytes, length: bool = True, boundary: str = "frame") -> bytes:
    """One picture as a camera sends it."""
    head = f"--{boundary}\r\nContent-Type: image/jpeg\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n" if length else "\r\n"
    return head.encode() + body + b"\r\n"


def pictures(fps: float = 20.0) -> Iterator[bytes]:
    """A camera that runs on and on, each picture a little brighter than the one before."""
    for index in count():
        yield part(jpeg(index % 250))
        sleep(1 / fps)


class MjpegServer:
    """Serves what `chunks` gives, to each client from its beginning, while in its `with` block."""

    def __init__(
        self,
        chunks: Chunks = pictures,
        content_type: str = "multipart/x-mixed-replace; boundary=frame",
        authorization: str | None = None,
    ) -> None:
        self.chunks, self.content_type, self.authorization = chunks, content_type, authorization
        self.requests = 0
        self.paths: list[str] = []  # asked for
        self.address = ""
        self._port = 0
        self._connections: list[socket.socket] = []
        self._server: ThreadingHTTPServer | None = None

    def restore(self) -> None:
        """Serve; again on the port of the first time."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer._answer(self)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *_: object) -> None:
                pass  # a client that goes away is what is tested

        self._server = Server(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_port
        self.address = f"http://127.0.0.1:{self._port}/stream"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def cut(self) -> None:
        """End all connections and refuse new ones, as a camera without power does."""
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()
        for connection in self._connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # closed already
                continue
        self._connections.clear()

    def __enter__(self) -> "MjpegServer":
        self.restore()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.requests += 1
        self.paths.append(handler.path)
        self._connections.append(handler.connection)
        if self.authorization and handler.headers["Authorization"] != self.authorization:
            handler.send_response(401)
            handler.send_header("WWW-Authenticate", 'Basic realm="camera"')
            handler.end_headers()
            return
        if handler.path != "/stream":
            handler.send_error(404)
            return
        handler.send_response(200)
        handler.send_header("Content-Type", self.content_type)
        handler.end_headers()
        for chunk in self.chunks():
            handler.wfile.write(chunk)
