"""An installation with values in every kind of column: people, sales, raw events, books, clicks."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from config.settings import Settings
from payouts.backup.manifest import ChainHead
from payouts.backup.table_streams import chain_heads
from payouts.commissions.accrual import accrue_due
from payouts.jobs.claims import advance_clock, claim
from payouts.ledger.balances import CreatorBalance, creator_balances
from payouts.ledger.batches import post
from payouts.ledger.rules import Line
from payouts.tables import CLICK_TABLES, MAIN_TABLES
from tests.cast.shop import RECEIVED_AT, Shop, create_shop, refund, sale
from tracker.clicks.recording.recorder import Recorder
from tracker.clicks.recording.writers import NewClick, encode_sub_ids
from tracker.ids import new_uuid, uuid_of
from tracker.people.accounts.operations import create_creator, list_creators


def fill_installation(settings: Settings, databases: Databases) -> Shop:
    """Two shops, a sale that earned a commission, a refund, a bonus for each creator, three clicks."""
    shop = create_shop(settings, databases, name="Teas")
    create_shop(settings, databases, name="Zitronen Öle", coupon=None)
    shop.send(
        "sale.created", sale(click=shop.token("anna"), items=[{"sku": "ä", "quantity": 1, "net": 9500}])
    )
    shop.send("refund.created", refund())
    transact(databases.main, lambda session: _book(session, shop.brand_id))
    record_clicks(settings, shop, count=3)
    return shop


def record_clicks(settings: Settings, shop: Shop, count: int) -> None:
    recorder = Recorder(settings.clicks_url)
    for number in range(count):
        assert recorder.record(new_click(shop, number), deadline_s=10)
    recorder.close()


def new_click(shop: Shop, number: int = 0) -> NewClick:
    at = RECEIVED_AT + timedelta(milliseconds=number)
    sub_ids = encode_sub_ids({"s1": "süß"} if number % 2 else {})
    link_id = uuid_of(shop.links["anna"], "lnk")
    return NewClick(new_uuid(at), link_id, "person", "browser", "phone", None, sub_ids)


def pay_bonus(databases: Databases, brand_id: str, number: int) -> None:
    """One more transaction in the books of the brand."""
    transact(databases.main, lambda session: _bonus(session, brand_id, number))


WITHOUT_FREEZE: dict[str, list[tuple[Any, ...]]] = {"payout_freeze": []}
"""A restore itself adds one freeze, which tests/payouts/backup/test_after_a_restore.py checks."""


Contents = dict[str, list[tuple[Any, ...]]]


def contents(databases: Databases) -> Contents:
    """Every row of every table, read with the models, by table."""
    found = {}
    for engine, metadata in ((databases.main, MAIN_TABLES), (databases.clicks, CLICK_TABLES)):
        with read_session(engine) as session:
            for table in metadata.sorted_tables:
                rows = [tuple(row) for row in session.execute(select(table))]
                found[table.name] = sorted(rows, key=repr)
    return found


def without_chain(content: Contents, chain_id: str) -> Contents:
    """Without the audit's entries of this chain, and without its end."""
    entries = {"audit_entry": 1, "audit_chain": 0}
    return content | {
        name: [row for row in content[name] if row[column] != chain_id] for name, column in entries.items()
    }


YOUNGER_COLUMNS = (
    "reason_code",
    "reason_parameters",
    "take_back_months",
    "minimum_minor",
    "review_days",
    "expected_pay_on",
)


def without_codes(content: Contents) -> Contents:
    """As if all rows were older than the codes and younger terms: an upgrade leaves them without."""
    return {
        name: sorted((_without_codes(name, row) for row in rows), key=repr) for name, rows in content.items()
    }


def _without_codes(table: str, row: tuple[Any, ...]) -> tuple[Any, ...]:
    columns = (MAIN_TABLES if table in MAIN_TABLES.tables else CLICK_TABLES).tables[table].columns
    return tuple(
        None if column.nullable and column.name in YOUNGER_COLUMNS else value
        for column, value in zip(columns, row, strict=True)
    )


def books(databases: Databases, brand_id: str) -> tuple[tuple[ChainHead, ...], dict[str, CreatorBalance]]:
    with read_session(databases.main) as session:
        return chain_heads(session), creator_balances(session, brand_id, "EUR")


def count_clicks(databases: Databases) -> int:
    return len(contents(databases)["click"])


def _book(session: Session, brand_id: str) -> None:
    create_creator(session, RECEIVED_AT, name="Zoë", email="zoe@people.example", country="FR")
    assert accrue_due(session, RECEIVED_AT, 10) == 1
    for number in range(2):
        _bonus(session, brand_id, number)
    claim(session, RECEIVED_AT, "accrue", "2026-11-01T10:00Z")
    advance_clock(session, RECEIVED_AT)


def _bonus(session: Session, brand_id: str, number: int) -> None:
    creator = list_creators(session)[0]
    line = Line("bonus", 100 + number, "EUR", creator.id)
    post(
        session,
        RECEIVED_AT,
        brand_id=brand_id,
        kind="bonus",
        event_key=f"bonus:{number}",
        inputs={"number": number, "note": "für März"},
        lines=[line],
        subject_id=creator.id,
        effective_at=RECEIVED_AT,
    )
