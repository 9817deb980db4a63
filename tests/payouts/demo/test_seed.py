"""The demo's history, made by the product's own operations, on both databases."""

import json

import pytest
from sqlalchemy import func, select

from config.database import Databases, open_databases, read_session
from config.settings import Settings
from payouts.demo.history import history
from payouts.demo.queries import click_counts, demo_brand, demo_time, figures, payouts, statements
from payouts.demo.seed import seed
from payouts.demo.transfers import transfers_at_the_rail
from payouts.selfcheck.checks import self_check
from payouts.statements.models import SealedDocument
from tests.payouts.demo.conftest import NOON, silent
from tracker.clicks.models import Click
from tracker.sales.inbox.models import Event
from tracker.sales.orders.models import Sale


def test_the_history_has_its_three_stories_on_sqlite(demo_settings: Settings) -> None:
    databases = open_databases(demo_settings)
    check_the_stories(demo_settings, databases)
    databases.close()


@pytest.mark.nightly
@pytest.mark.parametrize(
    "database_kind", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)
def test_the_history_has_its_three_stories_on_postgresql(settings: Settings, databases: Databases) -> None:
    seed(databases, settings, NOON, silent)
    check_the_stories(settings, databases)


def check_the_stories(settings: Settings, databases: Databases) -> None:
    past = history(NOON)
    with read_session(databases.main) as session:
        brand = demo_brand(session)
        assert self_check(session, NOON) == []
        assert demo_time(session, NOON) == NOON
        mira, tom, jonas = (each.balance for each in figures(session, brand, click_counts(databases)))
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
        equation = json.loads(session.scalars(select(SealedDocument.body)).all()[-1])["equation"]
        assert equation["closing"]["minor"] > 0

        # Messages that came twice are one sale each; nothing is parked.
        assert session.scalar(select(func.count()).select_from(Sale)) == len(past.orders)
        states = session.scalars(select(Event.state).distinct()).all()
        assert states == ["applied"]
    with read_session(databases.clicks) as session:
        assert session.scalar(select(func.count()).select_from(Click)) == len(past.clicks)
    at_the_rail = transfers_at_the_rail(databases, settings)
    sent = {payout_id: [each.amount for each in found] for payout_id, found in at_the_rail.transfers.items()}
    assert sent == {each.id: [each.amount_minor] for each in paid.values()}
