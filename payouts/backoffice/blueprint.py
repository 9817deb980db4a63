"""The blueprint of a brand's pages. All are below /app/brands/ and the id of the brand."""

from flask import Blueprint

blueprint = Blueprint(
    "backoffice", __name__, url_prefix="/app/brands/<brand_id>", template_folder="templates"
)
