"""The page of an invitation. Before it is accepted, it says neither who invited whom nor to what."""

from flask import make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from config.database import read_session, transact
from tracker.errors import Conflict, Invalid
from tracker.http.access import public
from tracker.http.site import site
from tracker.language.texts import gettext as _
from tracker.people.access.current import current_browser, current_person, request_time
from tracker.people.blueprint import blueprint
from tracker.people.connections import connections
from tracker.people.invitations.acceptance import Acceptance, Answer, Outcome, accept, find_open
from tracker.people.sessions.cookies import require_safe_transport, set_session_cookie
from tracker.people.sessions.operations import Method, start_session
from tracker.ui.forms import Form
from tracker.ui.notices import notify

GONE = 410


@blueprint.get("/app/invitations/<token>")
@public("shows a form and nothing about the invitation")
def invitation(token: str) -> Response:
    require_safe_transport()
    with read_session(site().databases.main) as session:
        found = find_open(session, request_time(), token)
    if found is None:
        return _over()
    person = current_person()
    return Form({"name": person.name if person else ""}).page("people/invitation.html")


@blueprint.post("/app/invitations/<token>")
@public("accepts an invitation for who has its link, types a name and ticks a box")
def accept_invitation(token: str) -> Response:
    require_safe_transport()
    person, now, form = current_person(), request_time(), Form.sent()
    answer = Answer(
        form["name"], "agrees" in form, person.user_id if person else None, request.endpoint or ""
    )

    def work(session: Session) -> tuple[Acceptance, str | None]:
        done = accept(session, now, token, answer=answer, join_program=connections().join_program)
        if done.user_id is None or answer.user_id is not None:
            return done, None
        return done, start_session(session, now, done.user_id, Method.INVITATION, current_browser())

    try:
        done, session_token = transact(site().databases.main, work)
    except (Invalid, Conflict) as error:
        form.reject(error)
        return form.page("people/invitation.html")
    return _response(form, token, done, session_token)


def _response(form: Form, token: str, done: Acceptance, session_token: str | None) -> Response:
    if done.outcome is Outcome.OVER:
        return _over()
    if done.outcome is Outcome.SIGN_IN_FIRST:
        notify(_("Please sign in, so that nobody else can use your invitation. It comes next."), "info")
        return redirect(url_for("people.sign_in", next=request.path), 303)
    if done.outcome is Outcome.OTHER_PERSON:
        form.fail(
            "",
            _(
                "This invitation is for another address than that of your account. "
                "Sign out, then open it again."
            ),
        )
        return form.page("people/invitation.html")
    notify(_("Welcome. You have accepted the invitation."))
    response = redirect(url_for("people.home"), 303)
    if session_token is not None:
        set_session_cookie(response, session_token)
    return response


def _over() -> Response:
    """One page for an invitation that was used, has expired, was revoked, or never existed."""
    page = render_template(
        "people/over.html",
        title=_("This invitation does not work any more"),
        text=_(
            "It can be used once, within 14 days. Ask who invited you to send it again. "
            "If you have accepted it, sign in."
        ),
        to_sign_in=True,
    )
    return make_response(page, GONE)
