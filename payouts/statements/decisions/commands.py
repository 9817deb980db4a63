"""Commands for decisions about commissions: what is held, and what to do with it."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import click
from sqlalchemy.orm import Session

from config.database import read_session, transact
from payouts.commissions.dates import pay_date_text
from payouts.commissions.holds.queue import HeldCommission, end_text, held_commissions, hold_json, hold_text
from payouts.statements.decisions import commissions as decisions
from payouts.statements.decisions.commissions import Decided
from payouts.statements.decisions.drafts import named_statement
from payouts.statements.decisions.serializers import decision_json, decision_text, decisions_about
from payouts.statements.decisions.undo import undo
from payouts.statements.rows.shown import waiting_messages
from tracker.audit.actors import command_line
from tracker.console import CommandResult, Console, ConsoleGroup, pass_console
from tracker.people.accounts.operations import get_brand
from tracker.sales.suspicion.rules import SETTINGS
from tracker.times import format_utc, optional_utc_text


@click.group("commission", cls=ConsoleGroup)
def commission_commands() -> None:
    """Commissions: hold, release or decline one, with a reason that the creator sees, or undo that."""


_reason = click.option("--reason", required=True, type=click.Choice(list(decisions.REASONS)))
_note = click.option("--note", default="", help="A text for the creator.")
_period = click.option("--period", metavar="PERIOD", help="The draft to decide on. Default: the oldest.")
_draft_brand = click.option("--brand", "brand_id", metavar="ID", help="The brand of the draft.")
_day = click.DateTime(["%Y-%m-%d"])


def _decide(
    console: Console,
    commission_id: str,
    brand_id: str | None,
    period: str | None,
    decision: Callable[..., Decided],
    **details: Any,
) -> Decided:
    """Take a decision in one transaction, on the named draft if there is a name."""

    def work(session: Session) -> Decided:
        statement_id = named_statement(session, commission_id, brand_id or "", period or "")
        return decision(session, console.now, commission_id, statement_id=statement_id, **details)

    return transact(console.databases.main, work)


def _date(value: datetime | None) -> date | None:
    return None if value is None else value.date()


@commission_commands.command("hold")
@click.argument("commission_id", metavar="COMMISSION")
@_reason
@_note
@click.option("--until", type=_day, help="Its last day. Default: as long as it may be held.")
@_draft_brand
@_period
@pass_console
def hold(
    console: Console,
    commission_id: str,
    reason: str,
    note: str,
    until: datetime | None,
    brand_id: str | None,
    period: str | None,
) -> CommandResult:
    """Hold a commission: it is not paid until it is released, or the hold ends."""
    actor = command_line("commission hold")
    details = {"reason": reason, "note": note, "until": _date(until), "actor": actor}
    decided = _decide(console, commission_id, brand_id, period, decisions.hold, **details)
    ends_at = optional_utc_text(decided.ends_at)
    value = {"commission": commission_id, "held": True, "ends_at": ends_at, "decision": decided.decision_id}
    return CommandResult(value, f"{commission_id} is held until {ends_at}.{_to_undo(decided)}")


@commission_commands.command("extend")
@click.argument("commission_id", metavar="COMMISSION")
@click.option("--until", type=_day, required=True, help="The new last day of its hold.")
@click.option("--note", required=True, help="Why the decision takes longer.")
@_draft_brand
@_period
@pass_console
def extend(
    console: Console,
    commission_id: str,
    until: datetime,
    note: str,
    brand_id: str | None,
    period: str | None,
) -> CommandResult:
    """Extend the review hold of a commission, once, by at most 30 days."""
    details = {"until": until.date(), "note": note, "actor": command_line("commission extend")}
    decided = _decide(console, commission_id, brand_id, period, decisions.extend, **details)
    ends_at = optional_utc_text(decided.ends_at)
    value = {"commission": commission_id, "ends_at": ends_at, "decision": decided.decision_id}
    return CommandResult(value, f"{commission_id} is held until {ends_at}.{_to_undo(decided)}")


@commission_commands.command("held")
@click.option("--brand", "brand_id", metavar="ID", help="Default: all brands.")
@click.option("--signal", type=click.Choice(list(SETTINGS)), help="Only what this suspicion signal holds.")
@click.option("--limit", type=click.IntRange(1), help="At most so many.  [default: all]")
@click.option(
    "--after", metavar="COMMISSION", default="", help="Go on after the last one of an earlier list."
)
@pass_console
def held(
    console: Console, brand_id: str | None, signal: str | None, limit: int | None, after: str
) -> CommandResult:
    """Show held commissions with the evidence, the longest held first, to decide about them."""
    with read_session(console.databases.main) as session:
        brand = get_brand(session, brand_id).id if brand_id else ""
        found = held_commissions(session, brand_id=brand, signal=signal or "", after_id=after, limit=limit)
        waiting: dict[str, Sequence[str]] = {}
        for owner in {each.brand_id for each in found}:
            waiting |= waiting_messages(session, owner)
    value = [_held_json(each, waiting.get(each.commission_id, ())) for each in found]
    lines = [_held_text(each, waiting.get(each.commission_id, ())) for each in found]
    return CommandResult(value, "\n".join(lines) or "Nothing is held.")


@commission_commands.command("release")
@click.argument("commission_id", metavar="COMMISSION")
@click.option("--note", default="", help="Why; stored with the lifted holds.")
@_draft_brand
@_period
@pass_console
def release(
    console: Console, commission_id: str, note: str, brand_id: str | None, period: str | None
) -> CommandResult:
    """Lift the review holds of a commission. The same suspicion does not hold it again."""
    details = {"note": note, "actor": command_line("commission release")}
    decided = _decide(console, commission_id, brand_id, period, decisions.release, **details)
    value = {"commission": commission_id, "lifted": decided.lifted, "decision": decided.decision_id}
    return CommandResult(value, f"{commission_id}: holds lifted: {decided.lifted}.{_to_undo(decided)}")


@commission_commands.command("decline")
@click.argument("commission_id", metavar="COMMISSION")
@_reason
@_note
@click.option("--evidence", default="", help="What proves it; needed when a sealed statement released it.")
@_draft_brand
@_period
@pass_console
def decline(
    console: Console,
    commission_id: str,
    reason: str,
    note: str,
    evidence: str,
    brand_id: str | None,
    period: str | None,
) -> CommandResult:
    """Set a commission to zero. A decision during the review of its statement counts for it."""
    actor = command_line("commission decline")
    details = {"reason": reason, "note": note, "evidence": evidence, "actor": actor}
    decided = _decide(console, commission_id, brand_id, period, decisions.decline, **details)
    value = {"commission": commission_id, "declined": True, "decision": decided.decision_id}
    return CommandResult(value, f"{commission_id} is declined.{_to_undo(decided)}")


@commission_commands.command("undo")
@click.argument("decision_id", metavar="DECISION")
@click.option("--note", default="", help="Why; stored with the decision.")
@pass_console
def undo_command(console: Console, decision_id: str, note: str) -> CommandResult:
    """Undo a decision, until a statement in which it counts is approved."""
    actor = command_line("commission undo")
    undone_by = transact(
        console.databases.main, lambda s: undo(s, console.now, decision_id, actor=actor, note=note)
    )
    return CommandResult({"undone": decision_id, "decision": undone_by}, f"{decision_id} is undone.")


@commission_commands.command("decisions")
@click.argument("commission_id", metavar="COMMISSION")
@pass_console
def list_decisions(console: Console, commission_id: str) -> CommandResult:
    """Show what people decided about a commission, oldest first, and what of it was undone."""
    with read_session(console.databases.main) as session:
        value = [decision_json(*each) for each in decisions_about(session, commission_id)]
    return CommandResult(value, "\n".join(map(decision_text, value)) or "Nobody decided about it.")


def _to_undo(decided: Decided) -> str:
    return f" To undo it: linkledger commission undo {decided.decision_id}"


def _held_json(each: HeldCommission, messages: Sequence[str]) -> dict[str, Any]:
    return {
        "commission": each.commission_id,
        "brand": each.brand_id,
        "order": each.order_id,
        "creator": {"id": each.creator.id, "name": each.creator.name},
        "worth": each.worth.as_json(),
        "release_at": format_utc(each.release_at),
        **each.pay_dates,
        "holds": [hold_json(hold, each.rules) for hold in each.holds],
        "waiting_messages": list(messages),
    }


def _held_text(each: HeldCommission, messages: Sequence[str]) -> str:
    shown = [hold_json(hold, each.rules) for hold in each.holds]
    reasons = [f"    {hold_text(hold)}\n      {end_text(hold)}" for hold in shown]
    dates = pay_date_text(each.pay_dates["pay_date"], each.pay_dates["pay_date_moves"])
    head = f"{each.commission_id}  order {each.order_id}: {each.worth} of {each.creator.name}, {dates}"
    waiting = [f"    Waits for a decision about the message {event_id}." for event_id in messages]
    return "\n".join([head, *reasons, *waiting, *_next_commands(each)])


def _next_commands(each: HeldCommission) -> list[str]:
    """Only for holds that a person lifts: those of disputes and unapplied messages end automatically."""
    if not each.is_liftable:
        return []
    return [
        f"    To release it: linkledger commission release {each.commission_id}",
        f"    To decline it: linkledger commission decline {each.commission_id} --reason …",
    ]
