"""Everything that an application needs so that its templates can use the layouts and components."""

from flask import Flask, Response, request, url_for

from tracker.language.requests import install_languages
from tracker.language.templates import install_texts
from tracker.ui.assets import asset_path
from tracker.ui.errors import register_error_handlers
from tracker.ui.frame import page_frame
from tracker.ui.icons import icon
from tracker.ui.navigation import entries
from tracker.ui.notices import install_notices, shown_notice
from tracker.ui.qr import qr_code

PAGES = "/app/"
"""Below it are the pages of people who sign in."""


def install_ui(app: Flask) -> None:
    """Texts, layouts, notices and error pages. The blueprint of tracker.ui.pages serves their files."""
    install_languages(app)
    install_texts(app.jinja_env)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        icon=icon,
        qr_code=qr_code,
        asset_url=_asset_url,
        page_frame=page_frame,
        navigation=entries,
        shown_notice=shown_notice,
    )
    install_notices(app)
    app.after_request(_keep_private)
    register_error_handlers(app)


def _asset_url(name: str) -> str:
    return url_for("ui.static", name=asset_path(name))


def _keep_private(response: Response) -> Response:
    """A page of a person is theirs alone, and is asked for again after "back"."""
    if request.path.startswith(PAGES) and response.mimetype == "text/html":
        response.headers.setdefault("Cache-Control", "private, no-cache")
    return response
