"""Runs callables concurrently in threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

Result = TypeVar("Result")
THREADS = 16
DEADLINE_S = 60


def run_concurrently(*tasks: Callable[[], Result]) -> list[Result]:
    """Start all tasks at the same moment, each in its own thread. Returns their results in order.

    A task that never ends is found by the timeout of the test: a campaign may take many minutes.
    """
    barrier = Barrier(len(tasks))

    def start(task: Callable[[], Result]) -> Result:
        barrier.wait(DEADLINE_S)
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result() for future in [pool.submit(start, task) for task in tasks]]
