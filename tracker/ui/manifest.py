"""The web manifest: what a phone shows when somebody puts the pages on its home screen."""

import json

from flask import Response, url_for

from tracker.http.access import public
from tracker.language.texts import current_language
from tracker.ui.assets import asset_path
from tracker.ui.blueprint import blueprint
from tracker.ui.frame import PRODUCT

PICTURE_SIZES = (192, 512)
"""Pixels of a side."""


@blueprint.get("/app/manifest.webmanifest")
@public("name and icon of the product, the same for every visitor")
def manifest() -> Response:
    value = {
        "name": PRODUCT,
        "short_name": PRODUCT,
        "lang": current_language(),
        "id": "/app/",
        "start_url": "/app/",
        "scope": "/app/",
        "display": "standalone",
        "background_color": "#faf8f4",
        "theme_color": "#faf8f4",
        "icons": [
            {
                "src": url_for("ui.static", name=asset_path("mark.svg")),
                "type": "image/svg+xml",
                "sizes": "any",
                "purpose": "any",
            },
            *(_picture(size) for size in PICTURE_SIZES),
        ],
    }
    return Response(json.dumps(value), mimetype="application/manifest+json")


def _picture(size: int) -> dict[str, str]:
    """The mark as PNG, for phones that draw no SVG. Its ground fills the square, which a phone may cut."""
    return {
        "src": url_for("ui.static", name=asset_path(f"icon-{size}.png")),
        "type": "image/png",
        "sizes": f"{size}x{size}",
        "purpose": "any maskable",
    }
