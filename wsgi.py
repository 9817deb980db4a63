"""The web application, made here and nowhere else: `gunicorn wsgi:app`.

Importing this module opens no connection and starts no thread; the first request does.
"""

from flask import Flask

from config.database import open_databases
from config.settings import Settings, load_settings
from payouts.demo.pages import blueprint as demo
from payouts.jobs.pages import blueprint as jobs
from tracker.clicks.pages import blueprint as clicks
from tracker.clicks.recorder import Recorder
from tracker.sales.api import blueprint as sales
from tracker.site import Site, install
from tracker.ui.errors import answer_errors
from tracker.ui.metrics import blueprint as metrics
from tracker.ui.pages import blueprint as ui
from tracker.ui.proxy import TrustedProxies
from tracker.ui.safety import protect

MAXIMUM_BODY_BYTES = 1024 * 1024


def create_app(settings: Settings) -> Flask:
    """One application over the given settings; demo pages only when they ask for them."""
    app = Flask("linkledger", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAXIMUM_BODY_BYTES
    app.config["TRUSTED_HOSTS"] = None
    install(app, Site(settings, open_databases(settings), Recorder.of(settings)))
    app.register_blueprint(ui)
    app.register_blueprint(metrics)
    app.register_blueprint(jobs)
    app.register_blueprint(sales)
    if settings.demo:
        app.register_blueprint(demo)
    app.register_blueprint(clicks)
    protect(app)
    answer_errors(app)
    app.wsgi_app = TrustedProxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign]
    return app


def __getattr__(name: str) -> Flask:
    """`wsgi:app` is made when a server first asks for it, so that importing this module does nothing."""
    if name != "app":
        raise AttributeError(name)
    globals()["app"] = create_app(load_settings())
    return globals()["app"]  # type: ignore[no-any-return]
