"""The demo's pages: the tour, creators, statements, payouts, and the next payday."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response, redirect, render_template, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from config.database import Databases, read_session, transact
from config.settings import Settings
from payouts.commissions.dates import expected_pay_date
from payouts.demo import continue_pages, queries, shop_pages
from payouts.demo.blueprint import blueprint
from payouts.demo.creators import HOLD_DAYS
from payouts.demo.payday import next_payday, run_next_payday
from payouts.selfcheck.checks import Promise, self_check
from payouts.settlement.models import Attempt
from payouts.statements.document.reading import whole_statement
from payouts.statements.models import Statement
from payouts.statements.render.csv import as_csv
from payouts.statements.review import approve, get_statement
from payouts.statements.seal import seal_approved
from payouts.transfers.rail import open_rail
from payouts.transfers.stripe.shapes import StripeTransfer
from tracker.errors import NotFound
from tracker.http.access import public
from tracker.http.site import site
from tracker.people.accounts.rules_versions import load_rules

__all__ = ["blueprint", "continue_pages", "shop_pages"]

HOLD = timedelta(days=HOLD_DAYS)
DEMO_DATA = "shows the demo's invented data"


@blueprint.get("/")
@public(DEMO_DATA)
def index() -> str:
    app_site, now = site(), datetime.now(UTC)
    counts = queries.click_counts(app_site.databases)
    with read_session(app_site.databases.main) as session:
        brand = queries.demo_brand(session)
        at = queries.demo_time(session, now)
        payday = next_payday(session, brand, at)
        pay_date = expected_pay_date(load_rules(session, brand.id), now + HOLD)
        return render_template(
            "demo/index.html",
            brand=brand,
            now=now,
            ahead=at if at > now else None,
            payday=payday,
            todays_pay_date=queries.next_pay_date(pay_date, at, payday),
            creators=queries.creator_statistics(session, brand, counts),
            statements=queries.statements(session, brand),
            payouts=queries.payouts(session, brand),
            faults=self_check(session, at),
            checks=[promise.value for promise in Promise],
            link_url=app_site.settings.link_url,
        )


@blueprint.get("/creators/<creator_id>")
@public(DEMO_DATA)
def creator(creator_id: str) -> str:
    app_site, now = site(), datetime.now(UTC)
    counts = queries.click_counts(app_site.databases)
    with read_session(app_site.databases.main) as session:
        brand = queries.demo_brand(session)
        at = queries.demo_time(session, now)
        known = {each.creator.id: each for each in queries.creator_statistics(session, brand, counts)}
        if creator_id not in known:
            raise NotFound(f"The demo has no creator {creator_id}.")
        rows = queries.commission_rows(session, brand, creator_id)
        payday = next_payday(session, brand, at)
        return render_template(
            "demo/creator.html",
            brand=brand,
            own=known[creator_id],
            others=[each for each in known.values() if each.creator.id != creator_id],
            rows=rows,
            upcoming=queries.upcoming_payments(rows, at, payday),
            payday=payday,
            payouts=[each for each in queries.payouts(session, brand) if each["creator"].id == creator_id],
            link_url=app_site.settings.link_url,
        )


@blueprint.get("/statements/<period>")
@public(DEMO_DATA)
def statement(period: str) -> str:
    with read_session(site().databases.main) as session:
        found, document = _statement(session, period)
        return render_template("demo/statement.html", statement=found, document=document)


@blueprint.get("/statements/<period>.<any(json, csv):kind>")
@public(DEMO_DATA)
def statement_file(period: str, kind: str) -> Response:
    with read_session(site().databases.main) as session:
        _found, document = _statement(session, period)
    if kind == "csv":
        response = Response(as_csv(document), mimetype="text/csv")
    else:
        response = Response(json.dumps(document, indent=2, ensure_ascii=False), mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="statement-{period}.{kind}"'
    return response


@blueprint.post("/statements/<period>/approval")
@public("approves an invented statement")
def approval(period: str) -> AnyResponse:
    def work(session: Session) -> None:
        brand = queries.demo_brand(session)
        found = get_statement(session, brand.id, period, brand.currency)
        at = queries.demo_time(session, now)
        approve(session, at, found.id, approved_by="brand")
        seal_approved(session, at, brand.id)

    now = datetime.now(UTC)
    transact(site().databases.main, work)
    return redirect(url_for("demo.statement", period=period), 303)


@blueprint.get("/payouts")
@public(DEMO_DATA)
def payouts() -> str:
    app_site, now = site(), datetime.now(UTC)
    with read_session(app_site.databases.main) as session:
        brand = queries.demo_brand(session)
        at = queries.demo_time(session, now)
        found = queries.payouts(session, brand)
        payday = next_payday(session, brand, at)
    return render_template(
        "demo/payouts.html",
        brand=brand,
        payouts=found,
        payday=payday,
        at_the_rail=fetch_rail_transfers(app_site.databases, app_site.settings),
    )


@blueprint.post("/payday")
@public("pays invented money")
def payday() -> AnyResponse:
    app_site = site()
    run_next_payday(app_site.databases, app_site.settings, datetime.now(UTC))
    return redirect(url_for("demo.payouts"), 303)


def _statement(session: Session, period: str) -> tuple[Statement, dict[str, Any]]:
    """The sealed statement, or the draft. Raises NotFound."""
    brand = queries.demo_brand(session)
    found = get_statement(session, brand.id, period, brand.currency)
    return found, whole_statement(session, found)


SEARCH_FROM = datetime(2020, 1, 1, tzinfo=UTC)
"""Earlier than any transfer: the sandbox uses its own clock, not the demo's time."""


@dataclass(frozen=True)
class RailTransfers:
    """Transfers by payout id, and the available balance as the rail's integer."""

    transfers: dict[str, list[StripeTransfer]]
    available: int


def fetch_rail_transfers(databases: Databases, settings: Settings, currency: str = "EUR") -> RailTransfers:
    """Read from the rail now, over HTTP with the real SDK. Raises RailError."""
    with read_session(databases.main) as session:
        attempts = session.execute(select(Attempt.payout_id, Attempt.parameters))
        parameters_by_payout: dict[str, dict[str, Any]] = dict(attempts.all())
    with open_rail(settings) as rail:
        found = {
            payout_id: rail.find_transfers(
                parameters["transfer_group"], parameters["destination"], SEARCH_FROM
            )
            for payout_id, parameters in parameters_by_payout.items()
        }
        return RailTransfers(found, rail.available_balance(currency))
