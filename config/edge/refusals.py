"""The responses to requests that break a rule of HTTP or a limit. The connection is closed after them."""

from http import HTTPStatus

from config.edge.application import Response, make_response

_MESSAGES = {
    HTTPStatus.BAD_REQUEST: "This is not a valid HTTP/1.1 request.",
    HTTPStatus.REQUEST_TIMEOUT: "The body did not arrive in time.",
    HTTPStatus.LENGTH_REQUIRED: "Send the body with a Content-Length.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "A request like this may not have a body of this size.",
    HTTPStatus.REQUEST_URI_TOO_LONG: "The address is too long.",
    HTTPStatus.EXPECTATION_FAILED: "Only 100-continue may be expected.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The headers are too large.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The server made an error. Please try again.",
    HTTPStatus.HTTP_VERSION_NOT_SUPPORTED: "This server speaks HTTP/1.1 and HTTP/1.0.",
}
UPGRADE_MESSAGE = "This server does not upgrade connections."


class Refused(Exception):
    """The request is refused with `status`, and its connection is closed."""

    def __init__(self, status: HTTPStatus, message: str = "") -> None:
        super().__init__(status)
        self.status, self.message = status, message

    def response(self) -> Response:
        return refusal(self.status, self.message)


def refusal(status: HTTPStatus, message: str = "") -> Response:
    """`message` replaces the usual sentence for this status."""
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store, private")]
    return make_response(status, headers, f"{message or _MESSAGES[status]}\n".encode())
