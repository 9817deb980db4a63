"""The profile: details, sessions, and the way to everything else that a person decides about themselves."""

from functools import cache, partial
from zoneinfo import available_timezones

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from config.database import read_session, transact
from tracker.errors import Invalid, NotFound
from tracker.http.site import site
from tracker.language.formats import day_in
from tracker.language.requests import prefer_language
from tracker.language.texts import gettext as _
from tracker.people.access.current import request_time
from tracker.people.access.page_guards import signed_in
from tracker.people.access.person import Person
from tracker.people.blueprint import blueprint
from tracker.people.credentials.passkeys import passkeys_of
from tracker.people.credentials.passwords import has_password
from tracker.people.profile.details import edit_details
from tracker.people.sessions.cookies import clear_session_cookie
from tracker.people.sessions.operations import end_all, end_session, live_sessions
from tracker.ui.forms import Form
from tracker.ui.notices import notify

OWN = "shows and changes what belongs to the person alone"


@blueprint.get("/app/profile")
@signed_in(OWN)
def profile(person: Person) -> Response:
    form = Form({"name": person.name, "language": person.language or "", "timezone": person.timezone or ""})
    return _page(person, form)


@blueprint.post("/app/profile")
@signed_in(OWN)
def edit_profile(person: Person) -> Response:
    form = Form.sent()
    edit = partial(
        edit_details,
        now=request_time(),
        actor=person.actor(request.endpoint or ""),
        user_id=person.user_id,
        name=form.raw("name"),
        language=form["language"],
        timezone=form["timezone"],
    )
    try:
        transact(site().databases.main, edit)
    except Invalid as error:
        form.reject(error)
        return _page(person, form)
    if form["language"]:
        prefer_language(form["language"])
    notify(_("Saved."))
    return redirect(url_for("people.profile"), 303)


@blueprint.post("/app/profile/sessions/<session_id>/end")
@signed_in(OWN)
def end_one_session(person: Person, session_id: str) -> Response:
    actor = person.actor(request.endpoint or "")
    end = partial(end_session, now=request_time(), user_id=person.user_id, session_id=session_id, actor=actor)
    if not transact(site().databases.main, end):
        raise NotFound(_("This session has ended already, or it is not yours."))
    if session_id == person.session_id:
        return _signed_out()
    notify(_("That browser is signed out."))
    return redirect(url_for("people.profile"), 303)


@blueprint.post("/app/profile/sessions/end-all")
@signed_in(OWN)
def end_all_sessions(person: Person) -> Response:
    actor = person.actor(request.endpoint or "")
    end = partial(end_all, now=request_time(), user_id=person.user_id, actor=actor)
    transact(site().databases.main, end)
    return _signed_out()


def _signed_out() -> Response:
    notify(_("You are signed out."))
    response = redirect(url_for("people.sign_in"), 303)
    clear_session_cookie(response)
    return response


def _page(person: Person, form: Form) -> Response:
    with read_session(site().databases.main) as session:
        sessions = live_sessions(session, request_time(), person.user_id)
        with_password = has_password(session, person.user_id)
        passkeys = len(passkeys_of(session, person.user_id))
    html = render_template(
        "people/profile.html",
        form=form,
        person=person,
        zone=person.timezone or "UTC",
        sessions=sessions,
        has_password=with_password,
        passkeys=passkeys,
        zones=_zones(),
        day_in=day_in,
    )
    return make_response(html, form.status if form.errors else 200)


@cache
def _zones() -> list[tuple[str, str]]:
    """The zones that are named after a place, without the older names in folders such as "US"."""
    areas = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
    names = sorted(name for name in available_timezones() if name.split("/")[0] in areas)
    return [(name, name.replace("_", " ")) for name in names if "/" in name]
