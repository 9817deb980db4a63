"""Waits for a signal, also for the end of a child process, without looking at intervals."""

import select
import signal
import socket
from types import FrameType, TracebackType
from typing import Self

_MANY = 4096


class SignalWait:
    """While it is open, every signal that has a handler ends `wait`, and so does the end of a child.

    Python writes the number of each signal to a socket (signal.set_wakeup_fd) at the moment when it arrives,
    so none is missed that arrives before `wait`, after the caller has looked: a handler alone would miss it.
    Use it in the main thread.
    """

    def __enter__(self) -> Self:
        self._reader, self._writer = socket.socketpair()
        for each in (self._reader, self._writer):
            each.setblocking(False)
        self._former_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._former_handler = signal.signal(signal.SIGCHLD, _ignore)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGCHLD, self._former_handler)
        signal.set_wakeup_fd(self._former_fd)
        self._reader.close()
        self._writer.close()

    def wait(self, within_s: float | None) -> None:
        """Return at the next signal, at once if one has arrived since the last call, or after this time."""
        readable, _, _ = select.select([self._reader], [], [], within_s)
        if readable:
            self._reader.recv(_MANY)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """A handler that Python knows is what makes it write to the socket."""
