"""Commands for users, members and creators."""

import click
from sqlalchemy.orm import Session

from config.database import read_session, transact
from tracker.console import CommandResult, Console, ConsoleGroup, pass_console
from tracker.people.accounts import operations
from tracker.people.accounts.roles import STORED_ROLES
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
        user = operations.create_user(session, console.now, name=name, email=email)
        return CommandResult(user_json(user), f"{user.id}  {user.name}")

    return transact(console.databases.main, create)


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
        membership = operations.add_member(
            session, console.now, brand_id=brand_id, user_id=user_id, role=role
        )
        value = membership_json(membership)
        return CommandResult(value, f"{user_id} is {value['role']} of {brand_id}")

    return transact(console.databases.main, add)


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
        creator = operations.create_creator(session, console.now, name=name, email=email, country=country)
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
