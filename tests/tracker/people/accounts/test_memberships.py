"""Members of a brand: roles change, and a brand always keeps an owner."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import select

from config.database import Databases, read_session, transact
from tests.cast.api import Terminal
from tests.cast.people import PERSON, Cast
from tests.harness.databases.snapshots import NOW
from tracker.audit.models import AuditEntry
from tracker.errors import Conflict, NotFound
from tracker.people.accounts.memberships import add_member, list_members, remove_member, set_role
from tracker.people.accounts.operations import create_user
from tracker.people.accounts.roles import Role


@pytest.fixture
def members(databases: Databases, cast: Cast) -> list[str]:
    """Two owners and a manager, by id."""

    def join(session: object, name: str, role: str) -> str:
        user = create_user(session, NOW, email=f"{name}@people.example", name=name)  # type: ignore[arg-type]
        add_member(session, NOW, brand_id=cast.brand_id, user_id=user.id, role=role)  # type: ignore[arg-type]
        return user.id

    who = (("eve", "owner"), ("fay", "owner"), ("gil", "manager"))
    return [transact(databases.main, partial(join, name=name, role=role)) for name, role in who]


def roles(databases: Databases, brand_id: str) -> dict[str, str]:
    with read_session(databases.main) as session:
        return {user.id: member.role for member, user in list_members(session, brand_id)}


def change(databases: Databases, brand_id: str, user_id: str, role: Role | None) -> None:
    work = partial(remove_member) if role is None else partial(set_role, role=role)
    transact(databases.main, partial(work, now=NOW, actor=PERSON, brand_id=brand_id, user_id=user_id))


def test_a_role_changes_and_is_taken_away(databases: Databases, cast: Cast, members: list[str]) -> None:
    eve, fay, gil = members
    change(databases, cast.brand_id, gil, Role.FINANCE)
    change(databases, cast.brand_id, fay, None)
    assert roles(databases, cast.brand_id) == {eve: "owner", gil: "finance"}
    with pytest.raises(NotFound):
        change(databases, cast.brand_id, fay, None)
    with read_session(databases.main) as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.number)).all()
    assert actions[-2:] == ["member.role_set", "member.remove"]


def test_the_last_owner_stays(databases: Databases, cast: Cast, members: list[str]) -> None:
    eve, fay, _gil = members
    change(databases, cast.brand_id, eve, Role.VIEWER)
    for role in (None, Role.FINANCE):
        with pytest.raises(Conflict, match="last one"):
            change(databases, cast.brand_id, fay, role)
    change(databases, cast.brand_id, fay, Role.OWNER)
    assert roles(databases, cast.brand_id)[fay] == "owner"


def test_two_owners_who_remove_each_other_leave_one(
    databases: Databases, cast: Cast, members: list[str]
) -> None:
    def try_to_remove(user_id: str) -> bool:
        try:
            change(databases, cast.brand_id, user_id, None)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(try_to_remove, members[:2]))
    assert sorted(done) == [False, True]
    assert list(roles(databases, cast.brand_id).values()).count("owner") == 1


def test_the_command_line_lists_changes_and_removes_members(
    terminal: Terminal, cast: Cast, members: list[str]
) -> None:
    eve, fay, gil = members
    brand = ("--brand", cast.brand_id)
    listed = terminal.ask("member", "list", *brand)
    assert [(each["name"], each["role"]) for each in listed] == [
        ("eve", "owner"),
        ("fay", "owner"),
        ("gil", "manager"),
    ]
    assert terminal.ask("member", "set-role", *brand, "--user", gil, "--role", "viewer")["role"] == "viewer"
    terminal.ask("member", "remove", *brand, "--user", fay)
    assert "last one" in terminal.refused("member", "remove", *brand, "--user", eve)
    assert "no role" in terminal.refused("member", "remove", *brand, "--user", fay)
    assert {each["id"] for each in terminal.ask("user", "list")} == set(members)
