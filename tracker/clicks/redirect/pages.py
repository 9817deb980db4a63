"""The Flask entry point of the redirect and the shop script, for hosts that offer only one port."""

from datetime import UTC, datetime

from flask import Blueprint, Response, request
from flask.blueprints import BlueprintSetupState
from werkzeug.routing import BaseConverter

from tracker.clicks.counting.visitor import HEADERS
from tracker.clicks.redirect import shop_script
from tracker.clicks.redirect.parts import RedirectParts
from tracker.clicks.redirect.request import NO_STORE, RETRY_AFTER_S, RedirectResult, Visit, follow
from tracker.clicks.redirect.shoppers_page import shoppers_page
from tracker.http.access import public, signed
from tracker.http.client import normalize_address
from tracker.http.proxy import PROXIED
from tracker.http.site import site
from tracker.language.negotiation import best_language
from tracker.programs.codes import LINK_CODE_PATTERN

blueprint = Blueprint("clicks", __name__)


class LinkCode(BaseConverter):
    """A path that cannot be a link code is a plain 404, without a database query."""

    regex = LINK_CODE_PATTERN


@blueprint.record_once
def _register_converter(state: BlueprintSetupState) -> None:
    state.app.url_map.converters["link_code"] = LinkCode


@blueprint.get("/<link_code:code>")
@public("anyone may follow a link")
def follow_link(code: str) -> Response:
    current_site = site()
    parts = current_site.part(RedirectParts)
    result = follow(
        _visit(code, current_site.settings.country_header),
        datetime.now(UTC),
        find_link=parts.links.find,
        recorder=parts.recorder,
        keys=current_site.settings.secret_keys,
        find_domain=parts.links.domain,
        visitor_keys=parts.visitor_keys,
    )
    if result.location is not None:
        response = Response(status=result.status, headers={"Location": result.location, **NO_STORE})
        # Without a content type the response does not get the Referrer-Policy of pages, so that the shop
        # sees a referrer.
        del response.headers["Content-Type"]
        return response
    return _shoppers_page(result)


@blueprint.post(shop_script.PATH)
@signed("reports with a click's token that its prerendered page was shown")
def confirm_prerender() -> Response:
    status = site().part(RedirectParts).confirmations.accept(request.get_data(), datetime.now(UTC))
    return Response(status=status, headers={**NO_STORE, **shop_script.CROSS_ORIGIN_HEADERS})


@blueprint.get(shop_script.PATH)
@public("the shop script is the same for everyone")
def script() -> Response:
    request_headers = {name: request.headers.get(name, "") for name in shop_script.HEADERS_READ}
    result = shop_script.script_response(request_headers)
    response = Response(result.body, result.status, dict(result.headers))
    if result.status == 304:
        del response.headers["Content-Type"]
    return response


def _visit(code: str, country_header: str) -> Visit:
    """tracker.http.proxy has already applied the headers of a trusted proxy to the environment."""
    environ = request.environ
    is_proxied = country_header and environ.get(PROXIED)
    return Visit(
        method=request.method,
        code=code,
        headers={name: value for name in HEADERS if (value := request.headers.get(name)) is not None},
        query=environ.get("QUERY_STRING", ""),
        host=environ.get("HTTP_HOST", ""),
        address=normalize_address(request.remote_addr or ""),
        scheme=request.scheme,
        country=request.headers.get(country_header) if is_proxied else None,
    )


def _shoppers_page(result: RedirectResult) -> Response:
    brand = None if result.brand_id is None else site().part(RedirectParts).brands.find(result.brand_id)
    page = shoppers_page(result.status, best_language(request.headers.get("Accept-Language", "")), brand)
    response = Response(page.body, result.status, {**NO_STORE, "Content-Security-Policy": page.policy})
    if result.status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response
