"""Many at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

Result = TypeVar("Result")
THREADS = 16
DEADLINE_S = 60


def at_once(*works: Callable[[], Result]) -> list[Result]:
    """Start all of them at the same moment, each in a thread of its own; what each returned."""
    barrier = Barrier(len(works))

    def start(work: Callable[[], Result]) -> Result:
        barrier.wait(DEADLINE_S)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result(DEADLINE_S) for future in [pool.submit(start, work) for work in works]]
