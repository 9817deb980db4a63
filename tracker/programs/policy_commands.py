"""The commands about how a brand credits sales, and about creators who leave it."""

from typing import Any

import click
from sqlalchemy.orm import Session

from config.database import reading, transact
from tracker.console import Answer, Console, ConsoleCommand, pass_console
from tracker.people.accounts import rules
from tracker.people.accounts.serializers import policy_answer
from tracker.programs.leaving import remove_creator
from tracker.programs.policies import PolicyVersion, change_policy, policies_of
from tracker.programs.rules import NOTICE_DAYS
from tracker.programs.serializers import ended_answer
from tracker.times import utc_text, utc_time

_COUPONS = {
    "always": "a code credits its owner always",
    "if_involved": "a code credits its owner if he is involved or nobody else is",
    "never": "codes are ignored",
}


@click.command("policy", cls=ConsoleCommand)
@click.argument("brand_id", metavar="ID")
@pass_console
def show_policy(console: Console, brand_id: str) -> Answer:
    """Show every version of a brand's attribution policy, the oldest first."""
    with reading(console.databases.main) as session:
        versions = policies_of(session, brand_id).versions
    return Answer([policy_answer(each) for each in versions], "\n".join(map(_line, versions)))


@click.command("change-policy", cls=ConsoleCommand)
@click.argument("brand_id", metavar="ID")
@click.option("--attribution-model", "model", type=click.Choice(rules.ATTRIBUTION_MODELS))
@click.option("--coupon-policy", "coupons", type=click.Choice(rules.COUPON_POLICIES))
@click.option(
    "--customer-policy",
    "customers",
    type=click.Choice(rules.CUSTOMER_POLICIES),
    help="How long a customer is bound.",
)
@click.option("--customer-months", "months", type=int, metavar="N", help="With --customer-policy months.")
@click.option("--effective", metavar="TIME", help="From when on.  [default: as soon as may be]")
@click.option("--notice-days", type=int, default=NOTICE_DAYS, show_default=True, help="Before a cut.")
@pass_console
def change_policy_command(
    console: Console, brand_id: str, effective: str | None, notice_days: int, **given: Any
) -> Answer:
    """Add a version of the policy. Sales before it keep theirs; what cuts credit has a notice."""
    changes = {name: value for name, value in given.items() if value is not None}

    def change(session: Session) -> Answer:
        made = change_policy(
            session,
            console.now,
            brand_id=brand_id,
            effective_at=None if effective is None else utc_time(effective),
            notice_days=notice_days,
            **changes,
        )
        return Answer(policy_answer(made), _line(made))

    return transact(console.databases.main, change)


@click.command("remove", cls=ConsoleCommand)
@click.argument("creator_id", metavar="ID")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@click.option("--program", "program_id", metavar="ID", help="From this program only.")
@click.option("--for-cause", "cause", metavar="WHY", help="Earlier clicks earn nothing from now on either.")
@pass_console
def remove_command(
    console: Console, creator_id: str, brand_id: str, program_id: str | None, cause: str | None
) -> Answer:
    """Let a creator go: his links and codes end, for good. His earlier clicks run out their window."""

    def remove(session: Session) -> Answer:
        ended = remove_creator(
            session,
            console.now,
            brand_id=brand_id,
            creator_id=creator_id,
            program_id=program_id,
            cause=cause,
        )
        how = "was removed for cause from" if cause is not None else "left"
        lines = [f"{creator_id} {how} {each.program_id}" for each in ended]
        return Answer([ended_answer(each) for each in ended], "\n".join(lines))

    return transact(console.databases.main, remove)


def _line(version: PolicyVersion) -> str:
    policy = version.policy
    months = policy.months or 0
    bound = {
        "first_sale": "customers are not bound beyond their first sale",
        "months": f"customers are bound for {months} month{'s' if months != 1 else ''}",
        "lifetime": "customers are bound for ever",
    }[policy.customers]
    return (
        f"{version.version}  from {utc_text(version.effective_at)}: {policy.model} click, "
        f"{_COUPONS[policy.coupons]}, {bound}"
    )
