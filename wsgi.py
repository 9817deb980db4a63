"""The applications: `gunicorn wsgi:app` is the whole one, `edge` (ASGI) does redirects and nothing else.

The edge's own process names it by tracker.clicks.redirect.edge, and so never loads what the pages need.

Importing this module opens no connection and starts no thread; the first request does.
"""

from importlib import import_module

from flask import Flask

from config.database import open_databases
from config.settings import Settings, load_settings
from payouts.monitoring.metrics import blueprint as metrics
from payouts.monitoring.readiness import blueprint as jobs
from tracker.clicks.redirect.edge import Edge, create_edge
from tracker.clicks.redirect.pages import blueprint as clicks
from tracker.http.proxy import TrustedProxies
from tracker.http.safety import protect
from tracker.http.site import Site, install
from tracker.http.turns import Turns
from tracker.http.whole_body import read_bodies_first
from tracker.sales.api.hooks import blueprint as sales
from tracker.sales.api.postbacks import blueprint as postbacks
from tracker.sales.api.v1 import blueprint as brand_api
from tracker.sales.reports.strict_json import MAXIMUM_BYTES
from tracker.ui.errors import answer_errors
from tracker.ui.pages import blueprint as ui

DEMO = "payouts.demo.pages"
"""Loaded in demo mode only: it needs the jobs and the rail, a fifth of what a web process loads."""
MAXIMUM_BODY_BYTES = 1024 * 1024
LIMITS_BYTES = {"/hooks/": MAXIMUM_BYTES, "/api/": MAXIMUM_BYTES, "": MAXIMUM_BODY_BYTES}
AT_ONCE = 8
"""Requests at work in one process. There are more threads than that, because clients can be slow."""


def create_app(settings: Settings) -> Flask:
    """One application over the given settings; demo pages only when they ask for them."""
    app = Flask("linkledger", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAXIMUM_BODY_BYTES
    app.config["TRUSTED_HOSTS"] = None
    install(app, Site(settings, open_databases(settings)))
    app.register_blueprint(ui)
    app.register_blueprint(metrics)
    app.register_blueprint(jobs)
    app.register_blueprint(sales)
    app.register_blueprint(brand_api)
    app.register_blueprint(postbacks)
    if settings.demo:
        app.register_blueprint(import_module(DEMO).blueprint)
    app.register_blueprint(clicks)
    app.wsgi_app = Turns(app.wsgi_app, AT_ONCE)  # type: ignore[method-assign]
    read_bodies_first(app, LIMITS_BYTES)
    protect(app)
    answer_errors(app)
    app.wsgi_app = TrustedProxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign]
    return app


def __getattr__(name: str) -> Flask | Edge:
    """`wsgi:app` and `wsgi:edge` are made when a server first asks for them: importing this does nothing."""
    if name == "app":
        globals()[name] = create_app(load_settings())
    elif name == "edge":
        globals()[name] = create_edge(load_settings())
    else:
        raise AttributeError(name)
    return globals()[name]  # type: ignore[no-any-return]
