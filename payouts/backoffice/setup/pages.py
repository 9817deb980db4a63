"""The pages of the first two steps: the way in by a set-up link, the owner, the brand."""

from functools import partial

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from config.database import read_session, transact
from payouts.backoffice.fields import read
from payouts.backoffice.setup.choices import common_currencies, common_zones
from payouts.backoffice.setup.cookie import (
    clear_setup_cookie,
    guessed_zone,
    set_setup_cookie,
    setup_cookie,
)
from payouts.backoffice.setup.founding import NewBrand, Owner, set_up_brand, set_up_owner
from tracker.errors import LinkledgerError
from tracker.http.access import public
from tracker.http.site import site
from tracker.language.texts import LANGUAGES, current_language
from tracker.language.texts import gettext as _
from tracker.people.access.current import current_browser, current_person, request_time
from tracker.people.access.page_guards import operator_page
from tracker.people.access.person import Person
from tracker.people.accounts.rules import (
    normalize_currency,
    normalize_email,
    normalize_host,
    normalize_name,
    validate_timezone,
)
from tracker.people.installation.mode import rail_settings
from tracker.people.installation.rules import Mode, needs_of
from tracker.people.installation.setup_link import may_set_up, nobody_is_there, open_setup_link
from tracker.people.sessions.cookies import require_safe_transport, session_token, set_session_cookie
from tracker.people.sessions.operations import Method, start_session
from tracker.ui.forms import Form

blueprint = Blueprint("setup", __name__, url_prefix="/app/setup", template_folder="../templates")

PLACES = "/app/"
"""Where everybody who is signed in finds their pages."""
GONE = 410


@blueprint.get("/")
@public("says where the set-up link stands; the steps need its cookie")
def index() -> AnyResponse | str:
    with read_session(site().databases.main) as session:
        is_empty = nobody_is_there(session)
        is_allowed = is_empty and may_set_up(session, request_time(), setup_cookie())
    if is_allowed:
        return redirect(url_for("setup.owner"), 303)
    if is_empty:
        return render_template("backoffice/setup_link.html", ended=False)
    person = current_person()
    if person is not None and person.is_operator and not person.roles:
        return redirect(url_for("setup.brand"), 303)
    return redirect(PLACES, 303)


@blueprint.get("/link/<token>")
@public("exchanges the token of a set-up link for a cookie, once")
def link(token: str) -> AnyResponse:
    if request.method == "HEAD" or "prefetch" in request.headers.get("Sec-Purpose", ""):
        return Response(status=204)  # only a person uses the link up
    require_safe_transport()
    opened = transact(site().databases.main, partial(open_setup_link, now=request_time(), token=token))
    if opened is None:
        with read_session(site().databases.main) as session:
            if not nobody_is_there(session) or may_set_up(session, request_time(), setup_cookie()):
                return redirect(url_for("setup.index"), 303)  # used by this browser, or nothing left to do
        return make_response(render_template("backoffice/setup_link.html", ended=True), GONE)
    response = redirect(url_for("setup.owner"), 303)
    assert isinstance(response, Response)
    set_setup_cookie(response, opened)
    return response


@blueprint.route("/you", methods=["GET", "POST"])
@public("needs the cookie of a set-up link, and that nobody is there")
def owner() -> AnyResponse:
    now, here = request_time(), site()
    with read_session(here.databases.main) as session:
        if not may_set_up(session, now, setup_cookie()):
            return redirect(url_for("setup.index"), 303)
    if request.method == "GET":
        zone = guessed_zone(request)
        return _owner_page(Form({"mode": "practice", "language": current_language(), "timezone": zone}))
    form = Form.sent()
    typed, mode = _read_owner(form)
    if typed is None or mode is None:
        return _owner_page(form)

    def work(session: Session) -> str:
        user = set_up_owner(session, now, setup_cookie(), typed, mode, rail_settings(here.settings))
        return start_session(
            session, now, user.id, Method.SETUP, current_browser(), former_token=session_token()
        )

    try:
        token = transact(here.databases.main, work)
    except LinkledgerError as error:
        form.reject(error)
        return _owner_page(form)
    response = redirect(url_for("setup.brand"), 303)
    assert isinstance(response, Response)
    set_session_cookie(response, token)
    clear_setup_cookie(response)
    return response


@blueprint.route("/brand", methods=["GET", "POST"])
@operator_page("creates a brand, of which the operator becomes the owner")
def brand(person: Person) -> AnyResponse:
    if request.method == "GET":
        return _brand_page(Form({"currency": "EUR", "timezone": person.timezone or guessed_zone(request)}))
    form = Form.sent()
    typed = _read_brand(form)
    if typed is None:
        return _brand_page(form)
    actor = person.actor("setup.brand")

    def work(session: Session) -> str:
        return set_up_brand(session, request_time(), actor, person.user_id, typed).id

    try:
        brand_id = transact(site().databases.main, work)
    except LinkledgerError as error:
        form.reject(error)
        return _brand_page(form)
    return redirect(url_for("backoffice.program", brand_id=brand_id), 303)


def _read_owner(form: Form) -> tuple[Owner | None, Mode | None]:
    name = read(form, "name", normalize_name, _("Write your name: at most 120 characters."))
    email = read(form, "email", normalize_email, _("Write an e-mail address of the form name@host.example."))
    zone = _read_zone(form)
    language = form["language"] if form["language"] in LANGUAGES else LANGUAGES[0]
    mode = Mode(form["mode"]) if form["mode"] in list(Mode) else None
    if mode is None:
        form.fail("mode", _("Choose practice or real."))
    elif needs_of(mode, rail_settings(site().settings)):
        form.fail("mode", _("The settings do not fit this yet: what is missing stands below it."))
    if name is None or email is None or zone is None or form.errors:
        return None, None
    return Owner(name, email, language, zone), mode


def _read_brand(form: Form) -> NewBrand | None:
    name = read(form, "name", normalize_name, _("Write the brand's name: at most 120 characters."))
    code = read(form, "currency", normalize_currency, _("Write the letters of a currency, such as EUR."))
    zone = _read_zone(form)
    host = read(form, "host", _host_of, _("Write the host name of the shop, such as shop.example."))
    if name is None or code is None or zone is None or host is None:
        return None
    return NewBrand(name, code, zone, host)


def _read_zone(form: Form) -> str | None:
    wanted = _("Choose a zone of the list, such as Europe/Berlin, or UTC.")
    return read(form, "timezone", validate_timezone, wanted)


def _host_of(text: str) -> str:
    """The host of a pasted address, or of a host name."""
    without_scheme = text.partition("://")[2] or text
    authority = without_scheme.partition("/")[0].partition("?")[0]
    name, _, port = authority.rpartition(":")
    return normalize_host(name if name and port.isdigit() else authority)


def _owner_page(form: Form) -> Response:
    given = rail_settings(site().settings)
    return form.page(
        "backoffice/setup_owner.html",
        needs={mode.value: needs_of(mode, given) for mode in Mode},
        zones=common_zones(form["timezone"]),
    )


def _brand_page(form: Form) -> Response:
    return form.page(
        "backoffice/setup_brand.html",
        currencies=common_currencies(),
        zones=common_zones(form["timezone"]),
    )
