"""Which process this is, and how its threads share the interpreter."""

import os
import sys

_own = [os.getpid()]


def _ask() -> None:
    _own[0] = os.getpid()


os.register_at_fork(after_in_child=_ask)


def process_id() -> int:
    """As os.getpid, without asking the kernel each time: that was 11 % of a redirect (measured)."""
    return _own[0]


SWITCH_INTERVAL_S = 0.0005


def switch_threads_often() -> None:
    """A thread may keep the interpreter from the others for a tenth of the time that Python gives it.

    Whoever writes for all lets go of it at every statement, and would wait so long to get it back.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
