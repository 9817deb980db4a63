"""The command that invites people."""

from functools import partial

import click

from config.database import transact
from tracker.audit.actors import command_line
from tracker.console import CommandResult, Console, pass_console
from tracker.errors import Invalid
from tracker.people.accounts.commands import user_commands
from tracker.people.accounts.roles import STORED_ROLES, role_named
from tracker.people.invitations.operations import Sending, invite
from tracker.people.invitations.rules import OPERATOR_OFFER, Offer, creator_offer, member_offer
from tracker.times import format_utc


@user_commands.command("invite")
@click.argument("email")
@click.option("--brand", "brand_id", metavar="ID", help="The brand at which the person gets a role.")
@click.option("--role", type=click.Choice(STORED_ROLES), help="The role at the brand.")
@click.option("--creator", "creator_id", metavar="ID", help="The creator who signs in with this address.")
@click.option("--program", "program_id", metavar="ID", help="The program in which the creator takes part.")
@click.option("--operator", is_flag=True, help="The person operates this installation.")
@pass_console
def invite_user(
    console: Console,
    email: str,
    brand_id: str | None,
    role: str | None,
    creator_id: str | None,
    program_id: str | None,
    operator: bool,
) -> CommandResult:
    """Invite a person by e-mail and print the link of the invitation.

    It is open for 14 days. The mail goes out where LINKLEDGER_SMTP_URL is set; the link works without it.
    """
    offer = _offer(brand_id, role, creator_id, program_id, operator)
    settings = console.settings
    made = transact(
        console.databases.main,
        partial(
            invite,
            now=console.now,
            offer=offer,
            actor=command_line("user invite"),
            sending=Sending(settings.web_url, settings.secret_keys),
            email=email,
        ),
    )
    value = {"id": made.invitation_id, "url": made.url, "expires_at": format_utc(made.expires_at)}
    return CommandResult(value, f"{made.url}\nIt can be used once, within 14 days.")


def _offer(
    brand_id: str | None, role: str | None, creator_id: str | None, program_id: str | None, operator: bool
) -> Offer:
    if operator and not (brand_id or role or creator_id or program_id):
        return OPERATOR_OFFER
    if creator_id and not (role or operator):
        return creator_offer(creator_id, brand_id=brand_id, program_id=program_id)
    if brand_id and role and not (creator_id or program_id or operator):
        return member_offer(brand_id, role_named(role))
    raise Invalid(
        "Say what the person becomes: --brand ID --role ROLE, or --creator ID [--program ID], or --operator."
    )
