"""Sign-in with a password, for those who have set one; nobody learns who has.

The attempt is counted and looked up in one transaction, the hash computed in none, and the session started in
a second one, if the password is still the same.
"""

from functools import partial

from flask import redirect, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from config.database import transact
from tracker.errors import Invalid
from tracker.http.access import public
from tracker.http.site import site
from tracker.language.texts import gettext as _
from tracker.people.access.current import current_browser, current_person, request_time
from tracker.people.accounts.rules import normalize_email
from tracker.people.blueprint import blueprint
from tracker.people.credentials.hashing import TooManyHashes, verified
from tracker.people.credentials.passwords import Candidate, candidate_with, still_counts
from tracker.people.credentials.rules import MAX_LENGTH, normalize_password
from tracker.people.sessions.cookies import require_safe_transport, session_token
from tracker.people.sessions.operations import Method, start_session
from tracker.people.sign_in import throttle
from tracker.people.sign_in.rules import next_page
from tracker.people.sign_in.sign_in_pages import BEFORE_SIGN_IN
from tracker.people.sign_in.web import signed_in_response, wanted_page
from tracker.ui.forms import Form


@blueprint.get("/app/sign-in/password")
@public(BEFORE_SIGN_IN)
def password() -> Response:
    if current_person() is not None:
        return redirect(next_page(wanted_page()), 303)
    require_safe_transport()
    return _page(Form({"email": request.args.get("email", "")}))


@blueprint.post("/app/sign-in/password")
@public("signs in who knows the password of an account, and says the same for everybody else")
def try_password() -> Response:
    require_safe_transport()
    if current_person() is not None:
        return redirect(next_page(wanted_page()), 303)
    form = Form.sent()
    try:
        email = normalize_email(form["email"])
        token = _signed_in(email, normalize_password(form.raw("password")))
    except Invalid as error:
        form.fail("email", str(error))
        return _page(form)
    except (throttle.TooManyAttempts, TooManyHashes) as error:
        form.fail("", str(error))
        response = _page(form)
        response.status_code = error.status
        response.headers.update(error.headers())
        return response
    if token is None:
        form.fail("password", _("This address and this password do not belong together."))
        return _page(form)
    return signed_in_response(token, wanted_page())


def _signed_in(email: str, typed: str) -> str | None:
    """The token of a new session, or None when this is not the password of anybody with this address."""
    now, databases = request_time(), site().databases
    account = throttle.subject_hash(site().settings.secret_keys, email)
    candidate = transact(databases.main, partial(_begin, email=email, account=account))
    kept = verified(candidate.password_hash, typed[: MAX_LENGTH + 1])
    if kept is None:
        return None

    def finish(session: Session) -> str | None:
        assert candidate.user_id is not None
        if not still_counts(session, candidate, kept):
            return None
        throttle.clear_attempts(session, throttle.PASSWORDS_OF_ACCOUNT, account)
        return start_session(
            session,
            now,
            candidate.user_id,
            Method.PASSWORD,
            current_browser(),
            former_token=session_token(),
        )

    return transact(databases.main, finish)


def _begin(session: Session, email: str, account: str) -> Candidate:
    """Count the attempt, before it is known whether it is right. Raises TooManyAttempts."""
    now = request_time()
    network = throttle.subject_hash(site().settings.secret_keys, throttle.network_of(request.remote_addr))
    throttle.count_attempt(session, now, throttle.PASSWORDS_OF_ACCOUNT, account)
    throttle.count_attempt(session, now, throttle.PASSWORDS_FROM_ADDRESS, network)
    return candidate_with(session, email)


def _page(form: Form) -> Response:
    return form.page("people/sign_in_password.html", next=wanted_page())
