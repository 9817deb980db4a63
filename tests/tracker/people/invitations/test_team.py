"""The team page: owners give and take roles, others look on."""

from functools import partial

import pytest

from config.database import Databases, read_session, transact
from tests.cast.people import PERSON, Cast
from tests.harness.databases.snapshots import NOW
from tests.tracker.people.sign_in.visitors import FAY, Visitor
from tracker.people.accounts.memberships import add_member, list_members, set_role
from tracker.people.accounts.operations import create_user
from tracker.people.accounts.roles import Role
from tracker.people.invitations.operations import open_invitations


@pytest.fixture
def team(cast: Cast) -> str:
    return f"/app/brands/{cast.brand_id}/team"


@pytest.fixture
def gil(databases: Databases, cast: Cast) -> str:
    """Another member, a viewer."""
    user_id = transact(
        databases.main, lambda s: create_user(s, NOW, email="gil@people.example", name="<b>Gil</b>").id
    )
    transact(
        databases.main, lambda s: add_member(s, NOW, brand_id=cast.brand_id, user_id=user_id, role="viewer")
    )
    return user_id


@pytest.fixture
def owner(visitor: Visitor, databases: Databases, cast: Cast, fay: str) -> Visitor:
    """Fay, as the owner, signed in and stepped up."""
    change = partial(set_role, now=NOW, actor=PERSON, brand_id=cast.brand_id, user_id=fay, role=Role.OWNER)
    transact(databases.main, change)
    visitor.sign_in(FAY)
    asked = visitor.post("/app/step-up")
    assert visitor.post(asked.location, code=visitor.mail().code).status_code == 303
    return visitor


def roles(databases: Databases, brand_id: str) -> dict[str, str]:
    with read_session(databases.main) as session:
        return {user.id: member.role for member, user in list_members(session, brand_id)}


def test_every_member_sees_the_team_and_only_owners_its_forms(
    visitor: Visitor, owner: Visitor, databases: Databases, cast: Cast, team: str, gil: str
) -> None:
    page = owner.get(team).text
    assert "&lt;b&gt;Gil&lt;/b&gt;" in page
    assert f"{team}/invitations" in page
    owner.post("/app/sign-out")
    visitor.sign_in("gil@people.example")
    page = visitor.get(team).text
    assert "Fay" in page
    assert f"{team}/" not in page


def test_an_owner_changes_and_takes_roles(
    owner: Visitor, databases: Databases, cast: Cast, team: str, gil: str, fay: str
) -> None:
    assert owner.post(f"{team}/{gil}/role", role="finance").location == team
    assert roles(databases, cast.brand_id)[gil] == "finance"
    assert owner.post(f"{team}/{gil}/role", role="boss").status_code == 422
    assert owner.post(f"{team}/{gil}/remove").location == team
    assert gil not in roles(databases, cast.brand_id)
    assert owner.post(f"{team}/{gil}/remove").status_code == 404
    page = owner.post(f"{team}/{fay}/remove")
    assert page.status_code == 409
    assert "this is the last one" in page.text
    assert roles(databases, cast.brand_id) == {fay: "owner"}


def test_an_owner_who_leaves_is_led_on(
    owner: Visitor, databases: Databases, cast: Cast, team: str, gil: str, fay: str
) -> None:
    owner.post(f"{team}/{gil}/role", role="owner")
    assert owner.post(f"{team}/{fay}/remove").location == "/app/"
    assert owner.get(team).status_code == 404


def test_an_owner_invites_sends_again_and_revokes(
    owner: Visitor, databases: Databases, cast: Cast, team: str
) -> None:
    assert owner.post(f"{team}/invitations", email="hal@people.example", role="viewer").location == team
    assert owner.mail().to == "hal@people.example"
    with read_session(databases.main) as session:
        invitation_id = open_invitations(session, cast.brand_id)[0].id
    page = owner.get(team).text
    assert "hal@people.example" in page
    assert "/app/invitations/" not in page, "the link proves an address, so who invites must not see it"
    first = owner.mail().path
    assert owner.post(f"{team}/invitations/{invitation_id}/again").location == team
    assert owner.mail().path != first
    assert owner.post(f"{team}/invitations/{invitation_id}/revoke").location == team
    assert owner.post(f"{team}/invitations/{invitation_id}/again").status_code == 404
    assert "hal@people.example" not in owner.get(team).text


def test_a_wrong_address_is_said_at_its_field(owner: Visitor, team: str) -> None:
    page = owner.post(f"{team}/invitations", email="hal", role="viewer")
    assert page.status_code == 422
    assert 'id="email-error"' in page.text
    assert 'value="hal"' in page.text
