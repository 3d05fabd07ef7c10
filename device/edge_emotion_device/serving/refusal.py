"""A request that is answered with an error, as `{"error": message}`.

Status codes as in tensorflow_serving/model_servers/http_server.cc, `ToHTTPStatusCode`.
"""


class Refusal(Exception):
    """What the client gets instead of an answer.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def invalid(message: str) -> Refusal:
    """INVALID_ARGUMENT: the request cannot be understood."""
    return Refusal(400, message)


def not_found(message: str) -> Refusal:
    """NOT_FOUND: no such model or version."""
    return Refusal(404, message)


def too_large(found: str, most_bytes: int) -> Refusal:
    """A body beyond the limit, which TensorFlow Serving does not have."""
    return Refusal(
        413, f"{found}; expected at most {most_bytes} bytes; send fewer faces at once, or as base64"
    )


def unavailable(message: str) -> Refusal:
    """UNAVAILABLE: not now; the client may try again."""
    return Refusal(503, message)
