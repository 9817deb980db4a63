"""The hook entry point in a process that kills itself on request: `X-Crash-At: commit 2`."""

import os
import signal
from functools import partial

from flask import Flask, g, has_request_context, request
from sqlalchemy import event

from config.settings import load_settings
from tests.harness.processes.crashes import CRASH_POINTS
from tests.tracker.sales.api.hook_app import make_app
from tracker.http.site import site

HEADER = "X-Crash-At"


def kill_self(point: str, *_: object) -> None:
    """Kill the process at the crash point, and at its occurrence in the request, that the header names."""
    if not has_request_context() or HEADER not in request.headers:
        return
    wanted_point, number = request.headers[HEADER].split()
    if point == wanted_point:
        g.occurrences = g.get("occurrences", 0) + 1
        if g.occurrences == int(number):
            os.kill(os.getpid(), signal.SIGKILL)


def app() -> Flask:
    application = make_app(load_settings())
    with application.app_context():
        engine = site().databases.main
    for point, event_name in CRASH_POINTS.items():
        event.listen(engine, event_name, partial(kill_self, point))
    return application
