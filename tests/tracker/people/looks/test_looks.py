"""The look of a brand: set in parts, shown on pages, kept in the audit, also by its command."""

from datetime import datetime
from pathlib import Path

import pytest
from flask import g, render_template_string
from sqlalchemy import select

from config.database import Databases, read_session, transact
from config.settings import Settings
from tests.cast.api import Terminal
from tests.cast.people import Cast
from tests.tracker.people.looks.pictures import jpeg, png
from tracker.audit.actors import command_line
from tracker.audit.models import AuditEntry, AuditPersonal
from tracker.errors import Invalid, NotFound
from tracker.people.access.person import Person
from tracker.people.accounts.roles import Role
from tracker.people.frames import frame_of_person
from tracker.people.looks.models import BrandLook
from tracker.people.looks.operations import find_look, set_look
from tracker.people.looks.pages import look_of
from wsgi import create_app

ACTOR = command_line("brand look")


def change(databases: Databases, now: datetime, brand_id: str, **parts: str | bytes) -> BrandLook:
    return transact(
        databases.main,
        lambda session: set_look(session, now, actor=ACTOR, brand_id=brand_id, **parts),  # type: ignore[arg-type]
    )


def test_a_look_is_set_part_by_part(databases: Databases, now: datetime, cast: Cast) -> None:
    change(databases, now, cast.brand_id, colour="#0E5560")
    change(databases, now, cast.brand_id, logo=png())
    look = change(databases, now, cast.brand_id, contact_email="Hello@Teas.example")
    assert (look.colour, look.logo, look.logo_type) == ("#0e5560", png(), "image/png")
    assert look.contact_email == "hello@teas.example"
    look = change(databases, now, cast.brand_id, colour="", logo=b"", contact_email="")
    assert (look.colour, look.logo, look.logo_type, look.logo_hash, look.contact_email) == (None,) * 5


@pytest.mark.parametrize(
    ("parts", "field"),
    [({"logo": b"<svg/>"}, "logo"), ({"colour": "red"}, "colour"), ({"contact_email": "x"}, "contact_email")],
)
def test_a_wrong_part_is_refused_and_the_others_are_not_written(
    databases: Databases, now: datetime, cast: Cast, parts: dict[str, str | bytes], field: str
) -> None:
    good: dict[str, str | bytes] = {"colour": "#123456", "logo": png(), "contact_email": "a@teas.example"}
    with pytest.raises(Invalid) as refusal:
        change(databases, now, cast.brand_id, **(good | parts))
    assert refusal.value.field == field
    with read_session(databases.main) as session:
        assert find_look(session, cast.brand_id) is None


def test_the_audit_has_each_change_and_no_address(databases: Databases, now: datetime, cast: Cast) -> None:
    for _twice in range(2):
        change(databases, now, cast.brand_id, colour="#0e5560", contact_email="hello@teas.example")
    with read_session(databases.main) as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "brand.look_set")).all()
        assert len(entries) == 1
        assert entries[0].after == {"colour": "#0e5560", "logo_type": None, "logo_hash": None}
        personal = session.scalars(select(AuditPersonal.content)).all()
        assert personal[-1] == {"before": None, "after": "hello@teas.example"}


def test_a_brand_that_does_not_exist_has_no_look(databases: Databases, now: datetime) -> None:
    with pytest.raises(NotFound):
        change(databases, now, "brd_" + "0" * 32, colour="#0e5560")


def test_pages_link_to_the_colour_and_the_logo(
    settings: Settings, databases: Databases, now: datetime, cast: Cast
) -> None:
    app = create_app(settings)
    client = app.test_client()
    with app.test_request_context(), read_session(databases.main) as session:
        assert look_of(session, cast.brand_id) is None
    change(databases, now, cast.brand_id, colour="#0e5560", logo=jpeg())
    with app.test_request_context(), read_session(databases.main) as session:
        look = look_of(session, cast.brand_id)
        assert look is not None
        page = render_template_string('{% extends "ui/door.html" %}', look=look)
    assert f'<link rel="stylesheet" href="{look.stylesheet_url}">' in page
    assert f'<img class="mark" src="{look.logo_url}" alt="" width="28" height="28">' in page
    style, picture = client.get(look.stylesheet_url), client.get(look.logo_url)
    assert (style.mimetype, style.text) == ("text/css", "@layer tokens{:root{--brand:#0e5560}}")
    assert (picture.mimetype, picture.data) == ("image/jpeg", jpeg())
    assert picture.headers["X-Content-Type-Options"] == "nosniff"
    assert picture.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    for response in (style, picture):
        assert "immutable" in response.headers["Cache-Control"]


def test_an_address_from_before_a_change_gets_the_present_look_for_a_short_time(
    settings: Settings, databases: Databases, now: datetime, cast: Cast
) -> None:
    client = create_app(settings).test_client()
    paths = [f"/app/looks/{cast.brand_id}/{'0' * 12}.{ending}" for ending in ("css", "png")]
    assert [client.get(path).status_code for path in paths] == [404, 404]
    change(databases, now, cast.brand_id, colour="#0e5560", logo=png())
    for path in paths:
        assert client.get(path).headers["Cache-Control"] == "public, max-age=300"
    for path in (f"/app/looks/{cast.brand_id}/x.png", "/app/looks/brd_1/000000000000.png"):
        assert client.get(path).status_code == 404


def test_the_command_sets_and_shows_a_look(terminal: Terminal, cast: Cast, tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(png())
    (tmp_path / "logo.svg").write_text("<svg/>")
    assert terminal.ask("brand", "look", cast.brand_id)["colour"] is None
    options = ("--colour", "#0e5560", "--logo", str(tmp_path / "logo.png"), "--contact", "hello@teas.example")
    made = terminal.ask("brand", "look", cast.brand_id, *options)
    assert (made["colour"], made["logo"], made["contact"]) == ("#0e5560", "image/png", "hello@teas.example")
    assert terminal.ask("brand", "look", cast.brand_id) == made
    assert "picture" in terminal.refused("brand", "look", cast.brand_id, "--logo", str(tmp_path / "logo.svg"))
    assert terminal.ask("brand", "look", cast.brand_id, "--no-logo")["logo"] is None


def test_the_pages_of_a_brand_have_its_look(
    settings: Settings, databases: Databases, now: datetime, cast: Cast
) -> None:
    change(databases, now, cast.brand_id, colour="#0e5560")
    roles = {cast.brand_id: Role.OWNER}
    owner = Person(
        "usr_1", "O", "o@teas.example", None, None, "ses_1", False, None, roles, now, now, None, None, None
    )
    with create_app(settings).test_request_context(f"/app/brands/{cast.brand_id}/team"):
        g.person = owner
        frame = frame_of_person()
    assert frame.look is not None
    assert frame.look.stylesheet_url is not None
