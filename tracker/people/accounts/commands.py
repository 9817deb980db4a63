"""Commands for users, members and creators."""

from functools import partial

import click
from sqlalchemy.orm import Session

from config.database import read_session, transact
from tracker.audit.actors import command_line
from tracker.console import CommandResult, Console, ConsoleGroup, pass_console
from tracker.people.accounts import memberships, operations
from tracker.people.accounts.roles import STORED_ROLES, role_named
from tracker.people.accounts.serializers import creator_json, membership_json, user_json


@click.group("user", cls=ConsoleGroup)
def user_commands() -> None:
    """Users: people who sign in."""


@user_commands.command("create")
@click.argument("name")
@click.option("--email", required=True)
@pass_console
def create_user(console: Console, name: str, email: str) -> CommandResult:
    """Create a user. Give them a role at a brand with: linkledger member add"""

    def create(session: Session) -> CommandResult:
        actor = command_line("user create")
        user = operations.create_user(session, console.now, name=name, email=email, actor=actor)
        return CommandResult(user_json(user), f"{user.id}  {user.name}")

    return transact(console.databases.main, create)


@user_commands.command("list")
@pass_console
def list_users(console: Console) -> CommandResult:
    """Show all users, with operators marked."""
    with read_session(console.databases.main) as session:
        users = operations.list_users(session)
    lines = [f"{each.id}  {each.name}{' (operator)' if each.is_operator else ''}" for each in users]
    return CommandResult([user_json(each) for each in users], "\n".join(lines) or "There are no users yet.")


@click.group("member", cls=ConsoleGroup)
def member_commands() -> None:
    """Members: users and their roles at brands."""


@member_commands.command("add")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@click.option("--user", "user_id", required=True, metavar="ID")
@click.option("--role", type=click.Choice(STORED_ROLES), required=True)
@pass_console
def add_member(console: Console, brand_id: str, user_id: str, role: str) -> CommandResult:
    """Give a user a role at a brand."""

    def add(session: Session) -> CommandResult:
        membership = memberships.add_member(
            session,
            console.now,
            brand_id=brand_id,
            user_id=user_id,
            role=role,
            actor=command_line("member add"),
        )
        value = membership_json(membership)
        return CommandResult(value, f"{user_id} is {value['role']} of {brand_id}")

    return transact(console.databases.main, add)


@member_commands.command("list")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@pass_console
def list_members(console: Console, brand_id: str) -> CommandResult:
    """Show the members of a brand and their roles."""
    with read_session(console.databases.main) as session:
        found = memberships.list_members(session, operations.get_brand(session, brand_id).id)
    value = [membership_json(member) | {"name": user.name, "email": user.email} for member, user in found]
    lines = [f"{each['user']}  {each['role']:8} {each['name']}" for each in value]
    return CommandResult(value, "\n".join(lines) or "The brand has no members yet.")


@member_commands.command("remove")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@click.option("--user", "user_id", required=True, metavar="ID")
@pass_console
def remove_member(console: Console, brand_id: str, user_id: str) -> CommandResult:
    """Take a user's role at a brand away, from the next request on; never that of the last owner."""
    remove = partial(
        memberships.remove_member,
        now=console.now,
        actor=command_line("member remove"),
        brand_id=brand_id,
        user_id=user_id,
    )
    transact(console.databases.main, remove)
    return CommandResult({"brand": brand_id, "user": user_id}, f"{user_id} has no role at {brand_id}")


@member_commands.command("set-role")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@click.option("--user", "user_id", required=True, metavar="ID")
@click.option("--role", type=click.Choice(STORED_ROLES), required=True)
@pass_console
def set_role(console: Console, brand_id: str, user_id: str, role: str) -> CommandResult:
    """Change the role of a member, from the next request on; never that of the last owner."""
    change = partial(
        memberships.set_role,
        now=console.now,
        actor=command_line("member set-role"),
        brand_id=brand_id,
        user_id=user_id,
        role=role_named(role),
    )
    value = membership_json(transact(console.databases.main, change))
    return CommandResult(value, f"{user_id} is {value['role']} of {brand_id}")


@click.group("creator", cls=ConsoleGroup)
def creator_commands() -> None:
    """Creators: people who share links and are paid."""


@creator_commands.command("create")
@click.argument("name")
@click.option("--email", required=True)
@click.option("--country", required=True, help="Two-letter ISO 3166-1 code, such as DE.")
@pass_console
def create_creator(console: Console, name: str, email: str, country: str) -> CommandResult:
    """Create a creator."""

    def create(session: Session) -> CommandResult:
        creator = operations.create_creator(
            session,
            console.now,
            name=name,
            email=email,
            country=country,
            actor=command_line("creator create"),
        )
        return CommandResult(creator_json(creator), f"{creator.id}  {creator.name} ({creator.country})")

    return transact(console.databases.main, create)


@creator_commands.command("list")
@pass_console
def list_creators(console: Console) -> CommandResult:
    """Show all creators."""
    with read_session(console.databases.main) as session:
        creators = operations.list_creators(session)
        lines = [f"{creator.id}  {creator.name} ({creator.country})" for creator in creators]
        return CommandResult(
            [creator_json(each) for each in creators], "\n".join(lines) or "There are no creators yet."
        )


COMMANDS = (user_commands, member_commands)
