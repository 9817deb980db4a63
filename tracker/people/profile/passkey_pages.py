"""The passkeys of a person: list, add and remove them."""

from functools import partial

from flask import jsonify, redirect, request, url_for
from werkzeug.wrappers import Response

from config.database import read_session, transact
from tracker.errors import Conflict, Invalid
from tracker.http.site import site
from tracker.language.formats import day_in
from tracker.language.texts import gettext as _
from tracker.people.access.current import request_time
from tracker.people.access.page_guards import signed_in, stepped_up
from tracker.people.access.person import Person
from tracker.people.blueprint import blueprint
from tracker.people.credentials.passkeys import add_passkey, ask_for_new_key, passkeys_of, remove_passkey
from tracker.people.credentials.rules import RelyingParty, relying_party
from tracker.people.profile.password_pages import sending
from tracker.ui.forms import Form
from tracker.ui.notices import notify

OWN_PASSKEYS = "shows and changes the person's own passkeys"
LETS_IN = "a passkey lets somebody in"


@blueprint.get("/app/profile/passkeys")
@stepped_up(LETS_IN)
@signed_in(OWN_PASSKEYS)
def passkeys(person: Person) -> Response:
    return _page(person, Form())


@blueprint.post("/app/profile/passkeys/options")
@stepped_up(LETS_IN)
@signed_in(OWN_PASSKEYS)
def new_passkey_options(person: Person) -> Response:
    ask = partial(ask_for_new_key, now=request_time(), party=_party(), user_id=person.user_id)
    return jsonify(transact(site().databases.main, ask))


@blueprint.post("/app/profile/passkeys")
@stepped_up(LETS_IN)
@signed_in(OWN_PASSKEYS)
def add_own_passkey(person: Person) -> Response:
    form = Form.sent()
    add = partial(
        add_passkey,
        now=request_time(),
        party=_party(),
        actor=person.actor(request.endpoint or ""),
        user_id=person.user_id,
        name=form.raw("name"),
        credential=form["credential"],
        sending=sending(),
    )
    try:
        added = transact(site().databases.main, add)
    except Invalid as error:
        form.reject(error)
        return _page(person, form)
    if not added:
        form.fail("", _("The passkey was not accepted. Please try again."))
        return _page(person, form)
    notify(_("The passkey is added. You can sign in with it from now on."))
    return redirect(url_for("people.passkeys"), 303)


@blueprint.post("/app/profile/passkeys/<passkey_id>/remove")
@stepped_up(LETS_IN)
@signed_in(OWN_PASSKEYS)
def remove_own_passkey(person: Person, passkey_id: str) -> Response:
    remove = partial(
        remove_passkey,
        now=request_time(),
        actor=person.actor(request.endpoint or ""),
        user_id=person.user_id,
        passkey_id=passkey_id,
        sending=sending(),
    )
    transact(site().databases.main, remove)
    notify(_("The passkey is removed. Delete it in your browser or device, too."))
    return redirect(url_for("people.passkeys"), 303)


def _party() -> RelyingParty:
    party = relying_party(site().settings.web_url)
    if party is None:
        raise Conflict(_("Passkeys need an address with a name and https://, not a bare number."))
    return party


def _page(person: Person, form: Form) -> Response:
    with read_session(site().databases.main) as session:
        found = passkeys_of(session, person.user_id)
    return form.page(
        "people/passkeys.html",
        passkeys=found,
        party=relying_party(site().settings.web_url),
        zone=person.timezone or "UTC",
        day_in=day_in,
    )
