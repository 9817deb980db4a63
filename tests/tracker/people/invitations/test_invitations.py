"""Invitations: accepted once, by a name and a box, and by nobody else."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
import time_machine
from flask import Flask

from config.database import Databases, read_session, transact
from config.settings import Settings
from tests.cast.api import Terminal
from tests.cast.people import PERSON, Cast
from tests.harness.databases.snapshots import NOW
from tests.tracker.people.sign_in.mails import received_mails
from tests.tracker.people.sign_in.visitors import Visitor, new_visitor
from tracker.errors import Conflict, Invalid, NotFound
from tracker.people.accounts.memberships import add_member, list_members
from tracker.people.accounts.models import Creator, User
from tracker.people.accounts.operations import create_user
from tracker.people.accounts.roles import Role
from tracker.people.invitations.commands import invite_user
from tracker.people.invitations.models import Invitation
from tracker.people.invitations.operations import (
    Invited,
    Sending,
    invite,
    open_invitations,
    revoke_invitation,
    send_again,
)
from tracker.people.invitations.rules import OPERATOR_OFFER, Offer, creator_offer, member_offer
from tracker.people.sessions.rules import new_token
from tracker.programs.models import Enrollment

GIL = "gil@people.example"
DAY = timedelta(days=1)
URL = "https://ll.example"


@pytest.fixture
def arrive(app: Flask, settings: Settings, databases: Databases) -> Callable[[], Visitor]:
    return lambda: new_visitor(app, settings, databases)


@pytest.fixture
def send(settings: Settings, databases: Databases, cast: Cast) -> Callable[..., Invited]:
    """Invite Gil as a manager, unless another offer or address is given."""

    def work(offer: Offer | None = None, email: str | None = GIL) -> Invited:
        offered = offer or member_offer(cast.brand_id, Role.MANAGER)
        sending = Sending(URL, settings.secret_keys)
        return transact(
            databases.main,
            partial(invite, now=NOW, offer=offered, actor=PERSON, sending=sending, email=email),
        )

    return work


def path_of(invited: Invited) -> str:
    return invited.url.removeprefix(URL)


def answer(visitor: Visitor, path: str, name: str = "Gil") -> str | None:
    """Accept with a name and the box. Returns where the response leads, if it leads anywhere."""
    return visitor.post(path, name=name, agrees="1").location


def roles(databases: Databases, brand_id: str) -> dict[str, str]:
    with read_session(databases.main) as session:
        return {user.email: member.role for member, user in list_members(session, brand_id)}


def test_a_new_person_accepts_with_a_name_and_a_box_and_is_signed_in(
    arrive: Callable[[], Visitor],
    send: Callable[..., Invited],
    databases: Databases,
    settings: Settings,
    cast: Cast,
) -> None:
    path, visitor = path_of(send()), arrive()
    page = visitor.get(path).text
    for secret in ("Teas", GIL, "manager"):
        assert secret not in page
    assert roles(databases, cast.brand_id) == {}
    assert answer(visitor, path) == "/app/"
    assert visitor.is_signed_in
    assert roles(databases, cast.brand_id) == {GIL: "manager"}
    mail = received_mails(settings, databases)[-1]
    assert (mail.to, mail.path) == (GIL, path)
    assert "Teas invites you" in mail.subject


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "", "agrees": "1"}, "Please type your name"),
        ({"name": "Gil"}, "Tick the box"),
        ({"name": "G" * 500, "agrees": "1"}, "1 to 120 characters"),
        ({"name": "Gil\u202e", "agrees": "1"}, "writing direction"),
    ],
)
def test_what_is_missing_or_wrong_is_said_and_nothing_is_lost(
    arrive: Callable[[], Visitor],
    send: Callable[..., Invited],
    databases: Databases,
    cast: Cast,
    fields: dict[str, str],
    message: str,
) -> None:
    path, visitor = path_of(send()), arrive()
    page = visitor.post(path, **fields)
    assert page.status_code == 422
    assert message in page.text
    assert f'value="{fields["name"]}"' in page.text
    assert roles(databases, cast.brand_id) == {}


def test_used_expired_revoked_and_foreign_invitations_get_the_same_page(
    arrive: Callable[[], Visitor], send: Callable[..., Invited], databases: Databases, cast: Cast
) -> None:
    used, revoked = path_of(send()), send(email="hal@people.example")
    answer(arrive(), used)
    revoke = partial(
        revoke_invitation,
        now=NOW,
        actor=PERSON,
        brand_id=cast.brand_id,
        invitation_id=revoked.invitation_id,
    )
    transact(databases.main, revoke)
    with pytest.raises(NotFound):
        transact(databases.main, revoke)
    replaced = path_of(send(email="ida@people.example"))
    expired = path_of(send(email="ida@people.example"))
    paths = [used, path_of(revoked), replaced, f"/app/invitations/{new_token()}", "/app/invitations/x"]
    pages = [arrive().get(path) for path in paths] + [
        arrive().post(path, name="X", agrees="1") for path in paths
    ]
    with time_machine.travel(NOW + 14 * DAY):
        pages += [arrive().get(expired), arrive().post(expired, name="X", agrees="1")]
    assert {page.status_code for page in pages} == {410}
    assert len({page.text for page in pages}) == 1


def test_a_link_does_not_become_a_user_who_is_there_already(
    arrive: Callable[[], Visitor], send: Callable[..., Invited], databases: Databases, cast: Cast
) -> None:
    """The one who invites may have seen it."""
    transact(databases.main, lambda s: create_user(s, NOW, email=GIL, name="Gil"))
    path, visitor = path_of(send()), arrive()
    assert answer(visitor, path) == f"/app/sign-in?next={path}"
    assert not visitor.is_signed_in
    code_page = visitor.ask(GIL, path)
    assert visitor.post(code_page, code=visitor.mail().code).location == path
    assert 'value="Gil"' in visitor.get(path).text
    assert answer(visitor, path) == "/app/"
    assert roles(databases, cast.brand_id) == {GIL: "manager"}


def test_a_person_cannot_accept_the_invitation_of_another(
    arrive: Callable[[], Visitor], send: Callable[..., Invited], databases: Databases, cast: Cast
) -> None:
    visitor = arrive()
    answer(visitor, path_of(send()))
    for email in ("hal@people.example", "ida@people.example"):
        page = visitor.post(path_of(send(email=email)), name="Gil", agrees="1")
        assert page.status_code == 422
        assert "another address" in page.text
    assert roles(databases, cast.brand_id) == {GIL: "manager"}


def test_a_member_keeps_the_role_that_they_have(
    arrive: Callable[[], Visitor], send: Callable[..., Invited], databases: Databases, cast: Cast
) -> None:
    visitor = arrive()
    answer(visitor, path_of(send()))
    answer(visitor, path_of(send(member_offer(cast.brand_id, Role.VIEWER))))
    assert roles(databases, cast.brand_id) == {GIL: "manager"}


def test_a_creator_takes_part_in_the_program_after_the_acceptance(
    arrive: Callable[[], Visitor], send: Callable[..., Invited], databases: Databases, cast: Cast
) -> None:
    offer = creator_offer(cast.stranger_id, brand_id=cast.brand_id, program_id=cast.program_id)
    visitor = arrive()
    assert answer(visitor, path_of(send(offer, None)), "Bob") == "/app/"
    with read_session(databases.main) as session:
        bob = session.get_one(Creator, cast.stranger_id)
        assert session.get_one(User, bob.user_id).email == bob.email
        assert session.query(Enrollment).filter_by(creator_id=bob.id).count() == 1
    with pytest.raises(Conflict, match="signs in already"):
        send(offer, None)


def test_an_operator_is_invited(
    arrive: Callable[[], Visitor], send: Callable[..., Invited], databases: Databases
) -> None:
    answer(arrive(), path_of(send(OPERATOR_OFFER)))
    with read_session(databases.main) as session:
        assert session.query(User).filter_by(email=GIL).one().is_operator


def test_an_invitation_is_sent_again_with_a_new_link(
    arrive: Callable[[], Visitor],
    send: Callable[..., Invited],
    databases: Databases,
    settings: Settings,
    cast: Cast,
) -> None:
    first = send()
    again = partial(
        send_again,
        now=NOW + DAY,
        actor=PERSON,
        sending=Sending(URL, settings.secret_keys),
        brand_id=cast.brand_id,
        invitation_id=first.invitation_id,
    )
    second = transact(databases.main, again)
    assert second.invitation_id == first.invitation_id
    assert second.url != first.url
    assert len(received_mails(settings, databases)) == 2
    with read_session(databases.main) as session:
        assert len(open_invitations(session, cast.brand_id)) == 1
        assert second.url.rpartition("/")[2] not in repr(vars(session.query(Invitation).one()))
    assert arrive().get(path_of(first)).status_code == 410
    with pytest.raises(NotFound):
        transact(databases.main, partial(again, brand_id="brd_" + "0" * 32))
    answer(arrive(), path_of(second))
    with pytest.raises(NotFound):
        transact(databases.main, again)


def test_an_address_that_is_none_is_refused(send: Callable[..., Invited]) -> None:
    with pytest.raises(Invalid):
        send(email="gil")


def test_the_command_prints_a_link(
    arrive: Callable[[], Visitor], settings: Settings, databases: Databases, cast: Cast
) -> None:
    terminal = Terminal(settings, (invite_user,))
    made = terminal.ask("invite", GIL, "--brand", cast.brand_id, "--role", "member")
    assert made["url"].startswith("http://127.0.0.1:8000/app/invitations/")
    with time_machine.travel(made["expires_at"]), read_session(databases.main) as session:
        assert session.query(Invitation).one().role == "manager"
    assert "14 days" in terminal.run("invite", GIL, "--operator").stdout
    assert "--operator" in terminal.refused("invite", GIL)
    assert terminal.refused("invite", GIL, "--brand", cast.brand_id)
    assert terminal.refused("invite", GIL, "--creator", cast.member_id, "--operator")


def test_a_role_that_was_given_otherwise_is_not_lost(
    arrive: Callable[[], Visitor], send: Callable[..., Invited], databases: Databases, cast: Cast
) -> None:
    path, visitor = path_of(send()), arrive()
    user_id = transact(databases.main, lambda s: create_user(s, NOW, email=GIL, name="Gil").id)
    transact(
        databases.main, lambda s: add_member(s, NOW, brand_id=cast.brand_id, user_id=user_id, role="owner")
    )
    visitor.sign_in(GIL)
    answer(visitor, path)
    assert roles(databases, cast.brand_id) == {GIL: "owner"}
