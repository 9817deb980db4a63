"""An application with only the entry points of sales, for tests: `gunicorn "…hook_app:app()"`."""

from flask import Flask

from config.database import open_databases
from config.settings import Settings, load_settings
from tracker.http.site import Site, install_site
from tracker.http.whole_body import install_body_reader
from tracker.sales.api.hooks import blueprint
from tracker.sales.api.postbacks import blueprint as postbacks
from tracker.sales.api.v1 import blueprint as brand_api
from tracker.sales.reports.strict_json import MAXIMUM_BYTES
from tracker.ui.errors import register_error_handlers


def make_app(settings: Settings) -> Flask:
    application = Flask("linkledger", static_folder=None)
    install_site(application, Site(settings, open_databases(settings)))
    for each in (blueprint, brand_api, postbacks):
        application.register_blueprint(each)
    install_body_reader(application, {"": MAXIMUM_BYTES})
    register_error_handlers(application)
    return application


def app() -> Flask:
    return make_app(load_settings())
