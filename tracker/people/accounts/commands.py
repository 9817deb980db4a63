"""The commands about brands, users and creators."""

import click
from sqlalchemy.orm import Session

from config.database import reading, transact
from tracker.console import Answer, Console, ConsoleGroup, pass_console
from tracker.money import Money
from tracker.people.accounts import operations, rules
from tracker.people.accounts.serializers import brand_answer, creator_answer, membership_answer, user_answer
from tracker.programs.policies import policies_of
from tracker.programs.policy_commands import change_policy_command, remove_command, show_policy


@click.group("brand", cls=ConsoleGroup)
def brand_commands() -> None:
    """Brands: who sells and pays."""


@brand_commands.command("create")
@click.argument("name")
@click.option("--currency", required=True, help="ISO 4217 code, such as EUR.")
@click.option("--timezone", required=True, help="IANA name, such as Europe/Berlin. Months begin there.")
@click.option("--allow-host", "hosts", multiple=True, metavar="HOST", help="Host of the shop; repeatable.")
@click.option("--minimum-minor", type=int, help="Smallest payout in minor units.  [default: 50 whole units]")
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
    help="How long a customer is bound to who brought him.",
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
) -> Answer:
    """Make a brand."""

    def create(session: Session) -> Answer:
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
        )
        return _brand(session, console, brand.id)

    return transact(console.databases.main, create)


@brand_commands.command("list")
@pass_console
def list_brands(console: Console) -> Answer:
    """Show all brands."""
    with reading(console.databases.main) as session:
        answers = [_brand(session, console, brand.id) for brand in operations.list_brands(session)]
    lines = [answer.text.splitlines()[0] for answer in answers]
    return Answer([answer.value for answer in answers], "\n".join(lines) or "There are no brands yet.")


@brand_commands.command("show")
@click.argument("brand_id", metavar="ID")
@pass_console
def show_brand(console: Console, brand_id: str) -> Answer:
    """Show one brand."""
    with reading(console.databases.main) as session:
        return _brand(session, console, brand_id)


@brand_commands.command("allow-host")
@click.argument("brand_id", metavar="ID")
@click.argument("host")
@pass_console
def allow_host(console: Console, brand_id: str, host: str) -> Answer:
    """Let links of the brand lead to HOST, such as shop.example. Subdomains are hosts of their own."""

    def allow(session: Session) -> Answer:
        operations.allow_host(session, brand_id=brand_id, host=host)
        return _brand(session, console, brand_id)

    return transact(console.databases.main, allow)


brand_commands.add_command(show_policy)
brand_commands.add_command(change_policy_command)


def _brand(session: Session, console: Console, brand_id: str) -> Answer:
    brand = operations.get_brand(session, brand_id)
    policy = policies_of(session, brand.id).at(console.now).policy
    hosts = operations.brand_hosts(session, brand.id)
    minimum = Money(brand.minimum_minor, brand.currency)
    text = (
        f"{brand.id}  {brand.name} ({brand.currency}, {brand.timezone})\n"
        f"  links may lead to: {', '.join(hosts) or 'nowhere yet; see linkledger brand allow-host --help'}\n"
        f"  paid every {brand.cadence.replace('_', ' ')}, from {minimum} on"
    )
    return Answer(brand_answer(brand, hosts, policy), text)


@click.group("user", cls=ConsoleGroup)
def user_commands() -> None:
    """Users: people who sign in."""


@user_commands.command("create")
@click.argument("name")
@click.option("--email", required=True)
@pass_console
def create_user(console: Console, name: str, email: str) -> Answer:
    """Make a user. What he may do at a brand is set with: linkledger member add"""

    def create(session: Session) -> Answer:
        user = operations.create_user(session, console.now, name=name, email=email)
        return Answer(user_answer(user), f"{user.id}  {user.name}")

    return transact(console.databases.main, create)


@click.group("member", cls=ConsoleGroup)
def member_commands() -> None:
    """Members: what users may do at a brand."""


@member_commands.command("add")
@click.option("--brand", "brand_id", required=True, metavar="ID")
@click.option("--user", "user_id", required=True, metavar="ID")
@click.option("--role", type=click.Choice(rules.ROLES), required=True)
@pass_console
def add_member(console: Console, brand_id: str, user_id: str, role: str) -> Answer:
    """Give a user a role at a brand."""

    def add(session: Session) -> Answer:
        membership = operations.add_member(
            session, console.now, brand_id=brand_id, user_id=user_id, role=role
        )
        return Answer(membership_answer(membership), f"{user_id} is {role} of {brand_id}")

    return transact(console.databases.main, add)


@click.group("creator", cls=ConsoleGroup)
def creator_commands() -> None:
    """Creators: who share links and are paid."""


@creator_commands.command("create")
@click.argument("name")
@click.option("--email", required=True)
@click.option("--country", required=True, help="Two letters by ISO 3166-1, such as DE.")
@pass_console
def create_creator(console: Console, name: str, email: str, country: str) -> Answer:
    """Make a creator."""

    def create(session: Session) -> Answer:
        creator = operations.create_creator(session, console.now, name=name, email=email, country=country)
        return Answer(creator_answer(creator), f"{creator.id}  {creator.name} ({creator.country})")

    return transact(console.databases.main, create)


@creator_commands.command("list")
@pass_console
def list_creators(console: Console) -> Answer:
    """Show all creators."""
    with reading(console.databases.main) as session:
        creators = operations.list_creators(session)
        lines = [f"{creator.id}  {creator.name} ({creator.country})" for creator in creators]
        return Answer(
            [creator_answer(each) for each in creators], "\n".join(lines) or "There are no creators yet."
        )


creator_commands.add_command(remove_command)

COMMANDS = (brand_commands, user_commands, member_commands, creator_commands)
