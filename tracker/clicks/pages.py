"""The Flask door of the redirect, for hosts that offer one port only."""

from datetime import UTC, datetime

from flask import Blueprint, Response, make_response, render_template, request
from flask.blueprints import BlueprintSetupState
from werkzeug.routing import BaseConverter

from config.database import reading
from tracker.clicks.redirect import NO_STORE, Visit, follow
from tracker.clicks.visitor import HEADERS
from tracker.people.access import public
from tracker.programs.codes import LINK_CODE_PATTERN
from tracker.programs.operations import LinkTarget, link_target
from tracker.site import site

blueprint = Blueprint("clicks", __name__, template_folder="templates")

RETRY_AFTER_S = 5


class LinkCode(BaseConverter):
    """A path that cannot be a code is an ordinary unknown page, and no database is asked about it."""

    regex = LINK_CODE_PATTERN


@blueprint.record_once
def _know_link_codes(state: BlueprintSetupState) -> None:
    state.app.url_map.converters["link_code"] = LinkCode


@blueprint.get("/<link_code:code>")
@public("anybody may follow a link")
def follow_link(code: str) -> Response:
    here = site()
    headers = {name: value for name in HEADERS if (value := request.headers.get(name)) is not None}
    answer = follow(
        Visit(request.method, code, headers),
        datetime.now(UTC),
        find_link=_find_link,
        recorder=here.recorder,
        keys=here.settings.secret_keys,
    )
    if answer.location is not None:
        return Response(status=answer.status, headers={"Location": answer.location, **NO_STORE})
    return _page(answer.status)


def _find_link(code: str) -> LinkTarget | None:
    with reading(site().databases.main) as session:
        return link_target(session, code)


def _page(status: int) -> Response:
    template = "clicks/unknown_link.html" if status == 404 else "clicks/try_again.html"
    response = make_response(render_template(template), status)
    response.headers.update(NO_STORE)
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response
