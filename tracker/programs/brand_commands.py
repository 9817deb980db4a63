"""Commands for brands, their attribution policy, and creators who come back. `brand edit` is in payouts."""

from typing import Any

import click
from sqlalchemy.orm import Session

from config.database import read_session, transact
from tracker.audit.actors import command_line
from tracker.console import CommandResult, Console, ConsoleCommand, ConsoleGroup, pass_console
from tracker.money import Money
from tracker.people.accounts import operations, rules
from tracker.people.accounts.brand_rules import Calendar, RulesVersion
from tracker.people.accounts.commands import creator_commands as creator_commands
from tracker.people.accounts.rules_versions import load_rules, minimums_at
from tracker.people.looks.commands import brand_look
from tracker.programs.leaving import readmit_creator
from tracker.programs.links.domain_commands import set_fallback
from tracker.programs.policies import PolicyVersion, change_policy, load_policies
from tracker.programs.rules import NOTICE_DAYS
from tracker.programs.serializers import brand_json, ended_enrollment_json, policy_json
from tracker.times import format_utc, parse_utc

_COUPONS = {
    "always": "a code always credits its owner",
    "if_involved": "a code credits its owner if the owner is involved or no other creator is",
    "never": "codes are ignored",
}


@click.command("policy", cls=ConsoleCommand)
@click.argument("brand_id", metavar="ID")
@pass_console
def show_policy(console: Console, brand_id: str) -> CommandResult:
    """Show every version of a brand's attribution policy, the oldest first."""
    with read_session(console.databases.main) as session:
        versions = load_policies(session, brand_id).versions
    return CommandResult([policy_json(each) for each in versions], "\n".join(map(_line, versions)))


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
@click.option("--effective", metavar="TIME", help="When it takes effect.  [default: as soon as possible]")
@click.option("--notice-days", type=int, default=NOTICE_DAYS, show_default=True, help="Notice of a cut.")
@pass_console
def change_policy_command(
    console: Console, brand_id: str, effective: str | None, notice_days: int, **options: Any
) -> CommandResult:
    """Add a version of the policy. Earlier sales keep theirs; a cut takes effect after its notice."""
    changes = {name: value for name, value in options.items() if value is not None}

    def change(session: Session) -> CommandResult:
        made = change_policy(
            session,
            console.now,
            actor=command_line("brand change-policy"),
            brand_id=brand_id,
            effective_at=None if effective is None else parse_utc(effective),
            notice_days=notice_days,
            **changes,
        )
        return CommandResult(policy_json(made), _line(made))

    return transact(console.databases.main, change)


@click.command("readmit", cls=ConsoleCommand)
@click.argument("creator_id", metavar="ID")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@click.option("--program", "program_id", metavar="ID", help="To this program only.")
@click.option("--coupon", metavar="CODE", help="A new discount code; needs --program. Old codes stay ended.")
@pass_console
def readmit_command(
    console: Console, creator_id: str, brand_id: str, program_id: str | None, coupon: str | None
) -> CommandResult:
    """Let a creator who left or was removed take part again: their links work again, except ended ones."""

    def readmit(session: Session) -> CommandResult:
        active = readmit_creator(
            session,
            console.now,
            actor=command_line("creator readmit"),
            brand_id=brand_id,
            creator_id=creator_id,
            program_id=program_id,
            coupon=coupon,
        )
        lines = [f"{creator_id} takes part in {each.program_id} again" for each in active]
        return CommandResult([ended_enrollment_json(each) for each in active], "\n".join(lines))

    return transact(console.databases.main, readmit)


def _line(version: PolicyVersion) -> str:
    policy = version.policy
    months = policy.months or 0
    bound = {
        "first_sale": "customers are not bound beyond their first sale",
        "months": f"customers are bound for {months} month{'s' if months != 1 else ''}",
        "lifetime": "customers are bound forever",
    }[policy.customers]
    return (
        f"{version.version}  from {format_utc(version.effective_at)}: {policy.model} click, "
        f"{_COUPONS[policy.coupons]}, {bound}"
    )


@click.group("brand", cls=ConsoleGroup)
def brand_commands() -> None:
    """Brands: sellers that pay creators."""


@brand_commands.command("create")
@click.argument("name")
@click.option("--currency", required=True, help="ISO 4217 code, such as EUR.")
@click.option("--timezone", required=True, help="IANA name, such as Europe/Berlin. Months begin there.")
@click.option("--allow-host", "hosts", multiple=True, metavar="HOST", help="A host of the shop; repeatable.")
@click.option("--minimum-minor", type=int, help="Smallest payout in minor units.  [default: about 50 EUR]")
@click.option("--cadence", type=click.Choice(rules.CADENCES), default="month", show_default=True)
@click.option("--review-days", type=int, default=7, show_default=True)
@click.option(
    "--attribution-model", type=click.Choice(rules.ATTRIBUTION_MODELS), default="last", show_default=True
)
@click.option(
    "--coupon-policy", type=click.Choice(rules.COUPON_POLICIES), default="if_involved", show_default=True
)
@click.option(
    "--customer-policy",
    type=click.Choice(rules.CUSTOMER_POLICIES),
    default="first_sale",
    show_default=True,
    help="How long a customer is bound to the creator who referred them.",
)
@click.option("--customer-months", type=int, metavar="N", help="With --customer-policy months.")
@pass_console
def create_brand(
    console: Console,
    name: str,
    currency: str,
    timezone: str,
    hosts: tuple[str, ...],
    minimum_minor: int | None,
    cadence: str,
    review_days: int,
    attribution_model: str,
    coupon_policy: str,
    customer_policy: str,
    customer_months: int | None,
) -> CommandResult:
    """Create a brand."""

    def create(session: Session) -> CommandResult:
        brand = operations.create_brand(
            session,
            console.now,
            name=name,
            currency=currency,
            timezone=timezone,
            hosts=hosts,
            minimum_minor=minimum_minor,
            cadence=cadence,
            review_days=review_days,
            attribution_model=attribution_model,
            coupon_policy=coupon_policy,
            customer_policy=customer_policy,
            customer_months=customer_months,
            actor=command_line("brand create"),
        )
        return brand_result(session, console, brand.id)

    return transact(console.databases.main, create)


@brand_commands.command("list")
@pass_console
def list_brands(console: Console) -> CommandResult:
    """Show all brands."""
    with read_session(console.databases.main) as session:
        results = [brand_result(session, console, brand.id) for brand in operations.list_brands(session)]
    lines = [result.text.splitlines()[0] for result in results]
    return CommandResult([result.value for result in results], "\n".join(lines) or "There are no brands yet.")


@brand_commands.command("show")
@click.argument("brand_id", metavar="ID")
@pass_console
def show_brand(console: Console, brand_id: str) -> CommandResult:
    """Show one brand."""
    with read_session(console.databases.main) as session:
        return brand_result(session, console, brand_id)


@brand_commands.command("allow-host")
@click.argument("brand_id", metavar="ID")
@click.argument("host")
@pass_console
def allow_host(console: Console, brand_id: str, host: str) -> CommandResult:
    """Allow links of the brand to lead to HOST, such as shop.example. Allow each subdomain separately."""

    def allow(session: Session) -> CommandResult:
        actor = command_line("brand allow-host")
        operations.allow_host(session, console.now, actor=actor, brand_id=brand_id, host=host)
        return brand_result(session, console, brand_id)

    return transact(console.databases.main, allow)


def brand_result(session: Session, console: Console, brand_id: str) -> CommandResult:
    """A brand with what is in force now, and what is going to change."""
    brand, now = operations.get_brand(session, brand_id), console.now
    policy = load_policies(session, brand.id).at(now).policy
    hosts = operations.brand_hosts(session, brand.id)
    history = load_rules(session, brand.id)
    minimums = minimums_at(session, brand, now)
    calendar, review_days = history.calendar_at(now), history.review_days_at(now)
    lines = [
        f"{brand.id}  {brand.name} ({brand.currency}, {calendar.timezone})",
        f"  links may lead to: {', '.join(hosts) or 'nowhere yet; see linkledger brand allow-host --help'}",
        f"  pays every {_cadence(calendar)}, at least {', '.join(map(str, minimums))}",
        f"  a draft is reviewed for {review_days} day{'s' if review_days != 1 else ''}",
    ]
    lines += _lines_of_approval(history.in_force_at(now), brand.currency)
    lines += [
        f"  from {format_utc(each.since)}: pays every {_cadence(each)}, in {each.timezone}"
        for each in history.calendars
        if each.since is not None and each.since > now
    ]
    return CommandResult(brand_json(brand, hosts, policy, history, minimums, now), "\n".join(lines))


def _lines_of_approval(rules: RulesVersion, currency: str) -> list[str]:
    lines = []
    if rules.approve_without_notice:
        lines.append("  a draft approves itself although no mail server has accepted the notice about it")
    if rules.second_person_above_minor is not None:
        limit = Money(rules.second_person_above_minor, currency)
        lines.append(f"  two persons approve a statement that pays more than {limit}")
    return lines


def _cadence(calendar: Calendar) -> str:
    return calendar.cadence.replace("_", " ")


for _command in (show_policy, change_policy_command, set_fallback, brand_look):
    brand_commands.add_command(_command)
creator_commands.add_command(readmit_command)
