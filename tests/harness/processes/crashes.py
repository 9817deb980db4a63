"""Processes that are killed at a chosen point of their work.

A new interpreter per crash costs seconds. A zygote runs the work once, so that everything is loaded, and
forks for each crash. It has no threads and no open connections when it forks.
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
"""Name of a crash point -> SQLAlchemy's event: before a transaction, after a statement, before a commit, and
after a commit, when the connection returns to the pool."""

Work = Callable[[], Any]
_DEADLINE_S = 60
_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(
    ["tests.harness.processes.crashes", "payouts.processes.job_table", "payouts.statements.close", "psycopg"]
)


def kill_at(engine: Engine, moment: str, number: int) -> None:
    """Kill this process when the engine reaches the crash point `moment` for the `number`th time."""
    reached = 0

    def kill_self(*_: object) -> None:
        nonlocal reached
        reached += 1
        if reached == number:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine, CRASH_POINTS[moment], kill_self)


def begin(work: Work) -> BaseProcess:
    """Start `work` in a new process, which the caller may kill."""
    process = _FORKING.Process(target=work, daemon=True)
    process.start()
    return process


class Zygote:
    """A process that runs each piece of work in a forked child."""

    def __init__(self, pipe: "Connection[Any, Any]") -> None:
        self._pipe = pipe

    def was_killed(self, work: Work) -> bool:
        """Run `work` in a child. True if the child was killed, False if it finished; errors raise here."""
        self._pipe.send(work)
        return bool(self._receive())

    def do(self, work: Work) -> None:
        """Run `work` in the zygote itself, so that later children inherit what it loads and compiles."""
        self._pipe.send((work,))
        self._receive()

    def _receive(self) -> Any:
        assert self._pipe.poll(_DEADLINE_S), "the child did not end in time"
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
            gc.freeze()  # so that children share memory that is not written to
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
    return False if os.WEXITSTATUS(status) == 0 else "the child failed; see its output above"
