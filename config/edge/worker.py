"""The gunicorn worker of the edge: the life of its process, around one event loop.

It subclasses gunicorn's documented base class and uses only what that class offers to subclasses.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Any

import uvloop
from gunicorn.workers.base import Worker

from config.edge.application import Application
from config.edge.connection import EdgeConnection
from config.edge.head import HeadLimits
from config.edge.server import Server
from config.edge.waiting import Timeouts

BOOT_ERROR = 3
"""The exit code of a worker that could not start; gunicorn then ends instead of starting another one."""


class EdgeWorker(Worker):  # type: ignore[misc] # gunicorn comes without types
    """Serves until a stop signal, then finishes the requests that are under way."""

    timeouts = Timeouts()
    loop: asyncio.AbstractEventLoop

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.server: Server | None = None
        self._stop_requested = asyncio.Event()
        self._is_hurried = False

    # The life of the process, as gunicorn documents it

    def init_process(self) -> None:
        self.loop = uvloop.new_event_loop()
        super().init_process()

    def init_signals(self) -> None:
        """The loop calls the handlers between two callbacks, so none interrupts a request.

        Only SIGABRT, which gunicorn sends to a worker without a heartbeat, interrupts whatever is running.
        """
        for number in self.SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        handlers: dict[signal.Signals, Callable[[int, Any], None]] = {
            signal.SIGTERM: self.handle_exit,
            signal.SIGINT: self.handle_quit,
            signal.SIGQUIT: self.handle_quit,
            signal.SIGUSR1: self.handle_usr1,
            signal.SIGWINCH: self.handle_winch,
        }
        for number, handler in handlers.items():
            self.loop.add_signal_handler(number, handler, number, None)
        signal.signal(signal.SIGABRT, self.handle_abort)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Stop gracefully."""
        self.alive = False
        if self.server is not None:
            self.server.is_stopping = True
        self._stop_requested.set()

    def handle_quit(self, sig: int, frame: Any) -> None:
        """Stop at once, also during a graceful stop."""
        self._is_hurried = True
        if self.alive:
            self.cfg.worker_int(self)
        self.handle_exit(sig, frame)

    def run(self) -> None:
        application: Application = self.wsgi
        try:
            application.start()
        except Exception as error:
            self.log.error("the edge did not start: %s", type(error).__name__)
            raise SystemExit(BOOT_ERROR) from error
        try:
            self.loop.set_exception_handler(self._log_loop_error)
            self.loop.run_until_complete(self._serve(application))
        finally:
            self.loop.close()
            for listener in self.sockets:
                listener.close()

    # In the event loop

    async def _serve(self, application: Application) -> None:
        self.server = server = self._make_server(application)
        listening = [
            await self.loop.create_server(
                lambda: EdgeConnection(server), sock=listener.sock, backlog=self.cfg.backlog
            )
            for listener in self.sockets
        ]
        while self.alive and self.ppid == os.getppid():
            self.notify()
            server.sweep()
            await self._wait_for_stop(self.timeouts.sweep_s)
        self.alive = False
        for each in listening:
            each.close()
        await server.stop(
            self.timeouts.arrival_s, self.cfg.graceful_timeout / 2, is_hurried=lambda: self._is_hurried
        )
        if not self._is_hurried:
            # Off the loop, so that a second signal can still end the process.
            await self._close(application)

    def _make_server(self, application: Application) -> Server:
        return Server(
            application,
            loop=self.loop,
            log=self.log,
            limits=HeadLimits(
                line_bytes=self.cfg.limit_request_line,
                field_bytes=self.cfg.limit_request_field_size,
                fields=self.cfg.limit_request_fields,
            ),
            timeouts=self.timeouts._replace(keep_alive_s=self.cfg.keepalive),
            max_connections=self.cfg.worker_connections,
            on_request=self._count_request,
        )

    def _count_request(self) -> None:
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.handle_exit(signal.SIGTERM, None)

    async def _wait_for_stop(self, within_s: float) -> None:
        try:
            await asyncio.wait_for(self._stop_requested.wait(), within_s)
        except TimeoutError:
            return

    async def _close(self, application: Application) -> None:
        closing = self.loop.run_in_executor(None, application.close)
        while not closing.done() and not self._is_hurried:
            self.notify()
            await asyncio.wait([closing], timeout=self.timeouts.arrival_s)
        if closing.done():
            closing.result()

    def _log_loop_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """One line without the message: asyncio's own handler would log the transport and its addresses."""
        error = context.get("exception")
        self.log.error("an error in the event loop: %s", type(error).__name__ if error else "unknown")
