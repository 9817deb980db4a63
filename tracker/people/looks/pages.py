"""The colour of a brand as a style sheet, and its logo. Both names contain a hash, so browsers keep them."""

import hashlib
import re

from flask import Blueprint, Response, abort, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import read_session
from tracker.http.access import public
from tracker.http.site import site
from tracker.people.looks.models import BrandLook
from tracker.people.looks.rules import HASH_LENGTH, LOOKS_PATH, logo_path
from tracker.ui.look import Look

blueprint = Blueprint("looks", __name__, url_prefix=LOOKS_PATH)

KEPT = "public, max-age=31536000, immutable"
SHORT = "public, max-age=300"
"""When the address names a former content."""
_NAME = re.compile(r"[0-9a-f]{12}")


def look_of(session: Session, brand_id: str) -> Look | None:
    """The look of a brand for the layouts, in one query that does not read the logo."""
    columns = select(BrandLook.colour, BrandLook.logo_type, BrandLook.logo_hash)
    found = session.execute(columns.where(BrandLook.brand_id == brand_id)).one_or_none()
    if found is None:
        return None
    colour, logo_type, logo_hash = found
    logo_url = None
    if logo_type is not None and logo_hash is not None:
        logo_url = logo_path(brand_id, logo_type, logo_hash)
    return Look(None if colour is None else stylesheet_url(brand_id, colour), logo_url)


def stylesheet_url(brand_id: str, colour: str) -> str:
    return url_for("looks.stylesheet", brand_id=brand_id, name=_hash(_style(colour)))


@blueprint.get("/<brand_id>/<name>.css")
@public("the colour of a brand, which everybody sees on its pages")
def stylesheet(brand_id: str, name: str) -> Response:
    with read_session(site().databases.main) as session:
        colour = session.scalar(select(BrandLook.colour).where(BrandLook.brand_id == brand_id))
    if colour is None or not _NAME.fullmatch(name):
        abort(404)
    style = _style(colour)
    return _kept(Response(style, mimetype="text/css"), _hash(style), name)


@blueprint.get("/<brand_id>/<name>.<any(png, jpg):ending>")
@public("the logo of a brand, which everybody sees on its pages")
def logo(brand_id: str, name: str, ending: str) -> Response:
    columns = select(BrandLook.logo, BrandLook.logo_type, BrandLook.logo_hash)
    with read_session(site().databases.main) as session:
        found = session.execute(columns.where(BrandLook.brand_id == brand_id)).one_or_none()
    if found is None or found.logo is None or not _NAME.fullmatch(name):
        abort(404)
    response = Response(found.logo, mimetype=found.logo_type)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return _kept(response, found.logo_hash[:HASH_LENGTH], name)


def _kept(response: Response, present: str, name: str) -> Response:
    response.headers["Cache-Control"] = KEPT if name == present else SHORT
    response.set_etag(present)
    response.make_conditional(request)
    return response


def _style(colour: str) -> bytes:
    """The one line that a brand sets; the rest of its colours is derived in tokens.css."""
    return b"@layer tokens{:root{--brand:%s}}" % colour.encode("ascii")


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:HASH_LENGTH]
