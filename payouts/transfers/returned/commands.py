"""The commands `payout returned`: what came back of transfers, and what becomes of it."""

from functools import partial

import click

from config.database import read_session, transact
from payouts.statements.decisions.commissions import REASONS
from payouts.transfers.returned.decisions import Declines, send_again, take_back
from payouts.transfers.returned.queries import (
    get_returned_money,
    returned_json,
    returned_money,
    returned_text,
)
from tracker.audit.actors import command_line
from tracker.console import CommandResult, Console, ConsoleGroup, pass_console
from tracker.errors import Invalid
from tracker.people.accounts.operations import get_brand


@click.group("returned", cls=ConsoleGroup)
def returned_commands() -> None:
    """Money that came back: it waits for a decision, or is paid again after 14 days."""


_reversal = click.argument("reversal_ref", metavar="REVERSAL")
_note = click.option("--note", default="", help="Why; stored with the decision.")


@returned_commands.command("list")
@click.option("--brand", "brand_id", metavar="ID", help="Default: all brands.")
@pass_console
def list_returned(console: Console, brand_id: str | None) -> CommandResult:
    """Show what came back of payouts and adopted transfers, with what was decided, newest first."""
    with read_session(console.databases.main) as session:
        found = returned_money(session, get_brand(session, brand_id).id if brand_id else None)
    lines = [returned_text(each, console.now) for each in found]
    return CommandResult([returned_json(each) for each in found], "\n".join(lines) or "Nothing came back.")


@returned_commands.command("send-again")
@_reversal
@_note
@pass_console
def send_again_command(console: Console, reversal_ref: str, note: str) -> CommandResult:
    """Pay it again, with the statement of the period in which it came back."""
    actor = command_line("payout returned send-again")
    transact(
        console.databases.main,
        partial(send_again, now=console.now, reversal_ref=reversal_ref, actor=actor, note=note),
    )
    return _shown(console, reversal_ref, "It is paid with the statement of its period.")


@returned_commands.command("taken-back")
@_reversal
@_note
@click.option("--decline", "commissions", multiple=True, metavar="COMMISSION", help="Can be repeated.")
@click.option("--reason-code", type=click.Choice(list(REASONS)), help="Why the commissions are declined.")
@click.option("--evidence", default="", help="What shows it; the creator reads it.")
@click.option("--deduct-rest", is_flag=True, help="Deduct what the declines leave of it.")
@pass_console
def taken_back_command(
    console: Console,
    reversal_ref: str,
    note: str,
    commissions: tuple[str, ...],
    reason_code: str | None,
    evidence: str,
    deduct_rest: bool,
) -> CommandResult:
    """The creator is not owed it: decline commissions that the payout had paid, or deduct the amount."""
    if commissions and reason_code is None:
        raise Invalid("Say with --reason-code why the commissions are declined.")
    taken = transact(
        console.databases.main,
        partial(
            take_back,
            now=console.now,
            reversal_ref=reversal_ref,
            actor=command_line("payout returned taken-back"),
            note=note,
            declines=Declines(commissions, reason_code or "", evidence),
            deduct_rest=deduct_rest,
        ),
    )
    return _shown(console, reversal_ref, f"{taken.declined} was declined, {taken.deducted} was deducted.")


def _shown(console: Console, reversal_ref: str, outcome: str) -> CommandResult:
    with read_session(console.databases.main) as session:
        found = get_returned_money(session, reversal_ref)
    return CommandResult(returned_json(found), f"{returned_text(found, console.now)}. {outcome}")
