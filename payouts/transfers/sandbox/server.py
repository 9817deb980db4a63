"""The sandbox as a WSGI application, and a local server for it."""

import json
import logging
import re
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from payouts.transfers.sandbox.call import Call, Operation
from payouts.transfers.sandbox.control import Control, control_call
from payouts.transfers.sandbox.faults import Fault, take_fault
from payouts.transfers.sandbox.journal import record_request, record_response
from payouts.transfers.sandbox.onboarding import PageResult, open_page, submit_page
from payouts.transfers.sandbox.parameters import decode_form
from payouts.transfers.sandbox.responses import ApiError, ApiResponse
from payouts.transfers.sandbox.routes import OPERATIONS, expand_object, perform
from payouts.transfers.sandbox.store import Store

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SANDBOX_KEY = "sk_test_sandbox"
"""The sandbox accepts any key that begins with sk_test_."""

_log = logging.getLogger(__name__)
_JSON = "application/json"
_PROXY_PAGE = "<!doctype html><title>Please wait</title><p>This page is not from the API.</p>"


@cache
def _routes() -> Map:
    """Built once per process: every command and job without another rail starts its own sandbox."""
    rules = [Rule(op.path, endpoint=op, methods=[op.method]) for op in OPERATIONS]
    rules.append(Rule("/_sandbox/<name>", endpoint="control", methods=["GET", "POST"]))
    rules.append(Rule("/onboarding/<token>", endpoint="onboarding", methods=["GET", "POST"]))
    return Map(rules)


class Sandbox:
    """The WSGI application. Setting `cancel_hangs` ends all hangs at once."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.cancel_hangs = threading.Event()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = Request(environ)
        try:
            return self._respond(request)(environ, start_response)
        except ConnectionError:
            raise
        except Exception:
            _log.exception("the sandbox itself failed")
            error = ApiError("The sandbox itself failed; see its log.", status=500, kind="api_error")
            return _json_response(error.as_response("v1"))(environ, start_response)

    def _respond(self, request: Request) -> Response:
        try:
            endpoint, values = _routes().bind_to_environ(request.environ).match()
        except HTTPException as error:
            refusal = ApiError(
                f"Unrecognized request URL ({request.method}: {request.path}).", status=error.code or 404
            )
            return _json_response(refusal.as_response("v1"))
        if endpoint == "onboarding":
            return self._onboarding(request, values["token"])
        try:
            _authenticate(request)
            if endpoint == "control":
                given = json.loads(request.get_data() or b"{}")
                return _json_response(
                    ApiResponse(200, control_call(self.store, request.method, values["name"], given))
                )
            call = self._call(request, endpoint, values)
        except ApiError as refusal:
            return _json_response(refusal.as_response("v2" if request.path.startswith("/v2/") else "v1"))
        return self._api(request, endpoint, call)

    def _call(self, request: Request, operation: Operation, values: Mapping[str, Any]) -> Call:
        with self.store.read() as connection:
            now = self.store.now(connection)
        return Call(
            method=request.method,
            path=request.path,
            path_ids=values,
            raw=_raw_parameters(request, operation),
            key=request.headers.get("Idempotency-Key"),
            account_id=request.headers.get("Stripe-Account", ""),
            api_version=request.headers.get("Stripe-Version", "2026-10-28.endive"),
            request_id=f"req_{secrets.token_hex(7)}",
            base_url=request.host_url.rstrip("/"),
            now=now,
            expand=expand_object,
        )

    def _api(self, request: Request, operation: Operation, call: Call) -> Response:
        with self.store.write() as connection:
            fault = take_fault(connection, f"{call.method} {call.path}")
            record_request(
                connection, call, dict(request.headers), None if fault.moment == "never" else fault.kind
            )
        # A hang and a sticky 500 happen inside the work, while the key is in use.
        if fault.applies("before") and fault.what != "hang" and not fault.sticky:
            return self._faulty_response(request, fault, operation, ApiResponse(200, {}), call)
        reply = perform(self.store, operation, call, fault, self.cancel_hangs)
        with self.store.write() as connection:
            record_response(connection, call.request_id, reply)
        if fault.applies("after"):
            return self._faulty_response(request, fault, operation, reply, call)
        return _api_response(reply, call)

    def _faulty_response(
        self, request: Request, fault: Fault, operation: Operation, reply: ApiResponse, call: Call
    ) -> Response:
        """The response that the caller gets instead."""
        if fault.what == "drop":
            connection: socket.socket | None = request.environ.get("werkzeug.socket")
            if connection is not None:
                connection.shutdown(socket.SHUT_RDWR)
            raise ConnectionResetError("dropped on purpose")
        if fault.what == "html":
            return Response(_PROXY_PAGE, 200, content_type="text/html; charset=utf-8")
        if fault.what == "hang":
            self.cancel_hangs.wait(fault.seconds)
        if fault.what == "cut":
            whole = _api_response(reply, call)
            length = whole.content_length or 0
            whole.set_data(whole.get_data()[: length // 2])
            whole.content_length = length + 64
            return whole
        return _api_response(fault.reply(operation.version) or reply, call)

    def _onboarding(self, request: Request, token: str) -> Response:
        if request.method == "GET":
            visit = open_page(self.store, token)
        else:
            form = request.form
            visit = submit_page(self.store, token, form.get("form", ""), form.get("choice", ""))
        return _page_response(visit)


def make_app(store_path: Path | str | None, clock: Callable[[], float] = time.time) -> Sandbox:
    """The application with its state in a file (None: a temporary one). clock: seconds since 1970."""
    return Sandbox(Store(store_path, clock))


class SandboxServer:
    """Serves the sandbox on 127.0.0.1 from threads of this process, until closed.

    port 0: any free port. Several servers, also in several processes, may share one file. A forked child has
    no server: start one in the process that needs it.
    """

    def __init__(
        self,
        store_path: Path | str | None = None,
        *,
        port: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._app = make_app(store_path, clock)
        self.control = Control(self._app.store)
        self._server = make_server(
            "127.0.0.1", port, self._app, threaded=True, request_handler=_QuietRequestHandler
        )
        self.url = f"http://127.0.0.1:{self._server.socket.getsockname()[1]}"
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="sandbox", daemon=True)
        self._thread.start()

    def end_hangs(self) -> None:
        """End all hangs now and in the future."""
        self._app.cancel_hangs.set()

    def close(self) -> None:
        self._closing.set()
        self.end_hangs()
        with suppress(OSError):
            socket.create_connection(self._server.socket.getsockname()).close()
        self._thread.join()
        self._server.server_close()
        self._app.store.close()

    def _serve(self) -> None:
        """Block until the next connection, without polling; `close` makes the last one."""
        while not self._closing.is_set():
            self._server.handle_request()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _QuietRequestHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing: the journal records every request."""


def _authenticate(request: Request) -> None:
    given = request.headers.get("Authorization", "")
    if not given.startswith("Bearer "):
        raise ApiError("You did not provide an API key.", status=401)
    if not re.fullmatch(r"Bearer sk_test_\w+", given):
        raise ApiError(
            "Invalid API Key provided. The sandbox accepts keys that begin with sk_test_.", status=401
        )


def _raw_parameters(request: Request, operation: Operation) -> Any:
    if operation.method == "GET":
        return decode_form(parse_qsl(request.query_string.decode(), keep_blank_values=True))
    body = request.get_data()
    if operation.version == "v1":
        return decode_form(parse_qsl(body.decode(), keep_blank_values=True))
    try:
        return json.loads(body or b"{}")
    except ValueError:
        raise ApiError("The body is not JSON.", code="invalid_json") from None


def _api_response(reply: ApiResponse, call: Call) -> Response:
    response = _json_response(reply)
    response.headers["Request-Id"] = call.request_id
    response.headers["Stripe-Version"] = call.api_version
    if call.key is not None:
        response.headers["Idempotency-Key"] = call.key
    return response


def _json_response(reply: ApiResponse) -> Response:
    response = Response(json.dumps(reply.body, indent=2), reply.status, content_type=_JSON)
    response.headers.extend(dict(reply.headers))
    return response


def _page_response(visit: PageResult) -> Response:
    if not visit.found:
        return Response("There is no such link.", 404, content_type="text/plain; charset=utf-8")
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    if visit.location is not None:
        return Response("", 303, headers={**headers, "Location": visit.location})
    return Response(visit.page, 200, headers=headers, content_type="text/html; charset=utf-8")
