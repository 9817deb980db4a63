"""The hook door alone in an application, for tests that serve it: `gunicorn "…hook_app:app()"`."""

from flask import Flask

from config.database import open_databases
from config.settings import Settings, load_settings
from tracker.clicks.recorder import Recorder
from tracker.sales.api import blueprint
from tracker.site import Site, install
from tracker.ui.errors import answer_errors


def make_app(settings: Settings) -> Flask:
    application = Flask("linkledger", static_folder=None)
    install(application, Site(settings, open_databases(settings), Recorder(settings.clicks_url)))
    application.register_blueprint(blueprint)
    answer_errors(application)
    return application


def app() -> Flask:
    return make_app(load_settings())
