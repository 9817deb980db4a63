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
from tracker.http.safety import add_security_hooks
from tracker.http.site import Site, install_site
from tracker.http.turns import RequestLimiter
from tracker.http.whole_body import install_body_reader
from tracker.sales.api.hooks import blueprint as sales
from tracker.sales.api.postbacks import blueprint as postbacks
from tracker.sales.api.v1 import blueprint as brand_api
from tracker.sales.reports.strict_json import MAXIMUM_BYTES
from tracker.ui.errors import register_error_handlers
from tracker.ui.pages import blueprint as ui

DEMO_PAGES_MODULE = "payouts.demo.pages"
"""Loaded in demo mode only: it needs the jobs and the rail, a fifth of what a web process loads."""
MAX_BODY_BYTES = 1024 * 1024
BODY_LIMITS_BYTES = {"/hooks/": MAXIMUM_BYTES, "/api/": MAXIMUM_BYTES, "": MAX_BODY_BYTES}
MAX_CONCURRENT_REQUESTS = 8
"""Requests at work in one process. There are more threads than that, because clients can be slow."""


def create_app(settings: Settings) -> Flask:
    """One application over the given settings; demo pages only when they ask for them."""
    app = Flask("linkledger", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["TRUSTED_HOSTS"] = None
    install_site(app, Site(settings, open_databases(settings)))
    app.register_blueprint(ui)
    app.register_blueprint(metrics)
    app.register_blueprint(jobs)
    app.register_blueprint(sales)
    app.register_blueprint(brand_api)
    app.register_blueprint(postbacks)
    if settings.demo:
        app.register_blueprint(import_module(DEMO_PAGES_MODULE).blueprint)
    app.register_blueprint(clicks)
    app.wsgi_app = RequestLimiter(app.wsgi_app, MAX_CONCURRENT_REQUESTS)  # type: ignore[method-assign]
    install_body_reader(app, BODY_LIMITS_BYTES)
    add_security_hooks(app)
    register_error_handlers(app)
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
