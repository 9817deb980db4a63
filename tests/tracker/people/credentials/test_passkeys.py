"""Passkeys: registered on the profile, used to sign in and to step up, and what attackers try."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from config.database import Databases, read_session, transact
from config.settings import Settings
from tests.harness.databases.snapshots import NOW
from tests.tracker.people.credentials.authenticator import Device
from tests.tracker.people.sign_in.visitors import FAY, Visitor, new_visitor
from tracker.audit.actors import job_actor
from tracker.audit.models import AuditEntry
from tracker.http.site import site
from tracker.people.accounts.operations import create_user
from tracker.people.credentials.models import Passkey, PasskeyChallenge
from tracker.people.credentials.rules import relying_party
from tracker.people.upkeep import tidy_up_people
from wsgi import create_app

ORIGIN, HOST = "https://ll.example", "ll.example"
PAGE, DOOR, STEP_UP = "/app/profile/passkeys", "/app/sign-in/passkey", "/app/step-up/passkey"
NAME = "Phone <b>"
GIL = "gil@people.example"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"base_url": ORIGIN})


def options(visitor: Visitor, path: str) -> dict[str, Any]:
    response = visitor.post(f"{path}/options")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.get_json()
    return found


def prove(visitor: Visitor) -> None:
    asked = visitor.post("/app/step-up")
    assert visitor.post(asked.location, code=visitor.mail().code).status_code == 303


def register(visitor: Visitor, device: Device, name: str = NAME) -> None:
    done = visitor.post(PAGE, name=name, credential=device.create(options(visitor, PAGE)))
    assert done.location == PAGE, done.text


@pytest.fixture
def owner(visitor: Visitor) -> Visitor:
    """Fay, signed in and stepped up."""
    visitor.sign_in(FAY)
    assert visitor.get(PAGE).location == f"/app/step-up?next={PAGE}"
    prove(visitor)
    return visitor


@pytest.fixture
def device(owner: Visitor) -> Device:
    """Has a passkey of Fay."""
    made = Device(ORIGIN, HOST)
    register(owner, made)
    return made


def passkeys(databases: Databases) -> list[Passkey]:
    with read_session(databases.main) as session:
        return session.query(Passkey).order_by(Passkey.id).all()


def actions(databases: Databases) -> list[AuditEntry]:
    with read_session(databases.main) as session:
        entries = session.query(AuditEntry).filter(AuditEntry.action.like("user.passkey%"))
        return list(entries.order_by(AuditEntry.id))


def test_a_passkey_is_added_used_and_removed(
    arrive: Callable[[], Visitor], owner: Visitor, device: Device, databases: Databases
) -> None:
    page = owner.get(PAGE).text
    assert "Phone &lt;b&gt;" in page
    assert "not used yet" in page
    assert "passkey was added" in owner.mail().subject
    assert owner.mail().to == FAY
    phone = arrive()
    asked = options(phone, DOOR)
    assert asked["userVerification"] == "required"
    assert "allowCredentials" not in asked or asked["allowCredentials"] == []
    assert phone.post(DOOR, credential=device.get(asked), next="/app/me/").location == "/app/me/"
    assert phone.is_signed_in
    assert "last used on" in owner.get(PAGE).text
    [stored] = passkeys(databases)
    assert stored.sign_count == 1
    owner.post(f"{PAGE}/{stored.id}/remove")
    assert passkeys(databases) == []
    assert "passkey was removed" in owner.mail().subject
    assert arrive().post(DOOR, credential=device.get(options(phone, DOOR))).status_code == 422
    entries = actions(databases)
    assert [each.action for each in entries] == ["user.passkey_add", "user.passkey_remove"]
    assert NAME not in repr([(each.before, each.after) for each in entries])


def test_a_step_up_takes_a_passkey_of_this_person(
    arrive: Callable[[], Visitor], device: Device, databases: Databases
) -> None:
    phone = arrive()
    phone.post(DOOR, credential=device.get(options(phone, DOOR)))
    assert "Use a passkey" in phone.get("/app/step-up").text
    before = phone.token
    done = phone.post(STEP_UP, credential=device.get(options(phone, STEP_UP)), next=PAGE)
    assert done.location == PAGE
    assert phone.token not in (None, before)
    assert phone.get(PAGE).status_code == 200


def test_a_challenge_is_used_once(arrive: Callable[[], Visitor], owner: Visitor, device: Device) -> None:
    asked = options(arrive(), DOOR)
    assert arrive().post(DOOR, credential=device.get(asked)).status_code == 303
    assert arrive().post(DOOR, credential=device.get(asked)).status_code == 422
    again = Device(ORIGIN, HOST)
    asked = options(owner, PAGE)
    assert owner.post(PAGE, name="A", credential=again.create(asked)).status_code == 303
    other = Device(ORIGIN, HOST)
    assert owner.post(PAGE, name="B", credential=other.create(asked)).status_code == 422


def test_a_refused_answer_uses_its_challenge_up(arrive: Callable[[], Visitor], device: Device) -> None:
    asked, visitor = options(arrive(), DOOR), arrive()
    assert visitor.post(DOOR, credential=replace(device, verifies=False).get(asked)).status_code == 422
    assert visitor.post(DOOR, credential=device.get(asked)).status_code == 422


def test_an_expired_challenge_is_refused_and_forgotten(
    arrive: Callable[[], Visitor], device: Device, databases: Databases
) -> None:
    asked, visitor = options(arrive(), DOOR), arrive()
    with time_machine.travel(NOW + timedelta(minutes=6)):
        assert visitor.post(DOOR, credential=device.get(asked)).status_code == 422
    done = transact(
        databases.main, lambda s: tidy_up_people(s, NOW + timedelta(minutes=7), job_actor("people"))
    )
    assert done["challenges_forgotten"] == 1
    with read_session(databases.main) as session:
        assert session.query(PasskeyChallenge).all() == []


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://ll.example"},
        {"origin": "https://sub.ll.example"},
        {"host": "evil.example"},
        {"verifies": False},
        {"user_handle": b"usr_other"},
        {"count": -1},
    ],
    ids=str,
)
def test_an_answer_for_another_place_or_person_is_refused(
    arrive: Callable[[], Visitor], device: Device, change: dict[str, Any]
) -> None:
    wrong, visitor = replace(device, **change), arrive()
    if change == {"count": -1}:  # a copy of the device that has counted less
        visitor.post(DOOR, credential=device.get(options(visitor, DOOR)))
        visitor.post("/app/sign-out")
        wrong.count = 0
    page = visitor.post(DOOR, credential=wrong.get(options(visitor, DOOR)))
    assert page.status_code == 422
    assert "was not accepted" in page.text
    assert not visitor.is_signed_in


@pytest.mark.parametrize(
    "change", [{"origin": "https://evil.example"}, {"host": "evil.example"}, {"verifies": False}], ids=str
)
def test_a_key_that_was_made_for_another_place_is_not_stored(
    owner: Visitor, databases: Databases, change: dict[str, Any]
) -> None:
    wrong = replace(Device(ORIGIN, HOST), **change)
    page = owner.post(PAGE, name=NAME, credential=wrong.create(options(owner, PAGE)))
    assert page.status_code == 422
    assert 'value="Phone &lt;b&gt;"' in page.text
    assert passkeys(databases) == []


def test_a_key_of_somebody_else_is_refused(
    arrive: Callable[[], Visitor], owner: Visitor, device: Device, databases: Databases
) -> None:
    """Signed with a key that was never registered, for a step-up of another, and registered twice."""
    forged = replace(device, key=Device(ORIGIN, HOST).key)
    assert arrive().post(DOOR, credential=forged.get(options(arrive(), DOOR))).status_code == 422
    unknown = Device(ORIGIN, HOST, user_handle=device.user_handle)
    assert arrive().post(DOOR, credential=unknown.get(options(arrive(), DOOR))).status_code == 422
    transact(databases.main, lambda s: create_user(s, NOW, email=GIL, name="Gil"))
    gil = arrive()
    gil.sign_in(GIL)
    assert gil.post(STEP_UP, credential=device.get(options(gil, STEP_UP))).status_code == 422
    assert gil.get(PAGE).status_code == 303
    prove(gil)
    copied = replace(device)
    assert gil.post(PAGE, name="X", credential=copied.create(options(gil, PAGE))).status_code == 422
    [stored] = passkeys(databases)
    assert gil.post(f"{PAGE}/{stored.id}/remove").status_code == 404


def test_a_challenge_of_one_purpose_or_person_proves_no_other(
    arrive: Callable[[], Visitor], owner: Visitor, device: Device
) -> None:
    assert owner.post(STEP_UP, credential=device.get(options(owner, DOOR))).status_code == 422
    assert arrive().post(DOOR, credential=device.get(options(owner, STEP_UP))).status_code == 422
    assert arrive().post(DOOR, credential=device.get(options(owner, PAGE))).status_code == 422


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", '{"id": 1}', '{"id":"a","rawId":"a","response":{}}'])
def test_what_no_browser_sends_is_refused(owner: Visitor, arrive: Callable[[], Visitor], text: str) -> None:
    assert arrive().post(DOOR, credential=text).status_code == 422
    assert owner.post(STEP_UP, credential=text).status_code == 422
    assert owner.post(PAGE, name=NAME, credential=text).status_code == 422


def test_a_name_is_needed_and_said_at_its_field(owner: Visitor) -> None:
    page = owner.post(PAGE, name=" ", credential=Device(ORIGIN, HOST).create(options(owner, PAGE)))
    assert page.status_code == 422
    assert 'id="name-error"' in page.text


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://ll.example", "ll.example"),
        ("https://LL.example:8443", "ll.example"),
        ("http://localhost:8000", "localhost"),
        ("http://127.0.0.1:8000", None),
        ("https://192.0.2.1", None),
        ("https://[::1]:8000", None),
        ("http://ll.example", None),
    ],
)
def test_passkeys_are_offered_where_browsers_make_them(url: str, host: str | None) -> None:
    party = relying_party(url)
    assert (party and party.host) == host


def test_on_a_bare_address_no_passkey_is_offered(settings: Settings, databases: Databases) -> None:
    bare = settings.model_copy(update={"base_url": "http://127.0.0.1:8000"})
    app = create_app(bare)
    visitor = new_visitor(app, bare, databases)
    assert "data-passkey" not in visitor.get("/app/sign-in").text
    assert visitor.post(f"{DOOR}/options").status_code == 409
    with app.app_context():
        site().databases.close()
