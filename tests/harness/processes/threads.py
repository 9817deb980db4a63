"""Runs callables concurrently in threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

Result = TypeVar("Result")
THREADS = 16
DEADLINE_S = 60


def run_concurrently(*tasks: Callable[[], Result]) -> list[Result]:
    """Start all of them at the same moment, each in a thread of its own; what each returned."""
    barrier = Barrier(len(tasks))

    def start(task: Callable[[], Result]) -> Result:
        barrier.wait(DEADLINE_S)
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result(DEADLINE_S) for future in [pool.submit(start, task) for task in tasks]]
