"""Continue as one of the demo's people: the way into the product's own pages, without a mail."""

from flask import Response, abort, redirect
from sqlalchemy.orm import Session

from config.database import transact
from payouts.demo.blueprint import blueprint
from payouts.demo.people import DemoPerson, demo_user
from tracker.http.access import public
from tracker.http.site import site
from tracker.people.access.current import current_browser, request_time
from tracker.people.sessions.cookies import require_safe_transport, session_token, set_session_cookie
from tracker.people.sessions.operations import Method, start_session

PLACES = "/app/"
"""Leads everybody who is signed in to their own page."""


@blueprint.post("/continue/<who>")
@public("signs in to invented data, in demo mode only")
def continue_as(who: str) -> Response:
    if not site().settings.demo or who not in list(DemoPerson):
        abort(404, "The demo has no such person.")
    require_safe_transport()

    def work(session: Session) -> str:
        now = request_time()
        user_id = demo_user(session, now, DemoPerson(who))
        former = session_token()
        return start_session(session, now, user_id, Method.DEMO, current_browser(), former_token=former)

    response = redirect(PLACES, 303)
    assert isinstance(response, Response)
    set_session_cookie(response, transact(site().databases.main, work))
    return response
