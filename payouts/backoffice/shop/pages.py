"""The pages of the connection to a shop: choose, connect, try out."""

from flask import Response, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from config.database import read_session, transact
from payouts.backoffice.blueprint import blueprint
from payouts.backoffice.setup_bar import setup_bar
from payouts.backoffice.setup_state import Step
from payouts.backoffice.shop.once import forget, is_to_be_shown, show_next
from payouts.backoffice.shop.progress import Connection, connection_of
from payouts.backoffice.shop.trial import send_trial_order
from tracker.errors import Invalid, LinkledgerError, NotFound
from tracker.http.request_slots import REQUEST_SLOT
from tracker.http.site import site
from tracker.language.texts import gettext as _
from tracker.people.access.current import request_time
from tracker.people.access.page_guards import brand_page
from tracker.people.access.person import Person
from tracker.people.accounts.operations import get_brand
from tracker.people.accounts.roles import RUNS_THE_PROGRAM
from tracker.sales.integrations.kinds import KINDS, kind_of, kinds_where
from tracker.sales.sources.models import Source
from tracker.sales.sources.operations import (
    create_source,
    get_source,
    list_sources,
    rotate_secret,
    source_secrets,
)
from tracker.sales.sources.send_message import NoResponse
from tracker.sales.sources.serializers import hook_url
from tracker.ui.forms import Form
from tracker.ui.notices import notify


@blueprint.route("/shop", methods=["GET", "POST"])
@brand_page(*RUNS_THE_PROGRAM, reason="lists the connected shops, and connects one")
def shop(person: Person, brand_id: str) -> AnyResponse:
    with read_session(site().databases.main) as session:
        connections = [
            connection_of(session, source)
            for source in list_sources(session, brand_id)
            if source.deleted_at is None
        ]
    if request.method == "GET":
        if len(connections) == 1 and "another" not in request.args:
            return redirect(
                url_for("backoffice.connection", brand_id=brand_id, source_id=connections[0].source.id), 303
            )
        return _choice_page(brand_id, Form(), connections)
    form = Form.sent()
    if form["kind"] not in KINDS:
        form.fail("kind", _("Choose where orders are made."))
        return _choice_page(brand_id, form, connections)
    keys = site().settings.secret_keys

    def connect(session: Session) -> str:
        made, _secret = create_source(
            session,
            request_time(),
            actor=person.actor("backoffice.shop"),
            brand_id=brand_id,
            kind=form["kind"],
            keys=keys,
        )
        return made.id

    try:
        source_id = transact(site().databases.main, connect)
    except LinkledgerError as error:
        form.reject(error)
        return _choice_page(brand_id, form, connections)
    return _to(brand_id, source_id, show_secret=kind_of(form["kind"]).makes_secret)


@blueprint.get("/shop/<source_id>")
@brand_page(*RUNS_THE_PROGRAM, reason="shows how to connect a shop, and how far it is")
def connection(_person: Person, brand_id: str, source_id: str) -> Response:
    return _connection_page(brand_id, source_id, Form())


@blueprint.get("/shop/<source_id>/steps")
@brand_page(*RUNS_THE_PROGRAM, reason="shows how far the connection to a shop is")
def connection_steps(_person: Person, brand_id: str, source_id: str) -> str:
    with read_session(site().databases.main) as session:
        found = connection_of(session, _source_of(session, brand_id, source_id))
        brand = get_brand(session, brand_id)
    return render_template("backoffice/shop_steps.html", connection=found, brand=brand)


@blueprint.post("/shop/<source_id>/secret")
@brand_page(*RUNS_THE_PROGRAM, reason="stores the secret that the shop generated, or generates a new one")
def connection_secret(person: Person, brand_id: str, source_id: str) -> AnyResponse:
    form = Form.sent()

    def store(session: Session) -> bool:
        source = _source_of(session, brand_id, source_id)
        makes_secret = kind_of(source.kind).makes_secret
        if not makes_secret and not form["secret"]:
            raise Invalid(_("Paste the signing secret that the shop shows."), field="secret")
        keys, actor = site().settings.secret_keys, person.actor("backoffice.connection_secret")
        rotate_secret(session, request_time(), source_id, keys, form["secret"] or None, actor=actor)
        return not form["secret"]

    try:
        generated = transact(site().databases.main, store)
    except LinkledgerError as error:
        form.fail("secret", str(error))
        return _connection_page(brand_id, source_id, form)
    notify(_("The secret is stored. The former one stays valid until the next change."))
    return _to(brand_id, source_id, show_secret=generated)


@blueprint.post("/shop/<source_id>/trial")
@brand_page(*RUNS_THE_PROGRAM, reason="sends a trial order as the shop would")
def connection_trial(_person: Person, brand_id: str, source_id: str) -> AnyResponse:
    with read_session(site().databases.main) as session:
        source = _source_of(session, brand_id, source_id)
        brand = get_brand(session, brand_id)
    if kind_of(source.kind).trial_order is None:
        raise NotFound(_("A connection of this kind has no trial order."))
    request.environ[REQUEST_SLOT].end()  # the hook is another request, perhaps of this process
    try:
        result = send_trial_order(site().settings, request_time(), brand, source)
    except NoResponse:
        address = hook_url(source.id, site().settings.web_url)
        text = _("Nobody answered at %(address)s. Check LINKLEDGER_BASE_URL and the proxy.", address=address)
        notify(text, "bad")
        return _to(brand_id, source_id)
    if not result.arrived:
        notify(_("The hook refused the order: %(reason)s", reason=result.reason), "bad")
    elif result.state != "applied":
        notify(_("The order arrived, but could not be booked: %(reason)s", reason=result.reason), "warn")
    elif kind_of(source.kind).trial_is_booked:
        notify(_("The trial order arrived, was read and was booked as a test. It earns nothing."))
    else:
        notify(_("The trial order arrived and was read. It is not paid, so that it has no effect."))
    return _to(brand_id, source_id)


def _to(brand_id: str, source_id: str, *, show_secret: bool = False) -> AnyResponse:
    response = redirect(url_for("backoffice.connection", brand_id=brand_id, source_id=source_id), 303)
    assert isinstance(response, Response)
    if show_secret:
        show_next(response, source_id)
    return response


def _source_of(session: Session, brand_id: str, source_id: str) -> Source:
    """Raises NotFound also for a source of another brand, or a deleted one."""
    try:
        source = get_source(session, source_id)
    except Invalid:
        source = None
    if source is None or source.brand_id != brand_id or source.deleted_at is not None:
        raise NotFound(_("There is no such page, or it is not yours."))
    return source


def _choice_page(brand_id: str, form: Form, connections: list[Connection]) -> Response:
    return form.page(
        "backoffice/shop.html",
        kinds=kinds_where(lambda kind: not kind.is_imported),
        connections=connections,
        brand_id=brand_id,
        setup=setup_bar(brand_id, Step.SHOP),
    )


def _connection_page(brand_id: str, source_id: str, form: Form) -> Response:
    keys, web_url = site().settings.secret_keys, site().settings.web_url
    with read_session(site().databases.main) as session:
        source = _source_of(session, brand_id, source_id)
        found, brand = connection_of(session, source), get_brand(session, brand_id)
    shows_secret = found.kind.makes_secret and is_to_be_shown(source_id)
    response = form.page(
        "backoffice/connection.html",
        connection=found,
        brand=brand,
        hook=hook_url(source_id, web_url),
        web_url=web_url,
        script_url=f"{site().settings.link_url}/ll.js",
        secret=source_secrets(source, keys)[0] if shows_secret else None,
        setup=setup_bar(brand_id, Step.SHOP),
    )
    if shows_secret:
        forget(response)
    return make_response(response)
