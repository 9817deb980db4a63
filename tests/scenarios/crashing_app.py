"""The hook door in a process that is killed when a request asks for it: `X-Die-At: commit 2`."""

import os
import signal
from functools import partial

from flask import Flask, g, has_request_context, request
from sqlalchemy import event

from config.settings import load_settings
from tests.harness.processes.crashes import CRASH_POINTS
from tests.tracker.sales.api.hook_app import make_app
from tracker.http.site import site

HEADER = "X-Die-At"


def kill_self(moment: str, *_: object) -> None:
    """At the moment of that name, by its number within the request."""
    if not has_request_context() or HEADER not in request.headers:
        return
    wanted, number = request.headers[HEADER].split()
    if moment == wanted:
        g.moments = g.get("moments", 0) + 1
        if g.moments == int(number):
            os.kill(os.getpid(), signal.SIGKILL)


def app() -> Flask:
    application = make_app(load_settings())
    with application.app_context():
        engine = site().databases.main
    for moment, name in CRASH_POINTS.items():
        event.listen(engine, name, partial(kill_self, moment))
    return application
