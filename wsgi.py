"""The complete application, `wsgi:app`. The edge process loads tracker.clicks.redirect.edge instead.

Importing this module opens no connection and starts no thread; the first request does.
"""

from importlib import import_module

from flask import Flask

from config.database import open_databases
from config.settings import Settings, load_settings
from payouts.backoffice.pages import install_backoffice
from payouts.monitoring.metrics import blueprint as metrics
from payouts.monitoring.readiness import blueprint as readiness
from payouts.operator.pages import blueprint as operator
from payouts.portal.pages import blueprint as portal
from payouts.transfers.payee_presence import has_payee
from tracker.clicks.redirect.pages import blueprint as clicks
from tracker.http.compression import install_compression
from tracker.http.proxy import TrustedProxies
from tracker.http.request_slots import RequestLimiter
from tracker.http.safety import add_security_hooks
from tracker.http.site import Site, install_site
from tracker.http.whole_body import install_body_reader
from tracker.mail.pages import blueprint as mail
from tracker.people.connections import Connections
from tracker.people.looks.pages import blueprint as looks
from tracker.people.pages import blueprint as people
from tracker.people.pages import install_people
from tracker.programs.joining import join_program
from tracker.sales.api.hooks import blueprint as hooks
from tracker.sales.api.postbacks import blueprint as postbacks
from tracker.sales.api.v1 import blueprint as brand_api
from tracker.sales.reports.strict_json import MAXIMUM_BYTES
from tracker.ui.install import install_ui
from tracker.ui.pages import blueprint as ui

DEMO_PAGES_MODULE = "payouts.demo.pages"
"""Loaded in demo mode only: its imports, jobs and rail, are a fifth of all that a web process loads."""
MAX_BODY_BYTES = 1024 * 1024
BODY_LIMITS_BYTES = {"/hooks/": MAXIMUM_BYTES, "/api/": MAXIMUM_BYTES, "": MAX_BODY_BYTES}
MAX_CONCURRENT_REQUESTS = 8
"""Requests that run at the same time in one process. There are more threads, because clients can be slow."""


def create_app(settings: Settings) -> Flask:
    """The Flask application for these settings; with the demo pages if `settings.demo`."""
    app = Flask("linkledger", static_folder=None)
    app.config["TRUSTED_HOSTS"] = None
    install_site(app, Site(settings, open_databases(settings)))
    install_ui(app)
    install_compression(app)
    install_people(app, Connections(join_program=join_program, has_payee=has_payee))
    app.register_blueprint(ui)
    app.register_blueprint(people)
    app.register_blueprint(looks)
    app.register_blueprint(mail)
    app.register_blueprint(metrics)
    app.register_blueprint(readiness)
    app.register_blueprint(hooks)
    app.register_blueprint(brand_api)
    app.register_blueprint(postbacks)
    install_backoffice(app)
    app.register_blueprint(portal)
    app.register_blueprint(operator)
    if settings.demo:
        app.register_blueprint(import_module(DEMO_PAGES_MODULE).blueprint)
    app.register_blueprint(clicks)
    app.wsgi_app = RequestLimiter(app.wsgi_app, MAX_CONCURRENT_REQUESTS)  # type: ignore[method-assign]
    install_body_reader(app, BODY_LIMITS_BYTES)
    add_security_hooks(app)
    app.wsgi_app = TrustedProxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign]
    return app


def __getattr__(name: str) -> Flask:
    """Create `app` when a server first asks for it, so that importing this module does nothing."""
    if name != "app":
        raise AttributeError(name)
    globals()[name] = create_app(load_settings())
    return globals()[name]  # type: ignore[no-any-return]
