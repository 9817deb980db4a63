"""The owners of a brand learn by mail when its team changes."""

import re
from collections.abc import Callable
from functools import partial

import pytest

from config.database import Databases, read_session, transact
from config.settings import Settings
from tests.cast.people import PERSON, Cast
from tests.harness.databases.snapshots import NOW
from tests.tracker.people.sign_in.mails import received_mails
from tracker.audit.actors import Actor, ActorKind
from tracker.mail.models import MailMessage
from tracker.people.accounts.memberships import add_member, remove_member, set_role
from tracker.people.accounts.models import User
from tracker.people.accounts.operations import create_user
from tracker.people.accounts.roles import Role


class Team:
    """A brand with the owners Eve, who reads German, and Fay; Gil has no role yet."""

    def __init__(self, settings: Settings, databases: Databases, brand_id: str) -> None:
        self.settings, self.databases, self.brand_id = settings, databases, brand_id
        self.eve, self.fay, self.gil = (self.new_user(name) for name in ("Eve", "Fay", "<b>Gil</b>"))
        transact(databases.main, lambda s: setattr(s.get_one(User, self.eve), "language", "de"))
        for owner in (self.eve, self.fay):
            self.change(add_member, owner, role="owner", actor=None)

    def new_user(self, name: str) -> str:
        email = f"{re.sub('<.*?>', '', name).lower()}@people.example"
        return transact(self.databases.main, lambda s: create_user(s, NOW, email=email, name=name).id)

    def change(
        self, operation: Callable[..., object], user_id: str, actor: Actor | None = PERSON, **role: object
    ) -> None:
        known = {"now": NOW, "actor": actor, "brand_id": self.brand_id, "user_id": user_id}
        transact(self.databases.main, partial(operation, **known, **role))

    def texts(self) -> str:
        return "".join(each.text for each in received_mails(self.settings, self.databases))

    def mails(self) -> dict[str, str]:
        return {each.to: each.subject for each in received_mails(self.settings, self.databases)}


@pytest.fixture
def team(settings: Settings, databases: Databases, cast: Cast) -> Team:
    return Team(settings, databases, cast.brand_id)


def test_every_owner_gets_a_mail_in_their_language_and_nobody_else(team: Team) -> None:
    team.change(add_member, team.gil, Actor(ActorKind.USER, "people.invite", team.fay), role="viewer")
    assert team.mails() == {
        "eve@people.example": "<b>Gil</b> ist neu bei Teas, als: Nur lesen",
        "fay@people.example": "<b>Gil</b> is new at Teas, as: viewer",
    }
    assert "This was done by Fay." in team.texts()


def test_a_changed_and_a_removed_role_are_told_also_to_the_owner_who_loses_it(team: Team) -> None:
    team.change(set_role, team.fay, role=Role.VIEWER)
    assert team.mails()["fay@people.example"] == "The role of Fay at Teas is now: viewer"
    assert "command line" in team.texts()
    team.change(remove_member, team.fay)
    received = [(each.to, each.subject) for each in received_mails(team.settings, team.databases)]
    assert ("eve@people.example", "Fay hat bei Teas keine Rolle mehr") in received  # both at the same time
    assert len(received) == 3


def test_a_role_that_stays_is_no_change(team: Team) -> None:
    team.change(set_role, team.fay, role=Role.OWNER)
    assert team.mails() == {}


def test_names_with_html_stay_text(team: Team) -> None:
    team.change(add_member, team.gil, role="viewer")
    with read_session(team.databases.main) as session:
        for message in session.query(MailMessage).all():
            assert "&lt;b&gt;Gil&lt;/b&gt;" in (message.body_html or "")
            assert "<b>Gil</b>" not in (message.body_html or "")
