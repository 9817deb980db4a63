"""Roles of members, with the name that earlier versions wrote."""

from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from config.database import Databases, transact
from config.migrate import migrate_down, migrate_up
from config.schema import MAIN
from tests.cast.api import Terminal
from tests.cast.people import Cast
from tests.harness.databases.snapshots import NOW
from tracker.errors import Invalid
from tracker.people.accounts.memberships import add_member
from tracker.people.accounts.operations import create_user
from tracker.people.accounts.roles import Role, role_named


def test_member_is_the_former_name_of_manager() -> None:
    assert role_named("member") is Role.MANAGER
    assert [role_named(role.value) for role in Role] == list(Role)


def test_an_unknown_role_is_refused_with_the_roles_there_are() -> None:
    with pytest.raises(Invalid, match="owner, finance, manager, viewer"):
        role_named("admin")


def test_the_command_line_accepts_the_former_name(terminal: Terminal, cast: Cast) -> None:
    user = terminal.ask("user", "create", "Fay", "--email", "fay@people.example")
    words = ("--brand", cast.brand_id, "--user", user["id"], "--role", "member")
    assert terminal.ask("member", "add", *words)["role"] == "manager"


def test_stored_members_become_managers(databases: Databases, cast: Cast) -> None:
    user_ids = [
        transact(databases.main, partial(create_user, now=NOW, email=f"u{number}@p.example", name="U")).id
        for number in range(2)
    ]
    migrate_down(databases.main, MAIN, "0038")
    with databases.main.begin() as connection:
        for user_id, role in zip(user_ids, ("member", "owner"), strict=True):
            connection.execute(
                text(
                    "insert into membership (brand_id, user_id, role, created_at) "
                    "select :brand, :user, :role, created_at from brand"
                ),
                {"brand": cast.brand_id, "user": user_id, "role": role},
            )
    migrate_up(databases.main, MAIN)
    assert roles_by_user(databases) == dict(zip(user_ids, ("manager", "owner"), strict=True))


def test_a_process_of_the_former_version_may_still_write_member(databases: Databases, cast: Cast) -> None:
    user_id = transact(databases.main, lambda s: create_user(s, NOW, email="u@p.example", name="U").id)
    transact(
        databases.main,
        lambda s: add_member(s, NOW, brand_id=cast.brand_id, user_id=user_id, role="viewer"),
    )
    with databases.main.begin() as connection:
        connection.execute(text("update membership set role = 'member'"))
    with pytest.raises(IntegrityError, match="membership_role_known"), databases.main.begin() as connection:
        connection.execute(text("update membership set role = 'admin'"))


def roles_by_user(databases: Databases) -> dict[str, str]:
    with databases.main.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(text("select user_id, role from membership"))}
