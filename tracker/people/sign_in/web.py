"""What the pages of sign-in and step-up share: the browser that asks, and the end of a proof."""

from flask import redirect, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from tracker.http.site import site
from tracker.people.access.current import current_browser, request_time
from tracker.people.sessions.cookies import clear_asked_cookie, session_token, set_session_cookie
from tracker.people.sessions.operations import Method, start_session
from tracker.people.sign_in.proofs import Outcome, Proof, Typing, user_of_proof
from tracker.people.sign_in.requests import Asking
from tracker.people.sign_in.rules import next_page, own_path
from tracker.people.sign_in.throttle import network_of


def wanted_page() -> str | None:
    """The page that follows, as the form or the address names it; None if it is no page of our own."""
    return own_path(request.values.get("next"))


def asking(browser_token: str, next_path: str | None) -> Asking:
    settings = site().settings
    return Asking(
        browser_token=browser_token,
        network=network_of(request.remote_addr),
        next_path=next_path,
        web_url=settings.web_url,
        keys=settings.secret_keys,
    )


def typing() -> Typing:
    """The code that was typed into the form."""
    keys = site().settings.secret_keys
    return Typing(request.form.get("code", ""), network_of(request.remote_addr), keys)


def begin_session(session: Session, proof: Proof, method: Method) -> str | None:
    """Start a session for who proved the address. Returns its token; None when nothing was proven."""
    if proof.outcome is not Outcome.PROVEN:
        return None
    assert proof.request is not None
    user_id = user_of_proof(session, request_time(), proof.request)
    return start_session(
        session, request_time(), user_id, method, current_browser(), former_token=session_token()
    )


def signed_in_response(token: str, next_path: str | None) -> Response:
    """On to the page that was asked for, with the cookie of the new session."""
    response = redirect(next_page(next_path), 303)
    set_session_cookie(response, token)
    clear_asked_cookie(response)
    return response
