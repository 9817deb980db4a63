"""Replaying parked events applies them completely or not at all; other events are not changed."""

import pytest
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from tests.cast.shop import RECEIVED_AT, Shop, refund, sale
from tests.tracker.sales.inbox.test_apply_or_park import count
from tracker.errors import NotFound
from tracker.sales.attribution.models import Attribution
from tracker.sales.inbox.apply_or_park import ReceiveResult, dismiss, replay, unapplied_ids
from tracker.sales.orders.models import Refund, Sale


def replayed(shop: Shop, received: ReceiveResult) -> ReceiveResult:
    def work(session: Session) -> ReceiveResult:
        return replay(session, RECEIVED_AT, received.event_id, keys=shop.keys)

    return transact(shop.databases.main, work)


def test_a_parked_event_stays_parked_when_replayed_without_change(shop: Shop, databases: Databases) -> None:
    parked = shop.send("sale.created", sale(occurred_at="2025-11-05T10:00:00Z"))
    assert "more than a day after it was received" in (parked.reason or "")

    again = replayed(shop, parked)

    assert again == ReceiveResult(parked.event_id, "parked", parked.reason)


def test_replay_does_not_change_applied_events(shop: Shop, databases: Databases) -> None:
    applied = shop.send("sale.created", sale(), key="msg_1")

    assert replayed(shop, applied) == ReceiveResult(applied.event_id, "applied", None, duplicate=True)
    assert count(databases, Sale) == 1


def test_a_refund_with_the_message_id_of_its_sale_is_booked_by_a_replay(
    shop: Shop, databases: Databases
) -> None:
    shop.send("sale.created", sale(), key="1001")
    conflict = shop.send("refund.created", refund(), key="1001")
    assert (conflict.state, count(databases, Refund)) == ("conflict", 0)

    assert replayed(shop, conflict) == ReceiveResult(conflict.event_id, "applied", None)
    assert count(databases, Refund) == 1
    again = shop.send("refund.created", refund(), key="1001")
    assert (again.state, again.duplicate, count(databases, Refund)) == ("applied", True, 1)


def test_replaying_another_sale_with_the_same_id_parks_it_with_the_differences(
    shop: Shop, databases: Databases
) -> None:
    shop.send("sale.created", sale(), key="msg_1")
    conflict = shop.send("sale.created", sale(total=7000), key="msg_1")

    again = replayed(shop, conflict)

    assert again.state == "parked"
    assert "total is 7000, booked is 11900" in (again.reason or "")


def test_an_event_in_conflict_can_be_dismissed(shop: Shop, databases: Databases) -> None:
    shop.send("sale.created", sale(), key="msg_1")
    conflict = shop.send("sale.created", sale(total=7000), key="msg_1")
    assert unapplied_event_ids(databases) == [conflict.event_id]

    transact(databases.main, lambda s: dismiss(s, conflict.event_id, reason="a mistake"))

    assert unapplied_event_ids(databases) == []
    assert replayed(shop, conflict).state == "dismissed"


def unapplied_event_ids(databases: Databases) -> list[str]:
    with read_session(databases.main) as session:
        return unapplied_ids(session)


def test_replay_of_an_unknown_event_raises_not_found(shop: Shop, databases: Databases) -> None:
    with pytest.raises(NotFound, match="no event evt_1"):
        transact(databases.main, lambda session: replay(session, RECEIVED_AT, "evt_1", keys=shop.keys))


def test_a_partly_applied_message_is_rolled_back_and_parked(shop: Shop, databases: Databases) -> None:
    refuse_attributions(databases)
    received = shop.send("sale.created", sale())
    assert received.state == "parked"
    assert "Linkledger failed on it" in (received.reason or "")
    assert (count(databases, Sale), count(databases, Attribution)) == (0, 0)

    allow_attributions(databases)
    again = replayed(shop, received)

    assert again == ReceiveResult(received.event_id, "applied", None)
    assert (count(databases, Sale), count(databases, Attribution)) == (1, 1)


def refuse_attributions(databases: Databases) -> None:
    """Make the last write of a sale fail in the database itself."""
    with databases.main.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(
                "CREATE TRIGGER refuse BEFORE INSERT ON attribution BEGIN SELECT RAISE(ABORT, 'refused'); END"
            )
            return
        connection.exec_driver_sql(
            "CREATE FUNCTION refused() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'refused'; END $$"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER refuse BEFORE INSERT ON attribution FOR EACH ROW EXECUTE FUNCTION refused()"
        )


def allow_attributions(databases: Databases) -> None:
    with databases.main.begin() as connection:
        on_table = "" if connection.dialect.name == "sqlite" else " ON attribution"
        connection.exec_driver_sql(f"DROP TRIGGER refuse{on_table}")
