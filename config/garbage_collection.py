"""The collector of circles, kept away from what a process loads at its start, and from its end.

What is loaded stays: to look through it again and again while more is loaded, and once more when the process
ends, takes a third of the time of a short command (measured).
"""

import atexit
import gc

THRESHOLDS = (50_000, 20, 100)


def tune_gc() -> None:
    """Call it before the rooms are loaded. In forks it holds as well."""
    gc.set_threshold(*THRESHOLDS)
    atexit.register(gc.freeze)
