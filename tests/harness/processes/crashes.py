"""Processes that are killed at a chosen point of their work.

A new interpreter per crash costs seconds. A zygote runs the work once, so that everything is loaded, and
forks herself for each death; she has no threads, and holds no connection when she does.
"""

import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from sqlalchemy import Engine, event

from tests.harness.databases.statement_cache import share_compiled_statements

CRASH_POINTS = {
    "begin": "begin",
    "statement": "after_cursor_execute",
    "commit": "commit",
    "committed": "checkin",
}
"""What a moment is called here, and SQLAlchemy's event: before a transaction, after a statement, before and
after a commit (the connection is given back then)."""

Work = Callable[[], Any]
_DEADLINE_S = 60
_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(
    ["tests.harness.processes.crashes", "payouts.processes.job_table", "payouts.statements.close", "psycopg"]
)


def kill_at(engine: Engine, moment: str, number: int) -> None:
    """The process is killed at the `number`th such moment of this engine."""
    seen = 0

    def kill_self(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine, CRASH_POINTS[moment], kill_self)


def begin(work: Work) -> BaseProcess:
    """Do it in a process that whoever called this may kill."""
    process = _FORKING.Process(target=work, daemon=True)
    process.start()
    return process


class Zygote:
    """Does work in children of her own."""

    def __init__(self, pipe: "Connection[Any, Any]") -> None:
        self._pipe = pipe

    def was_killed(self, work: Work) -> bool:
        """Do it in a child. Whether that was killed; else it came through. Its errors are raised here."""
        self._pipe.send(work)
        return bool(self._receive())

    def do(self, work: Work) -> None:
        """Do it in the nurse herself: what is loaded and compiled by that serves every child."""
        self._pipe.send((work,))
        self._receive()

    def _receive(self) -> Any:
        assert self._pipe.poll(_DEADLINE_S), "the child does not end"
        reply = self._pipe.recv()
        if isinstance(reply, str):
            raise AssertionError(reply)
        return reply


@contextmanager
def zygote() -> Iterator[Zygote]:
    parent_end, child_end = _FORKING.Pipe()
    process = _FORKING.Process(target=_serve, args=(child_end,), daemon=True)
    process.start()
    child_end.close()
    try:
        yield Zygote(parent_end)
    finally:
        parent_end.close()
        process.join(_DEADLINE_S)


def _serve(pipe: "Connection[Any, Any]") -> None:
    share_compiled_statements()
    while True:
        try:
            request = pipe.recv()
        except EOFError:
            return
        if isinstance(request, tuple):
            request[0]()
            gc.collect()
            gc.freeze()  # children share what nobody writes to
            pipe.send(True)
        else:
            pipe.send(_in_a_child(request))


def _in_a_child(work: Work) -> bool | str:
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:
            os.write(2, f"{error!r}\n".encode())
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status) == signal.SIGKILL
    return False if os.WEXITSTATUS(status) == 0 else "the child failed; what it said stands above"
