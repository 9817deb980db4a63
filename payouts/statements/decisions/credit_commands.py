"""Commands about newer evidence for commissions that were released: both sides, and what to do."""

from datetime import datetime
from typing import Any

import click
from sqlalchemy.orm import Session

from config.database import read_session, transact
from payouts.commissions.credit import Consequence, consequence_of_move
from payouts.commissions.models import Commission
from payouts.commissions.undecided import UndecidedCommission, undecided_commissions
from payouts.statements.decisions import credit
from tracker.audit.actors import command_line
from tracker.console import CommandResult, Console, ConsoleGroup, pass_console
from tracker.people.accounts.operations import get_brand
from tracker.sales.attribution.serializers import reason_json, reason_words
from tracker.times import format_utc

_note = click.option("--note", default="", help="A text for the creator.")


@click.group("credit", cls=ConsoleGroup)
def credit_commands() -> None:
    """Who is credited, when newer evidence came after a commission was released."""


@credit_commands.command("show")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@pass_console
def show(console: Console, brand_id: str) -> CommandResult:
    """Show released commissions that newer evidence credits to somebody else, with both sides of a move."""
    with read_session(console.databases.main) as session:
        brand = get_brand(session, brand_id)
        found = [
            (each, _consequence(session, console.now, each))
            for each in undecided_commissions(session, brand.id)
        ]
    lines = "\n".join(_text(each, consequence) for each, consequence in found)
    return CommandResult([_json(*each) for each in found], lines or "No credit is to be decided.")


def _consequence(session: Session, now: datetime, each: UndecidedCommission) -> Consequence:
    return consequence_of_move(session, now, session.get_one(Commission, each.commission_id))


@credit_commands.command("confirm")
@click.argument("commission_id", metavar="COMMISSION")
@_note
@pass_console
def confirm(console: Console, commission_id: str, note: str) -> CommandResult:
    """Move the credit: the creator loses the commission, the one whom the evidence names gets a new one."""

    def work(session: Session) -> str | None:
        actor = command_line("credit confirm")
        moved = credit.confirm(session, console.now, commission_id, actor=actor, note=note)
        return moved.id if moved is not None else None

    new_id = transact(console.databases.main, work)
    now_is = f"The sale's commission is now {new_id}." if new_id else "The sale has no commission any more."
    return CommandResult({"commission": commission_id, "moved_to": new_id}, f"The credit moved. {now_is}")


@credit_commands.command("keep")
@click.argument("commission_id", metavar="COMMISSION")
@_note
@pass_console
def keep(console: Console, commission_id: str, note: str) -> CommandResult:
    """Leave a released commission as it is, although newer evidence credits somebody else."""
    actor = command_line("credit keep")
    transact(
        console.databases.main, lambda s: credit.keep(s, console.now, commission_id, actor=actor, note=note)
    )
    return CommandResult({"commission": commission_id, "kept": True}, f"{commission_id} stays as it is.")


def _json(each: UndecidedCommission, consequence: Consequence) -> dict[str, Any]:
    claimant = {"id": each.claimant.id, "name": each.claimant.name} if each.claimant else None
    gets, release_at = consequence.claimant_gets, consequence.release_at
    return {
        "commission": each.commission_id,
        "order": each.order_id,
        "worth": each.worth.as_json(),
        "credited": {"id": each.credited.id, "name": each.credited.name},
        "evidence_for": claimant,
        "credited_loses": consequence.leaves.as_json(),
        "of_which_paid": consequence.paid.as_json(),
        "claimant_gets": gets.as_json() if gets is not None else None,
        "claimant_release_at": format_utc(release_at) if release_at is not None else None,
        **reason_json(each.evidence),
    }


def _text(each: UndecidedCommission, consequence: Consequence) -> str:
    claimant = each.claimant.name if each.claimant else "nobody"
    owes = f", of which {consequence.paid} was paid and would be owed" if consequence.paid.minor else ""
    gains = "nobody gains"
    if consequence.claimant_gets is not None and consequence.release_at is not None:
        released = format_utc(consequence.release_at)
        gains = f"{claimant} would get {consequence.claimant_gets}, released on {released}"
    return (
        f"{each.commission_id}  order {each.order_id}: {each.worth} of {each.credited.name}; newer evidence "
        f"is for {claimant} ({reason_words(each.evidence)}).\n"
        f"    If the credit moves, {each.credited.name} loses {consequence.leaves}{owes}; {gains}.\n"
        f"    To move it: linkledger credit confirm {each.commission_id}\n"
        f"    To leave it as it is: linkledger credit keep {each.commission_id}"
    )


COMMANDS = (credit_commands,)
