"""A sale is found by any name of its order, by indexes alone, whatever the number of sales."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from config.database import Databases, read_session
from config.settings import Settings
from tests.cast.shop import Shop, create_shop, sale
from tracker.sales.attribution.replay import Scope, count_decisions, load_decisions, next_decision_ids
from tracker.sales.orders.models import OrderReference, Sale
from tracker.sales.orders.queries import find_sale, sales_with_name


@pytest.fixture
def session(databases: Databases) -> Iterator[Session]:
    with read_session(databases.main) as opened:
        yield opened


def plan(session: Session, query: Select[Sale]) -> str:
    """How the database executes the query. PostgreSQL would scan tables that are as small as these."""
    dialect = session.get_bind().dialect
    compiled = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    if dialect.name == "postgresql":
        session.execute(text("set local enable_seqscan = off"))
        return "\n".join(session.scalars(text(f"explain {compiled}")))
    return "\n".join(row.detail for row in session.execute(text(f"explain query plan {compiled}")))


@pytest.mark.parametrize("of_one_brand", [True, False])
def test_a_sale_is_found_by_indexes(shop: Shop, session: Session, of_one_brand: bool) -> None:
    query = select(Sale).where(Sale.id.in_(sales_with_name("1001", shop.brand_id if of_one_brand else None)))
    steps = plan(session, query)
    for scan in ("SCAN sale", "SCAN order_reference", "Seq Scan on sale", "Seq Scan on order_reference"):
        assert scan not in steps, steps


def test_a_name_is_looked_up_in_every_namespace_of_the_brand_and_in_no_other_brand(
    shop: Shop, settings: Settings, databases: Databases
) -> None:
    other = create_shop(settings, databases, "Bikes", coupon=None)
    for each in (shop, other):
        each.send("sale.created", sale())
        each.send("sale.created", sale(order_id="1002"))
    with databases.main.begin() as connection:
        stored = connection.execute(select(Sale).where(Sale.order_id == "1002")).all()
        for row in stored:
            connection.execute(
                OrderReference.__table__.insert(),  # type: ignore[attr-defined]
                {
                    "id": f"orf_{row.id}",
                    "brand_id": row.brand_id,
                    "namespace": row.namespace,
                    "reference": "#2",
                    "order_id": row.order_id,
                    "event_id": row.event_id,
                    "created_at": row.created_at,
                },
            )
    with read_session(databases.main) as session:
        for name, order_id in (("1001", "1001"), ("1002", "1002"), ("#2", "1002")):
            found = find_sale(session, shop.brand_id, name)
            assert (found.brand_id, found.order_id) == (shop.brand_id, order_id)
            assert len(session.scalars(sales_with_name(name)).all()) == 2
        assert count_decisions(session, Scope(order="#2")) == 2
        assert count_decisions(session, Scope(shop.brand_id, "#2")) == 1


def test_pages_of_decisions_contain_each_once_and_only_those_of_the_brand(
    shop: Shop, settings: Settings, databases: Databases
) -> None:
    other = create_shop(settings, databases, "Bikes", coupon=None)
    for number in range(5):
        shop.send("sale.created", sale(order_id=f"own-{number}"))
        other.send("sale.created", sale(order_id=f"other-{number}"))
    found: list[str] = []
    after_id: str | None = ""
    with read_session(databases.main) as session:
        while after_id is not None:
            ids, after_id = next_decision_ids(session, Scope(shop.brand_id), after_id, 3)
            found += [each.order_id for each in load_decisions(session, ids)] if ids else []
    assert sorted(found) == [f"own-{number}" for number in range(5)]
