"""gunicorn's gthread worker with timeouts for stalled clients.

What gthread of gunicorn 27.0 does (its source, gunicorn/workers/gthread.py): a new connection has a thread
for five seconds before a byte has come; head, body and answer go over a blocking socket without any deadline,
so that a client that stops keeps its thread for ever, and SIGTERM ends in SIGKILL; and the main thread, which
owes the arbiter a heartbeat, waits up to two seconds for each client that does not hang up. Here a silent
connection has no thread, waiting for a client ends, and the main thread waits for nobody.
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
"""A client that moves at least this much may take as long as it needs."""
LINGER_S = 2.0
"""How long an answered client may take to hang up; without that the last of an answer can be lost."""
LINGER_BYTES = 16 * 1024 * 1024
"""Enough for a client that sends the whole of a refused body before it reads that it was refused."""
STOP_FIRST_BYTE_TIMEOUT_S = 1.0
"""How long a stopping worker waits for the first byte of a connection that it has accepted."""
POLL_INTERVAL_S = 0.25
NEXT_REQUEST_WAIT_S = 0.25
"""How long a thread waits for the next request of the client that it has just answered."""
_NO_CONNECTION_ERRNOS = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED)


class SlowClient(TimeoutError):
    """The errno is ECONNRESET, which gunicorn does not log."""

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "the client was too slow")


class TimedSocket(socket.socket):
    """A blocking socket that waits for its client `client_timeout_s` in one request, and no longer.

    Only waiting time counts, and transferred bytes refill the budget: a slow but steady client is served, single bytes now and
    then is not enough. Set to not block, it is an ordinary socket.
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
        if timeout_s:  # gunicorn drains what it will not read: not for longer than it likes, nor than we do
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
        """Until the client has moved. Raises SlowClient when its time, or the worker's, is over."""
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
    """`close` is called on the main thread, and never waits; whoever wants to linger did so before."""

    sock: TimedSocket

    def close(self, graceful: bool = False) -> None:
        util.close(self.sock)

    @property
    def has_buffered_bytes(self) -> bool:
        """Whether bytes of the next request came together with this one's."""
        return bool(self.parser.unreader.buf.getvalue())

    def linger(self, within_s: float) -> None:
        if not self.sock.timed_out:
            util.close_graceful(self.sock, max(within_s, 0.0), LINGER_BYTES)


class WebWorker(ThreadWorker):  # type: ignore[misc]
    client_timeout_s = 10.0
    stop_deadline = math.inf
    """Since when, on the monotonic clock, a stopping worker waits for no client."""
    first_byte_deadline = math.inf

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
        """On a thread, for as long as one request follows the other. True when the connection is kept.

        To give it back to the main thread, which then wakes another one for the next request, was a tenth of
        what a sale took (measured).
        """
        while True:
            conn.sock.reset_budget()
            kept = super().handle(conn)
            if not kept:
                conn.linger(min(LINGER_S, self.stop_deadline - time.monotonic()))
                return kept
            if not self._next_request_arrives(conn):
                return kept

    def _next_request_arrives(self, conn: Connection) -> bool:
        """Whether the next request is there soon. At most half of the threads wait like this."""
        if conn.has_buffered_bytes:
            return True
        if not self.alive or not self._waiting_threads.acquire(blocking=False):
            return False
        try:
            return conn.sock.is_readable(NEXT_REQUEST_WAIT_S)
        finally:
            self._waiting_threads.release()

    def murder_pending(self) -> None:
        """Called at least once a second; it is the first place that notices a stop."""
        if not self.alive:
            self._start_shutdown()
            for connection in self.pending_conns:
                connection.timeout = min(connection.timeout, self.first_byte_deadline)
        super().murder_pending()

    def handle_quit(self, sig: int, frame: Any) -> None:
        self.stop_deadline = self.first_byte_deadline = time.monotonic()
        super().handle_quit(sig, frame)

    def _start_shutdown(self) -> None:
        """Clients get half of the graceful timeout; running requests may use the other half."""
        if self.stop_deadline == math.inf:
            now = time.monotonic()
            self.stop_deadline = now + self.cfg.graceful_timeout / 2
            self.first_byte_deadline = now + STOP_FIRST_BYTE_TIMEOUT_S
