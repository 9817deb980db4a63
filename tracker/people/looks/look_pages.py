"""The page on which a brand chooses its colour, its logo and who gets replies to its mails."""

from functools import partial

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from config.database import read_session, transact
from tracker.errors import Invalid
from tracker.http.site import site
from tracker.language.texts import gettext as _
from tracker.language.texts import gettext_noop as N_
from tracker.people.access.current import request_time
from tracker.people.access.page_guards import brand_page
from tracker.people.access.person import Person
from tracker.people.accounts.roles import RUNS_THE_PROGRAM
from tracker.people.blueprint import blueprint
from tracker.people.looks.operations import find_look, set_look
from tracker.people.looks.pages import look_of
from tracker.ui.forms import Form
from tracker.ui.navigation import Device, Item, Layout, register_items
from tracker.ui.notices import notify

LOOK = "shows and changes the colour, the logo and the contact address of a brand"

register_items(blueprint, Layout.BRAND, Item("people.look", N_("Look"), "review", 70, Device.DESK))


@blueprint.get("/app/brands/<brand_id>/look")
@brand_page(*RUNS_THE_PROGRAM, reason=LOOK)
def look(_person: Person, brand_id: str) -> Response:
    with read_session(site().databases.main) as session:
        found = find_look(session, brand_id)
    colour, contact = (found.colour, found.contact_email) if found else (None, None)
    return _page(brand_id, Form({"colour": colour or "", "contact_email": contact or ""}))


@blueprint.post("/app/brands/<brand_id>/look")
@brand_page(*RUNS_THE_PROGRAM, reason=LOOK)
def change_look(person: Person, brand_id: str) -> Response:
    form = Form.sent()
    change = partial(
        set_look,
        now=request_time(),
        actor=person.actor(request.endpoint or ""),
        brand_id=brand_id,
        colour=form["colour"],
        logo=b"" if "no_logo" in form else form.file("logo"),
        contact_email=form["contact_email"],
    )
    try:
        transact(site().databases.main, change)
    except Invalid as error:
        form.reject(error)
        return _page(brand_id, form)
    notify(_("Saved. Pages and mails look like this from now on."))
    return redirect(url_for("people.look", brand_id=brand_id), 303)


def _page(brand_id: str, form: Form) -> Response:
    with read_session(site().databases.main) as session:
        return form.page("people/look.html", brand_id=brand_id, present=look_of(session, brand_id))
