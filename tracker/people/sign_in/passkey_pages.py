"""Sign-in and step-up with a passkey. The script of the page asks for the options and sends the answer."""

from functools import partial

from flask import jsonify, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from config.database import transact
from tracker.errors import Conflict
from tracker.http.access import public
from tracker.http.site import site
from tracker.language.texts import gettext as _
from tracker.people.access.current import current_browser, current_person, request_time
from tracker.people.access.page_guards import signed_in
from tracker.people.access.person import Person
from tracker.people.blueprint import blueprint
from tracker.people.credentials.passkeys import ask_for_proof, prove_by_passkey
from tracker.people.credentials.rules import RelyingParty, relying_party
from tracker.people.sessions import operations as sessions
from tracker.people.sessions.cookies import require_safe_transport, session_token
from tracker.people.sessions.operations import Method, start_session
from tracker.people.sign_in import throttle
from tracker.people.sign_in.rules import next_page
from tracker.people.sign_in.step_up_pages import stepped_up_response
from tracker.people.sign_in.web import signed_in_response, wanted_page

REFUSED = 422


@blueprint.post("/app/sign-in/passkey/options")
@public("hands out a challenge, and tells nothing about anybody")
def sign_in_options() -> Response:
    return jsonify(transact(site().databases.main, partial(_ask, user_id=None)))


@blueprint.post("/app/sign-in/passkey")
@public("signs in whose passkey has signed a challenge")
def sign_in_by_passkey() -> Response:
    require_safe_transport()
    if current_person() is not None:
        return redirect(next_page(wanted_page()), 303)

    def prove(session: Session) -> str | None:
        user_id = _proven(session, None)
        if user_id is None:
            return None
        browser, former = current_browser(), session_token()
        return start_session(session, request_time(), user_id, Method.PASSKEY, browser, former_token=former)

    token = transact(site().databases.main, prove)
    if token is None:
        return _refused(url_for("people.sign_in", next=wanted_page()))
    return signed_in_response(token, wanted_page())


@blueprint.post("/app/step-up/passkey/options")
@signed_in("hands out a challenge for the person's own passkeys")
def step_up_options(person: Person) -> Response:
    return jsonify(transact(site().databases.main, partial(_ask, user_id=person.user_id)))


@blueprint.post("/app/step-up/passkey")
@signed_in("raises the session of whose own passkey has signed a challenge")
def step_up_by_passkey(person: Person) -> Response:
    def prove(session: Session) -> str | None:
        if _proven(session, person.user_id) is None:
            return None
        return sessions.step_up(session, request_time(), person.session_id)

    token = transact(site().databases.main, prove)
    if token is None:
        return _refused(url_for("people.step_up", next=wanted_page()))
    return stepped_up_response(token)


def _ask(session: Session, user_id: str | None) -> dict[str, object]:
    now, keys = request_time(), site().settings.secret_keys
    network = throttle.subject_hash(keys, throttle.network_of(request.remote_addr))
    throttle.count_attempt(session, now, throttle.PASSKEYS_FROM_ADDRESS, network)
    return ask_for_proof(session, now, _party(), user_id)


def _proven(session: Session, user_id: str | None) -> str | None:
    return prove_by_passkey(session, request_time(), _party(), request.form.get("credential", ""), user_id)


def _party() -> RelyingParty:
    party = relying_party(site().settings.web_url)
    if party is None:
        raise Conflict(_("Passkeys need an address with a name and https://, not a bare number."))
    return party


def _refused(back: str) -> Response:
    return make_response(render_template("people/passkey_refused.html", back=back), REFUSED)
