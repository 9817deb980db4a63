"""The blueprint of all pages of this package, and of the templates that other packages extend."""

from flask import Blueprint

blueprint = Blueprint("ui", __name__, template_folder="templates")
