"""Pages of sign-in: asking for a mail, the code, the link, and signing out."""

from functools import partial

from flask import make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from config.database import read_session, transact
from tracker.errors import Invalid
from tracker.http.access import public
from tracker.http.site import site
from tracker.language.texts import gettext as _
from tracker.language.texts import ngettext
from tracker.people.access.current import current_person, request_time
from tracker.people.access.page_guards import signed_in
from tracker.people.access.person import Person
from tracker.people.blueprint import blueprint
from tracker.people.credentials.rules import relying_party
from tracker.people.sessions.cookies import (
    asked_token,
    clear_session_cookie,
    require_safe_transport,
    set_asked_cookie,
)
from tracker.people.sessions.operations import Method, end_session
from tracker.people.sessions.rules import new_token
from tracker.people.sign_in.models import SignInRequest
from tracker.people.sign_in.proofs import (
    Outcome,
    Proof,
    asked_here,
    find_by_link,
    find_of_browser,
    is_live,
    prove_by_code,
    prove_by_link,
    was_used_here,
)
from tracker.people.sign_in.requests import Purpose, request_sign_in
from tracker.people.sign_in.rules import next_page
from tracker.people.sign_in.throttle import TooManyAttempts
from tracker.people.sign_in.web import asking, begin_session, signed_in_response, typing, wanted_page

BEFORE_SIGN_IN = "shows nothing but the forms of sign-in"
GONE = 410


@blueprint.get("/app/sign-in")
@public(BEFORE_SIGN_IN)
def sign_in() -> Response:
    if current_person() is not None:
        return redirect(next_page(wanted_page()), 303)
    require_safe_transport()
    return _sign_in_page()


@blueprint.post("/app/sign-in")
@public("queues a mail to an address that has an account, and says the same for any other")
def ask_for_mail() -> Response:
    require_safe_transport()
    email, browser_token = request.form.get("email", ""), asked_token() or new_token()
    ask = partial(
        request_sign_in, now=request_time(), email=email, asking=asking(browser_token, wanted_page())
    )
    try:
        request_id = transact(site().databases.main, ask)
    except Invalid as error:
        return _sign_in_page(422, str(error))
    except TooManyAttempts as error:
        return _with_headers(_sign_in_page(error.status, str(error)), error)
    response = redirect(url_for("people.code", request=request_id), 303)
    set_asked_cookie(response, browser_token)
    return response


@blueprint.get("/app/sign-in/code")
@public(BEFORE_SIGN_IN)
def code() -> Response:
    if current_person() is not None:
        return redirect(next_page(wanted_page()), 303)
    found = _request_of_browser()
    if found is None or not is_live(found, request_time()):
        return _over_page(found)
    return _code_page(found)


@blueprint.post("/app/sign-in/code")
@public("signs in who knows the code, in the browser that asked for it")
def try_code() -> Response:
    if current_person() is not None:
        return redirect(next_page(wanted_page()), 303)
    return _try_code(_request_of_browser())


@blueprint.get("/app/sign-in/link/<token>")
@public("shows a button or a field for the code, and uses nothing up: mail scanners follow links")
def link(token: str) -> Response:
    found = _request_of_link(token)
    if found is None or not is_live(found, request_time()):
        return _over_page()
    if not asked_here(found, asked_token()):
        return _code_page(found, elsewhere=True)
    return make_response(render_template("people/sign_in_link.html", email=found.email))


@blueprint.post("/app/sign-in/link/<token>")
@public("signs in the browser that asked for the mail, and any other with the code")
def use_link(token: str) -> Response:
    found, person = _request_of_link(token), current_person()
    if found is not None and person is not None and found.used_at and found.user_id == person.user_id:
        return redirect(next_page(found.next_path), 303)  # the second of two clicks
    if found is None or not asked_here(found, asked_token()):
        return _try_code(found, elsewhere=True)

    def prove(session: Session) -> str | None:
        return begin_session(session, prove_by_link(session, request_time(), found), Method.LINK)

    started = transact(site().databases.main, prove)
    return _over_page(found) if started is None else signed_in_response(started, found.next_path)


@blueprint.post("/app/sign-out")
@signed_in("ends the session of this browser")
def sign_out(person: Person) -> Response:
    end = partial(
        end_session,
        now=request_time(),
        user_id=person.user_id,
        session_id=person.session_id,
        actor=person.actor(request.endpoint or ""),
    )
    transact(site().databases.main, end)
    response = redirect(url_for("people.sign_in"), 303)
    clear_session_cookie(response)
    return response


def _request_of_browser() -> SignInRequest | None:
    with read_session(site().databases.main) as session:
        return find_of_browser(session, request.args.get("request", ""), asked_token(), Purpose.SIGN_IN)


def _request_of_link(token: str) -> SignInRequest | None:
    with read_session(site().databases.main) as session:
        return find_by_link(session, token)


def _try_code(found: SignInRequest | None, *, elsewhere: bool = False) -> Response:
    require_safe_transport()

    def prove(session: Session) -> tuple[Proof, str | None]:
        proof = prove_by_code(session, request_time(), found, typing())
        return proof, begin_session(session, proof, Method.CODE)

    try:
        proof, started = transact(site().databases.main, prove)
    except TooManyAttempts as error:
        if found is None or not is_live(found, request_time()):
            return _with_headers(_over_page(), error)
        return _with_headers(_code_page(found, error.status, str(error), elsewhere=elsewhere), error)
    if started is not None:
        assert found is not None
        return signed_in_response(started, found.next_path)
    if found is None or proof.outcome is Outcome.OVER:
        return _over_page(found)
    return _code_page(found, 422, wrong_code(proof.tries_left), elsewhere=elsewhere)


def wrong_code(tries_left: int) -> str:
    return ngettext(
        "This is not the code. You have %(num)s more try.",
        "This is not the code. You have %(num)s more tries.",
        tries_left,
    )


def _sign_in_page(status: int = 200, error: str = "") -> Response:
    page = render_template(
        "people/sign_in.html",
        email=request.form.get("email", ""),
        error=error,
        next=wanted_page(),
        party=relying_party(site().settings.web_url),
    )
    return make_response(page, status)


def _code_page(
    found: SignInRequest, status: int = 200, error: str = "", *, elsewhere: bool = False
) -> Response:
    page = render_template(
        "people/sign_in_code.html",
        request_id=found.id,
        email=None if elsewhere else found.email,
        expires_at=found.expires_at,
        zone="UTC",
        next=found.next_path,
        error=error,
        elsewhere=elsewhere,
        sends_mail=bool(site().settings.smtp_url),
    )
    return make_response(page, status)


def _over_page(found: SignInRequest | None = None) -> Response:
    """One page for a link or code that was used, has expired, or never existed.

    Only the browser that asked for it learns that it was used: the answer to a first click may be lost.
    """
    if found is not None:
        with read_session(site().databases.main) as session:
            found = session.get(SignInRequest, found.id)
    if was_used_here(found, asked_token()):
        return make_response(render_template("people/used_here.html"), GONE)
    page = render_template(
        "people/over.html",
        title=_("This link or code no longer works"),
        text=_("A link or code can be used once, within 15 minutes, and a code has five tries."),
    )
    return make_response(page, GONE)


def _with_headers(response: Response, error: TooManyAttempts) -> Response:
    response.status_code = error.status
    response.headers.update(error.headers())
    return response
