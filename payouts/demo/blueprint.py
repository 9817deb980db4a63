"""The demo's blueprint: everything under /demo, in demo mode only."""

from flask import Blueprint

from payouts.demo.formats import FILTERS

blueprint = Blueprint("demo", __name__, url_prefix="/demo", template_folder="templates")

for _name, _show in FILTERS.items():
    blueprint.add_app_template_filter(_show, _name)
