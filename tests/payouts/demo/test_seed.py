"""The demo's history, created by the product's own operations on both kinds of databases."""

import json

import pytest
from sqlalchemy import func, select

from config.database import Databases, open_databases, read_session
from config.settings import Settings
from payouts.demo.history import history
from payouts.demo.pages import fetch_rail_transfers
from payouts.demo.queries import click_counts, creator_statistics, demo_brand, demo_time, payouts, statements
from payouts.demo.seed import seed
from payouts.selfcheck.checks import self_check
from payouts.statements.models import SealedDocument
from tests.payouts.demo.conftest import NOON, ignore_progress
from tracker.clicks.models import Click
from tracker.sales.inbox.models import Event
from tracker.sales.orders.models import Sale


def test_history_has_its_three_scenarios_on_sqlite(demo_settings: Settings) -> None:
    databases = open_databases(demo_settings)
    check_history(demo_settings, databases)
    databases.close()


@pytest.mark.nightly
@pytest.mark.parametrize(
    "database_kind", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)
def test_history_has_its_three_scenarios_on_postgresql(settings: Settings, databases: Databases) -> None:
    seed(databases, settings, NOON, ignore_progress)
    check_history(settings, databases)


def check_history(settings: Settings, databases: Databases) -> None:
    past = history(NOON)
    with read_session(databases.main) as session:
        brand = demo_brand(session)
        assert self_check(session, NOON) == []
        assert demo_time(session, NOON) == NOON
        mira, tom, jonas = (
            each.balance for each in creator_statistics(session, brand, click_counts(databases))
        )
        assert mira.payable_minor >= 0
        assert mira.pending_minor > 0
        assert 0 < tom.payable_minor < brand.minimum_minor
        assert jonas.payable_minor < 0

        paid = {each["creator"].name: each["payout"] for each in payouts(session, brand)}
        assert {name: (each.state, each.amount_minor) for name, each in paid.items()} == {
            "Mira Vogel": ("paid", 81_44),
            "Jonas Lind": ("paid", 67_60),
        }
        assert [(period.name, each.state) for each, period in statements(session, brand)] == [
            ("2026-10", "sealed"),
            ("2026-09", "sealed"),
        ]
        equation = dict(json.loads(session.scalars(select(SealedDocument.body)).all()[-1])["equation"])
        assert equation["closing"] > 0

        # A message that was sent twice is one sale; no message is parked.
        assert session.scalar(select(func.count()).select_from(Sale)) == len(past.orders)
        states = session.scalars(select(Event.state).distinct()).all()
        assert states == ["applied"]
    with read_session(databases.clicks) as session:
        assert session.scalar(select(func.count()).select_from(Click)) == len(past.clicks)
    at_the_rail = fetch_rail_transfers(databases, settings)
    sent = {payout_id: [each.amount for each in found] for payout_id, found in at_the_rail.transfers.items()}
    assert sent == {each.id: [each.amount_minor] for each in paid.values()}
