"""Commands for decisions about commissions: what is held or undecided, and what to do with it."""

from typing import Any

import click

from config.database import read_session, transact
from payouts.commissions.holds.queue import HeldCommission, end_text, held_commissions, hold_json, hold_text
from payouts.commissions.undecided import UndecidedCommission, undecided_commissions
from payouts.statements import decisions
from tracker.console import CommandResult, Console, ConsoleGroup, pass_console
from tracker.people.accounts.operations import get_brand
from tracker.sales.attribution.serializers import reason_json, reason_words
from tracker.sales.suspicion.rules import SETTINGS
from tracker.times import format_utc

_brand = click.option("--brand", "brand_id", required=True, metavar="ID")


@click.group("commission", cls=ConsoleGroup)
def commission_commands() -> None:
    """Commissions: hold, release or decline one, with a reason that the creator sees."""


_reason = click.option("--reason", required=True, type=click.Choice(list(decisions.REASONS)))
_note = click.option("--note", default="", help="A text for the creator.")


@commission_commands.command("hold")
@click.argument("commission_id", metavar="COMMISSION")
@_reason
@_note
@pass_console
def hold(console: Console, commission_id: str, reason: str, note: str) -> CommandResult:
    """Hold a commission: it is not paid until it is released."""
    transact(
        console.databases.main,
        lambda s: decisions.hold(s, console.now, commission_id, reason=reason, note=note),
    )
    return CommandResult({"commission": commission_id, "held": True}, f"{commission_id} is held.")


@commission_commands.command("held")
@click.option("--brand", "brand_id", metavar="ID", help="Default: all brands.")
@click.option("--signal", type=click.Choice(list(SETTINGS)), help="Only what this suspicion signal holds.")
@pass_console
def held(console: Console, brand_id: str | None, signal: str | None) -> CommandResult:
    """Show held commissions with the evidence, the longest held first, to decide about them."""
    with read_session(console.databases.main) as session:
        brand = get_brand(session, brand_id).id if brand_id else ""
        found = held_commissions(session, brand_id=brand, signal=signal or "")
    return CommandResult(
        [_held_json(each) for each in found], "\n".join(map(_held_text, found)) or "Nothing is held."
    )


@commission_commands.command("undecided")
@_brand
@pass_console
def undecided(console: Console, brand_id: str) -> CommandResult:
    """Show released commissions that new evidence credits to somebody else, to decide about them."""
    with read_session(console.databases.main) as session:
        found = undecided_commissions(session, get_brand(session, brand_id).id)
    return CommandResult(
        [_credit_dispute_json(each) for each in found],
        "\n".join(map(_credit_dispute_text, found)) or "No commission is undecided.",
    )


@commission_commands.command("release")
@click.argument("commission_id", metavar="COMMISSION")
@click.option("--note", default="", help="Why; stored with the lifted holds.")
@pass_console
def release(console: Console, commission_id: str, note: str) -> CommandResult:
    """Lift the review holds of a commission. The same suspicion does not hold it again."""
    lifted = transact(
        console.databases.main, lambda s: decisions.release(s, console.now, commission_id, note=note)
    )
    return CommandResult(
        {"commission": commission_id, "lifted": lifted},
        f"{commission_id}: holds lifted: {lifted}.",
    )


@commission_commands.command("decline")
@click.argument("commission_id", metavar="COMMISSION")
@_reason
@_note
@pass_console
def decline(console: Console, commission_id: str, reason: str, note: str) -> CommandResult:
    """Set a commission to zero. A decision during the review of its statement counts for it."""
    transact(
        console.databases.main,
        lambda s: decisions.decline(s, console.now, commission_id, reason=reason, note=note),
    )
    return CommandResult({"commission": commission_id, "declined": True}, f"{commission_id} is declined.")


@commission_commands.command("keep")
@click.argument("commission_id", metavar="COMMISSION")
@_note
@pass_console
def keep(console: Console, commission_id: str, note: str) -> CommandResult:
    """Leave a released commission as it is, although new evidence credits somebody else."""
    transact(console.databases.main, lambda s: decisions.keep(s, console.now, commission_id, note=note))
    return CommandResult({"commission": commission_id, "kept": True}, f"{commission_id} stays as it is.")


def _held_json(each: HeldCommission) -> dict[str, Any]:
    return {
        "commission": each.commission_id,
        "brand": each.brand_id,
        "order": each.order_id,
        "creator": {"id": each.creator.id, "name": each.creator.name},
        "worth": each.worth.as_json(),
        "release_at": format_utc(each.release_at),
        "holds": [hold_json(hold, each.rules) for hold in each.holds],
    }


def _held_text(each: HeldCommission) -> str:
    shown = [hold_json(hold, each.rules) for hold in each.holds]
    reasons = [f"    {hold_text(hold)}\n      {end_text(hold)}" for hold in shown]
    head = f"{each.commission_id}  order {each.order_id}: {each.worth} of {each.creator.name}"
    return "\n".join([head, *reasons, *_next_commands(each)])


def _next_commands(each: HeldCommission) -> list[str]:
    """Only for holds that a person lifts: those of disputes and unapplied messages end automatically."""
    if not each.is_liftable:
        return []
    return [
        f"    To release it: linkledger commission release {each.commission_id}",
        f"    To decline it: linkledger commission decline {each.commission_id} --reason …",
    ]


def _credit_dispute_json(each: UndecidedCommission) -> dict[str, Any]:
    claimant = {"id": each.claimant.id, "name": each.claimant.name} if each.claimant else None
    return {
        "commission": each.commission_id,
        "order": each.order_id,
        "worth": each.worth.as_json(),
        "credited": {"id": each.credited.id, "name": each.credited.name},
        "evidence_for": claimant,
        **reason_json(each.evidence),
    }


def _credit_dispute_text(each: UndecidedCommission) -> str:
    claimant = each.claimant.name if each.claimant else "nobody"
    return (
        f"{each.commission_id}  order {each.order_id}: {each.worth} of {each.credited.name}; new evidence is "
        f"for {claimant} ({reason_words(each.evidence)}).\n"
        f"    To take it back: linkledger commission decline {each.commission_id} --reason other --note …\n"
        "    and to pay the other creator: linkledger ledger book bonus\n"
        f"    To leave it as it is: linkledger commission keep {each.commission_id}"
    )
