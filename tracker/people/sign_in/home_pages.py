"""Where a person goes: `/` leads to the sign-in or to the first page, which leads to where the person is."""

from dataclasses import dataclass

from flask import current_app, make_response, redirect, render_template, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from config.database import read_session
from tracker.http.access import public
from tracker.http.site import site
from tracker.language.texts import gettext as _
from tracker.people.access.current import current_person
from tracker.people.access.page_guards import signed_in
from tracker.people.access.person import Person
from tracker.people.accounts.models import Brand, User
from tracker.people.accounts.roles import role_name
from tracker.people.blueprint import blueprint

SETUP = "setup.index"
BRAND_HOME, CREATOR_HOME, OPERATOR_HOME = "backoffice.home", "portal.home", "operator.home"


@dataclass(frozen=True)
class Place:
    """A place of a person: a brand, the own page of a creator, the page of operators."""

    name: str
    role: str
    address: str


@blueprint.get("/")
@public("leads on: to the set-up, the sign-in or the first page")
def front() -> Response:
    if site().settings.demo:
        return redirect(url_for("demo.index"))
    if current_person() is not None:
        return redirect(url_for("people.home"))
    with read_session(site().databases.main) as session:
        anybody = session.scalar(select(User.id).limit(1)) is not None
    if not anybody and SETUP in current_app.view_functions:
        return redirect(url_for(SETUP))
    return redirect(url_for("people.sign_in"))


@blueprint.get("/app/")
@signed_in("leads to the only place of a person, or shows all of them")
def home(person: Person) -> Response:
    with read_session(site().databases.main) as session:
        places = places_of(session, person)
    if len(places) == 1:
        return redirect(places[0].address)
    return make_response(render_template("people/home.html", places=places))


def places_of(session: Session, person: Person) -> list[Place]:
    """The places of a person, brands first, in the order of their names."""
    brands = session.execute(
        select(Brand.id, Brand.name).where(Brand.id.in_(person.roles)).order_by(Brand.name, Brand.id)
    )
    places = [
        Place(name, role_name(person.roles[brand_id]), url_for(BRAND_HOME, brand_id=brand_id))
        for brand_id, name in brands
        if _exists(BRAND_HOME)
    ]
    if person.creator_id is not None and _exists(CREATOR_HOME):
        places.append(Place(_("Your links and earnings"), _("creator"), url_for(CREATOR_HOME)))
    if person.is_operator and _exists(OPERATOR_HOME):
        places.append(Place(_("This installation"), _("operator"), url_for(OPERATOR_HOME)))
    return places


def _exists(endpoint: str) -> bool:
    return endpoint in current_app.view_functions
