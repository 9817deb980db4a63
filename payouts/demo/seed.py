"""Creates the demo: a brand, three creators, and two months of history.

Every row is written by the product's own operations, only with earlier times, and the payouts are sent with
the real SDK to the sandbox.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from config.database import Databases, transact
from config.settings import Settings
from payouts.demo import creators as cast
from payouts.demo.history import History, PastClick, PastOrder, PastRefund, history
from payouts.demo.http_client import sandbox_control
from payouts.demo.people import DemoPerson, demo_user
from payouts.demo.shop import CURRENCY, Message, refund_data, sale_data, signed_message
from payouts.processes.job_table import run_all_jobs
from payouts.transfers.payees import register_payee
from payouts.transfers.rail import open_rail
from payouts.transfers.sandbox.server import SandboxServer
from tracker.audit.actors import command_line
from tracker.clicks.counting.verdict import classify
from tracker.clicks.recording.recorder import Recorder
from tracker.clicks.redirect.request import Visit, new_click
from tracker.clicks.token import make_token
from tracker.errors import Fault
from tracker.people.accounts.operations import create_brand, create_creator
from tracker.programs.links.operations import create_link, link_target
from tracker.programs.operations import create_program, enroll
from tracker.sales.inbox.apply_or_park import receive
from tracker.sales.integrations.kinds import kind_of
from tracker.sales.sources.models import Source
from tracker.sales.sources.operations import create_source
from tracker.sales.suspicion.settings import set_suspicion

ProgressCallback = Callable[[str], None]
ACTOR = command_line("demo")
FUNDS_MINOR = 500_000
WRITE_DEADLINE_S = 30
SETUP_LEAD = timedelta(days=1)
"""The brand, its program and its creators are created this long before the first event."""


@dataclass(frozen=True)
class DemoBrand:
    """The brand as the history needs it."""

    brand_id: str
    source: Source
    secret: str
    creators: dict[str, str]
    """DemoCreator.key to the creator's id."""


def seed(databases: Databases, settings: Settings, now: datetime, on_progress: ProgressCallback) -> None:
    """Fill an empty, migrated database. Raises Fault when a job or a message failed."""
    past = history(now)
    opened_at = past.timeframe.starts_at - SETUP_LEAD
    made = transact(databases.main, lambda session: _create_demo_brand(session, settings, opened_at))
    transact(databases.main, lambda session: [demo_user(session, opened_at, who) for who in DemoPerson])
    on_progress(
        f"  {cast.BRAND}, {len(cast.CREATORS)} creators, {len(past.clicks)} clicks, {len(past.orders)} orders"
    )
    tokens = _record_clicks(databases, settings, past)
    with _sandbox(settings) as base_url:
        there = settings.model_copy(update={"stripe_api_base": base_url})
        _connect_payees(databases, there, made, opened_at)
        _replay_history(databases, there, made, past, tokens, on_progress)


def _create_demo_brand(session: Session, settings: Settings, at: datetime) -> DemoBrand:
    brand = create_brand(
        session,
        at,
        name=cast.BRAND,
        currency=CURRENCY,
        timezone=cast.TIMEZONE,
        hosts={"127.0.0.1", urlsplit(settings.web_url).hostname or "127.0.0.1"},
        minimum_minor=cast.MINIMUM_MINOR,
    )
    # The creators mention their codes in videos and posts, so orders without a click are normal.
    set_suspicion(session, at, brand.id, "coupon_without_click", "off", actor=ACTOR)
    program = create_program(
        session,
        at,
        actor=ACTOR,
        brand_id=brand.id,
        name=cast.PROGRAM,
        rate_bp=cast.RATE_BP,
        hold_days=cast.HOLD_DAYS,
    )
    creators = {}
    for person in cast.CREATORS:
        creator = create_creator(session, at, name=person.name, email=person.email, country=person.country)
        enrolled: dict[str, Any] = {"program_id": program.id, "creator_id": creator.id}
        enroll(session, at, actor=ACTOR, **enrolled, coupon=person.coupon)
        create_link(
            session,
            at,
            actor=ACTOR,
            **enrolled,
            destination=f"{settings.web_url}/demo/shop/{person.page}",
            code=person.code,
        )
        creators[person.key] = creator.id
    keys = settings.secret_keys
    source, secret = create_source(session, at, actor=ACTOR, brand_id=brand.id, kind="standard", keys=keys)
    return DemoBrand(brand.id, source, secret, creators)


def _record_clicks(databases: Databases, settings: Settings, past: History) -> dict[PastClick, str]:
    """Record the clicks with the recorder. Returns the token that the shop got with each click."""
    with databases.main.connect() as connection, Session(connection) as session:
        targets = {person.code: link_target(session, person.code) for person in cast.CREATORS}
    recorder = Recorder(settings.clicks_url)
    tokens, waiting = {}, []
    for visit in past.clicks:
        target = targets[visit.person.code]
        assert target is not None, "the link was made before the first click"
        headers = {"user-agent": visit.user_agent, "referer": visit.referrer, "sec-fetch-dest": "document"}
        verdict = classify("GET", headers)
        click = new_click(target, Visit("GET", visit.person.code, headers), verdict, visit.at)
        waiting.append(recorder.submit(click))
        tokens[visit] = make_token(
            settings.secret_keys, click.id, click.link_id, earns=verdict.earns, confirmed=True
        )
    recorded = all(future.result(timeout=WRITE_DEADLINE_S) for future in waiting)
    recorder.close()
    if not recorded:
        raise Fault("The demo's clicks could not be written; see the log.")
    return tokens


@contextmanager
def _sandbox(settings: Settings) -> Iterator[str]:
    """The address of the sandbox: one server for the whole history, with the file that is used later, too."""
    if settings.stripe_api_base:
        yield settings.stripe_api_base
    else:
        with SandboxServer(settings.home / "sandbox.db") as server:
            yield server.url


def _connect_payees(databases: Databases, settings: Settings, made: DemoBrand, at: datetime) -> None:
    sandbox_control(settings.stripe_api_base, "top_up", currency=CURRENCY, amount=FUNDS_MINOR)
    with open_rail(settings) as rail:
        for person in cast.CREATORS:
            creator_id = made.creators[person.key]
            account = rail.create_payee(creator_id, person.email, person.country, person.name)
            sandbox_control(settings.stripe_api_base, "complete_onboarding", account_id=account)
            whose: dict[str, Any] = {"brand_id": made.brand_id, "creator_id": creator_id}
            register = partial(register_payee, now=at, actor=ACTOR, **whose, account_ref=account)
            transact(databases.main, register)


def _replay_history(
    databases: Databases,
    settings: Settings,
    made: DemoBrand,
    past: History,
    tokens: dict[PastClick, str],
    on_progress: ProgressCallback,
) -> None:
    """For each time of the jobs, in order: receive the shop's messages until then, then run the jobs."""
    waiting = [*_deliveries(made, past, tokens)]
    month = None
    for at in past.job_times:
        if month != (month := f"{at:%B %Y}"):
            on_progress(f"  {month}")
        due = [delivery for delivery in waiting if delivery[0] <= at]
        waiting = waiting[len(due) :]
        transact(databases.main, partial(_receive, settings=settings, made=made, due=due))
        for done in run_all_jobs(databases, settings, at):
            failed = {name: result for name, result in done["jobs"].items() if "error" in result}
            if failed:
                raise Fault(f"The demo could not be created: as of {done['at']}, {failed}")


def _deliveries(
    made: DemoBrand, past: History, tokens: dict[PastClick, str]
) -> Iterator[tuple[datetime, Message]]:
    totals = {order.order_id: order.cart.total_minor for order in past.orders}
    events: list[PastOrder | PastRefund] = sorted([*past.orders, *past.refunds], key=lambda event: event.at)
    for event in events:
        message = _message(made.secret, event, tokens, totals)
        yield event.at, message
        if isinstance(event, PastOrder) and event.twice:
            yield event.at, message


def _message(
    secret: str, event: PastOrder | PastRefund, tokens: dict[PastClick, str], totals: dict[str, int]
) -> Message:
    if isinstance(event, PastRefund):
        amount = totals[event.order_id] if event.amount_minor is None else event.amount_minor
        refund_id = f"{event.order_id}-R1"
        data = refund_data(event.order_id, refund_id, amount, event.at, event.reason)
        return signed_message(secret, f"msg-{refund_id}", "refund.created", data, event.at)
    token = tokens[event.click] if event.click else None
    data = sale_data(event.order_id, event.cart, event.at, token)
    return signed_message(secret, f"msg-{event.order_id}", "sale.created", data, event.at)


def _receive(
    session: Session, settings: Settings, made: DemoBrand, due: list[tuple[datetime, Message]]
) -> None:
    """Do the same as the hook: verify the signature at the message's time, then pass it to the inbox."""
    kind = kind_of("standard")
    for at, message in due:
        external_id = kind.verify(message.headers, message.body, [made.secret], at)
        received = receive(session, at, made.source, external_id, message.body, keys=settings.secret_keys)
        if received.state != "applied":
            raise Fault(f"The demo could not be created: {message.external_id} is {received.state}.")
