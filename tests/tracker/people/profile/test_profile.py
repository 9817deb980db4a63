"""The profile: details, and the sessions of a person."""

from collections.abc import Callable

import pytest

from config.database import Databases, read_session
from tests.tracker.people.sign_in.visitors import FAY, Visitor
from tracker.audit.models import AuditEntry
from tracker.people.accounts.models import User


def test_a_person_changes_name_language_and_zone(visitor: Visitor, databases: Databases, fay: str) -> None:
    visitor.sign_in(FAY)
    assert 'value="Fay"' in visitor.get("/app/profile").text
    done = visitor.post("/app/profile", name="Fay B.", language="de", timezone="Europe/Berlin")
    assert done.location == "/app/profile"
    page = visitor.get("/app/profile").text
    assert "Ihr Profil" in page
    assert "Gespeichert." in page
    with read_session(databases.main) as session:
        user = session.get_one(User, fay)
        assert (user.name, user.language, user.timezone) == ("Fay B.", "de", "Europe/Berlin")
        entry = session.query(AuditEntry).filter_by(action="user.edit").one()
        assert "Fay" not in repr((entry.before, entry.after))
    visitor.post("/app/profile", name="Fay B.", language="", timezone="")
    with read_session(databases.main) as session:
        assert (session.get_one(User, fay).language, session.get_one(User, fay).timezone) == (None, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "x" * 500), ("name", "a\u202eb"), ("language", "fr"), ("timezone", "Mars/Base")],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
    visitor: Visitor, databases: Databases, fay: str, field: str, value: str
) -> None:
    visitor.sign_in(FAY)
    page = visitor.post("/app/profile", **{"name": "New", "language": "", "timezone": "", field: value})
    assert page.status_code == 422
    assert f'id="{field}-error"' in page.text
    with read_session(databases.main) as session:
        assert session.get_one(User, fay).name == "Fay"


def test_another_browser_is_signed_out(arrive: Callable[[], Visitor], visitor: Visitor) -> None:
    other = arrive()
    other.sign_in(FAY)
    visitor.sign_in(FAY)
    page = visitor.get("/app/profile").text
    here, there, _all = [
        part.split('"')[0] for part in page.split('action="')[1:] if "/end" in part.split('"')[0]
    ]
    assert visitor.post(there).location == "/app/profile"
    assert "That browser is signed out." in visitor.get("/app/profile").text
    assert not other.is_signed_in
    assert visitor.post(there).status_code == 404
    assert visitor.post(here).location == "/app/sign-in"
    assert not visitor.is_signed_in


def test_a_foreign_session_is_not_found(arrive: Callable[[], Visitor], visitor: Visitor) -> None:
    visitor.sign_in(FAY)
    assert visitor.post("/app/profile/sessions/ses_1/end").status_code == 404


def test_signing_out_everywhere_ends_every_session(arrive: Callable[[], Visitor], visitor: Visitor) -> None:
    others = [arrive() for _ in range(2)]
    for each in (*others, visitor):
        each.sign_in(FAY)
    assert visitor.post("/app/profile/sessions/end-all").location == "/app/sign-in"
    assert "You are signed out." in visitor.get("/app/sign-in").text
    assert not any(each.is_signed_in for each in (*others, visitor))
