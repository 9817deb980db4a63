"""What surrounds each page: the brand or product, who is signed in, and whether it is practice."""

from flask import current_app, request, url_for
from sqlalchemy.orm import Session

from config.database import read_session
from tracker.http.site import site
from tracker.language.texts import gettext as _
from tracker.people.access.current import loaded_person
from tracker.people.access.person import Person
from tracker.people.accounts.models import Brand
from tracker.people.accounts.roles import role_name
from tracker.people.installation.mode import mode_of
from tracker.people.installation.rules import Mode
from tracker.people.looks.pages import look_of
from tracker.ui.frame import PRODUCT, Frame

BRAND_HOME = "backoffice.home"


def frame_of_person() -> Frame:
    """The frame of the running request. On an error page of a database that is down, it knows nobody."""
    person = loaded_person()
    brand_id = (request.view_args or {}).get("brand_id")
    if person is None or not request.path.startswith("/app/"):
        return Frame()
    with read_session(site().databases.main) as session:
        return _frame(session, person, brand_id if brand_id in person.roles else None)


def _frame(session: Session, person: Person, brand_id: str | None) -> Frame:
    brand = session.get(Brand, brand_id) if brand_id is not None else None
    return Frame(
        house=PRODUCT if brand is None else brand.name,
        house_url=_house_url(brand_id),
        look=None if brand_id is None else look_of(session, brand_id),
        person=person.name,
        role=_role(person, brand_id),
        role_word="" if brand_id is None else person.roles[brand_id].value,
        profile_url=url_for("people.profile") if "people.profile" in current_app.view_functions else None,
        sign_out_url=url_for("people.sign_out"),
        places_url=url_for("people.home"),
        is_practice=mode_of(session) is Mode.PRACTICE,
        parameters={} if brand_id is None else {"brand_id": brand_id},
    )


def _house_url(brand_id: str | None) -> str:
    if brand_id is not None and BRAND_HOME in current_app.view_functions:
        return url_for(BRAND_HOME, brand_id=brand_id)
    return url_for("people.home")


def _role(person: Person, brand_id: str | None) -> str | None:
    if brand_id is not None:
        return role_name(person.roles[brand_id])
    return _("operator") if person.is_operator else None
