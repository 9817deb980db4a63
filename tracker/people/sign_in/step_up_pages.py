"""Step-up: a person who is signed in proves again who they are, and goes on where they were."""

from functools import partial

from flask import make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from config.database import read_session, transact
from tracker.http.site import site
from tracker.people.access.current import request_time
from tracker.people.access.page_guards import signed_in
from tracker.people.access.person import Person
from tracker.people.blueprint import blueprint
from tracker.people.credentials.passkeys import passkeys_of
from tracker.people.credentials.rules import relying_party
from tracker.people.sessions import operations as sessions
from tracker.people.sessions.cookies import (
    asked_token,
    clear_asked_cookie,
    set_asked_cookie,
    set_session_cookie,
)
from tracker.people.sessions.rules import new_token
from tracker.people.sign_in.models import SignInRequest
from tracker.people.sign_in.proofs import Outcome, Proof, find_of_browser, is_live, prove_by_code
from tracker.people.sign_in.requests import Purpose, request_step_up
from tracker.people.sign_in.rules import next_page
from tracker.people.sign_in.sign_in_pages import wrong_code
from tracker.people.sign_in.throttle import TooManyAttempts
from tracker.people.sign_in.web import asking, typing, wanted_page


@blueprint.get("/app/step-up")
@signed_in("offers the ways to prove who one is")
def step_up(person: Person) -> Response:
    with read_session(site().databases.main) as session:
        with_passkey = bool(passkeys_of(session, person.user_id))
    return _page(with_passkey=with_passkey)


@blueprint.post("/app/step-up")
@signed_in("queues a mail with a code to the person's own address")
def ask_for_code(person: Person) -> Response:
    browser_token = asked_token() or new_token()
    ask = partial(
        request_step_up,
        now=request_time(),
        user_id=person.user_id,
        email=person.email,
        asking=asking(browser_token, wanted_page()),
    )
    try:
        request_id = transact(site().databases.main, ask)
    except TooManyAttempts as error:
        return _page(error=str(error), status=error.status, headers=error.headers())
    response = redirect(url_for("people.step_up_code", request=request_id, next=wanted_page()), 303)
    set_asked_cookie(response, browser_token)
    return response


@blueprint.get("/app/step-up/code")
@signed_in("asks for the code that was sent to the person")
def step_up_code(person: Person) -> Response:
    found = _own_request(person)
    return _page(found) if is_live(found, request_time()) else redirect(_start(), 303)


@blueprint.post("/app/step-up/code")
@signed_in("raises the session of who types the code that was sent to them")
def try_step_up_code(person: Person) -> Response:
    found, now = _own_request(person), request_time()

    def prove(session: Session) -> tuple[Proof, str | None]:
        proof = prove_by_code(session, now, found, typing())
        proven = proof.outcome is Outcome.PROVEN
        return proof, sessions.step_up(session, now, person.session_id) if proven else None

    try:
        proof, token = transact(site().databases.main, prove)
    except TooManyAttempts as error:
        return _page(found, error=str(error), status=error.status, headers=error.headers())
    if token is not None:
        return stepped_up_response(token)
    if proof.outcome is Outcome.OVER:
        return redirect(_start(), 303)
    return _page(found, error=wrong_code(proof.tries_left), status=422)


@blueprint.get("/app/proven")
@signed_in("says that the other tab can go on")
def proven(_person: Person) -> str:
    return render_template("people/proven.html")


def stepped_up_response(token: str) -> Response:
    """Back to the page that asked for it, with the new cookie of the session."""
    response = redirect(next_page(wanted_page()), 303)
    set_session_cookie(response, token)
    clear_asked_cookie(response)
    return response


def _start() -> str:
    return url_for("people.step_up", next=wanted_page())


def _own_request(person: Person) -> SignInRequest | None:
    with read_session(site().databases.main) as session:
        found = find_of_browser(session, request.args.get("request", ""), asked_token(), Purpose.STEP_UP)
    return found if found is not None and found.user_id == person.user_id else None


def _page(
    found: SignInRequest | None = None,
    *,
    error: str = "",
    status: int = 200,
    headers: dict[str, str] | None = None,
    with_passkey: bool = False,
) -> Response:
    party = relying_party(site().settings.web_url) if with_passkey else None
    page = render_template("people/step_up.html", found=found, next=wanted_page(), error=error, party=party)
    return make_response(page, status, headers or {})
