"""Setting, changing and removing the password of a person."""

from functools import partial

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from config.database import read_session, transact
from tracker.errors import Invalid
from tracker.http.site import site
from tracker.language.texts import gettext as _
from tracker.people.access.current import request_time
from tracker.people.access.page_guards import signed_in, stepped_up
from tracker.people.access.person import Person
from tracker.people.blueprint import blueprint
from tracker.people.credentials.hashing import TooManyHashes, hash_password
from tracker.people.credentials.letters import Sending
from tracker.people.credentials.passwords import Changing, has_password, remove_password, set_password
from tracker.people.credentials.rules import MAX_LENGTH, MIN_LENGTH, normalize_password, require_good_password
from tracker.ui.forms import Form
from tracker.ui.notices import notify

OWN_PASSWORD = "shows and changes the person's own password"
LETS_IN = "the password lets somebody in"


@blueprint.get("/app/profile/password")
@stepped_up(LETS_IN)
@signed_in(OWN_PASSWORD)
def own_password(person: Person) -> Response:
    return _page(person, Form())


@blueprint.post("/app/profile/password")
@stepped_up(LETS_IN)
@signed_in(OWN_PASSWORD)
def set_own_password(person: Person) -> Response:
    form = Form.sent()
    password = normalize_password(form.raw("password"))
    try:
        require_good_password(password, email=person.email, name=person.name)
        hashed = hash_password(password)
    except Invalid as error:
        form.reject(error)
        return _page(person, form)
    except TooManyHashes as error:
        form.fail("", str(error))
        return _page(person, form)

    change = partial(set_password, now=request_time(), changing=_changing(person), password_hash=hashed)
    transact(site().databases.main, change)
    return _back(_("Your password is set. All other browsers are signed out."))


@blueprint.post("/app/profile/password/remove")
@stepped_up(LETS_IN)
@signed_in(OWN_PASSWORD)
def remove_own_password(person: Person) -> Response:
    change = partial(remove_password, now=request_time(), changing=_changing(person))
    if transact(site().databases.main, change):
        return _back(_("Your password is removed. All other browsers are signed out."))
    return _back(_("You have no password."))


def sending() -> Sending:
    settings = site().settings
    return Sending(settings.web_url, settings.secret_keys)


def _changing(person: Person) -> Changing:
    return Changing(person.actor(request.endpoint or ""), person.user_id, person.session_id, sending())


def _back(text: str) -> Response:
    notify(text)
    return redirect(url_for("people.profile"), 303)


def _page(person: Person, form: Form) -> Response:
    with read_session(site().databases.main) as session:
        is_set = has_password(session, person.user_id)
    limits = {"least": MIN_LENGTH, "most": MAX_LENGTH}
    return form.page("people/password.html", person=person, is_set=is_set, **limits)
