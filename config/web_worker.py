"""gunicorn's gthread worker with timeouts for stalled clients.

The original worker (gunicorn 27.0, gunicorn/workers/gthread.py) has three problems. A new connection occupies
a thread for up to five seconds before its first byte arrives. Head, body and response use a blocking socket
without a deadline, so a client that stops occupies its thread forever, and SIGTERM ends in SIGKILL. The main
thread, which must send the arbiter a heartbeat, waits up to two seconds for each client that does not hang
up. Here, a silent connection has no thread, every wait for a client has a limit, and the main thread never
waits.
"""

import errno
import math
import select
import socket
import threading
import time
from functools import partial
from selectors import EVENT_READ
from typing import TYPE_CHECKING, Any

from gunicorn import util
from gunicorn.workers.gthread import TConn, ThreadWorker

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MIN_BYTES_PER_S = 8 * 1024
"""A client that transfers at least this much may take as long as it needs."""
LINGER_S = 2.0
"""How long a client may take to hang up after the response; an earlier close can lose its last bytes."""
LINGER_BYTES = 16 * 1024 * 1024
"""Enough for a client that sends all of a rejected body before it reads the response."""
STOP_FIRST_BYTE_TIMEOUT_S = 1.0
"""How long a stopping worker waits for the first byte of a connection that it has accepted."""
POLL_INTERVAL_S = 0.25
NEXT_REQUEST_WAIT_S = 0.25
"""How long a thread waits for the next request on a connection after it sent a response."""
_NO_CONNECTION_ERRNOS = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED)


class SlowClient(TimeoutError):
    """The client was too slow. The errno is ECONNRESET, which gunicorn does not log."""

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "the client was too slow")


class TimedSocket(socket.socket):
    """A blocking socket that waits for its client at most `client_timeout_s` in one request.

    Only waiting time counts, and transferred bytes refill the budget: a slow but steady client is served, a
    client that sends single bytes now and then is not. In non-blocking mode it is an ordinary socket.
    """

    def __init__(self, accepted: socket.socket, worker: "WebWorker") -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        self._worker = worker
        self._budget_s = worker.client_timeout_s
        self.timed_out = False

    def reset_budget(self) -> None:
        self._budget_s = self._worker.client_timeout_s

    def is_readable(self, within_s: float) -> bool:
        poller = select.poll()
        poller.register(self, select.POLLIN)
        return bool(poller.poll(within_s * 1000))

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        timeout_s = self.gettimeout()
        if timeout_s:  # gunicorn discards unread bytes: respect its timeout and our budget
            self._wait(select.POLLIN, timeout_s)
        while True:
            try:
                data = super().recv(bufsize, flags | socket.MSG_DONTWAIT)
            except BlockingIOError:
                if timeout_s is not None:
                    raise
                self._wait(select.POLLIN)
            else:
                self._refill_budget(len(data))
                return data

    def send(self, data: "ReadableBuffer", flags: int = 0, /) -> int:
        if self.gettimeout() is not None:
            return super().send(data, flags)
        while True:
            try:
                sent = super().send(data, flags | socket.MSG_DONTWAIT)
            except BlockingIOError:
                self._wait(select.POLLOUT)
            else:
                self._refill_budget(sent)
                return sent

    def sendall(self, data: "ReadableBuffer", flags: int = 0, /) -> None:
        if self.gettimeout() is not None:
            return super().sendall(data, flags)
        rest = memoryview(data)
        while rest:
            rest = rest[self.send(rest, flags) :]
        return None

    def _refill_budget(self, count: int) -> None:
        self._budget_s = min(self._budget_s + count / MIN_BYTES_PER_S, self._worker.client_timeout_s)

    def _wait(self, event: int, within_s: float = math.inf) -> None:
        """Wait until the client sends or reads. Raises SlowClient after its budget or `stop_deadline`."""
        poller = select.poll()
        poller.register(self, event)
        left_s = min(self._budget_s, within_s)
        while left_s > 0 and (began := time.monotonic()) < self._worker.stop_deadline:
            ready = poller.poll(min(left_s, POLL_INTERVAL_S) * 1000)
            waited_s = time.monotonic() - began
            self._budget_s -= waited_s
            left_s -= waited_s
            if ready:
                return
        self.timed_out = True
        raise SlowClient


class Connection(TConn):  # type: ignore[misc] # gunicorn comes without types
    """A connection whose `close` never waits, because the main thread calls it. Call `linger` before it."""

    sock: TimedSocket

    def close(self, graceful: bool = False) -> None:
        util.close(self.sock)

    @property
    def has_buffered_bytes(self) -> bool:
        """Whether bytes of the next request arrived together with this one's."""
        return bool(self.parser.unreader.buf.getvalue())

    def linger(self, within_s: float) -> None:
        if not self.sock.timed_out:
            util.close_graceful(self.sock, max(within_s, 0.0), LINGER_BYTES)


class WebWorker(ThreadWorker):  # type: ignore[misc]
    """The worker class of the web process; config/gunicorn.py names it."""

    client_timeout_s = 10.0
    stop_deadline = math.inf
    """The time, on the monotonic clock, after which a stopping worker waits for no client."""
    first_byte_deadline = math.inf
    """The time after which a stopping worker closes connections that have sent nothing."""

    def init_process(self) -> None:
        self._waiting_threads = threading.Semaphore(self.cfg.threads // 2)
        super().init_process()

    def accept(self, listener: Any) -> None:
        """A new connection waits for its first byte without a thread."""
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno in _NO_CONNECTION_ERRNOS:
                return
            raise
        self.nr_conns += 1
        connection = Connection(self.cfg, TimedSocket(accepted, self), address, listener.getsockname())
        connection.timeout = time.monotonic() + self.client_timeout_s
        self.pending_conns.append(connection)
        self.poller.register(
            connection.sock, EVENT_READ, partial(self.on_pending_socket_readable, connection)
        )

    def handle(self, conn: Connection) -> Any:
        """Handle consecutive requests on this thread. A true result keeps the connection open.

        Returning the connection to the main thread, which then wakes another thread for the next request,
        took 10 % of the time of a sale (measured).
        """
        while True:
            conn.sock.reset_budget()
            keep_open = super().handle(conn)
            if not keep_open:
                conn.linger(min(LINGER_S, self.stop_deadline - time.monotonic()))
                return keep_open
            if not self._next_request_arrives(conn):
                return keep_open

    def _next_request_arrives(self, conn: Connection) -> bool:
        """Wait briefly; return whether the next request arrived. At most half of the threads wait here."""
        if conn.has_buffered_bytes:
            return True
        if not self.alive or not self._waiting_threads.acquire(blocking=False):
            return False
        try:
            return conn.sock.is_readable(NEXT_REQUEST_WAIT_S)
        finally:
            self._waiting_threads.release()

    def murder_pending(self) -> None:
        """gunicorn calls this at least once a second, so it is the first place that notices a stop."""
        if not self.alive:
            self._start_shutdown()
            for connection in self.pending_conns:
                connection.timeout = min(connection.timeout, self.first_byte_deadline)
        super().murder_pending()

    def handle_quit(self, sig: int, frame: Any) -> None:
        self.stop_deadline = self.first_byte_deadline = time.monotonic()
        super().handle_quit(sig, frame)

    def _start_shutdown(self) -> None:
        """Wait for clients during half of the graceful timeout, for requests in progress during all of it."""
        if self.stop_deadline == math.inf:
            now = time.monotonic()
            self.stop_deadline = now + self.cfg.graceful_timeout / 2
            self.first_byte_deadline = now + STOP_FIRST_BYTE_TIMEOUT_S
