"""A small brand with a connected shop that sends messages, and customers who buy there."""

import json
import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Databases, open_databases, read_connection, transact
from config.settings import Settings
from tests.cast.people import PERSON, START, add_brand_with_program, add_member, click_token
from tracker.programs.policies import change_policy
from tracker.sales.attribution.models import Attribution
from tracker.sales.inbox.apply_or_park import ReceiveResult
from tracker.sales.inbox.group_commit import GroupCommit
from tracker.sales.inbox.pending import Arrival, new_arrival
from tracker.sales.orders.models import Sale
from tracker.sales.sources.operations import create_source, get_live_source

SOLD = "2025-11-01T10:00:00Z"
RECEIVED_AT = datetime.fromisoformat("2025-11-01T10:00:02+00:00")
LATEST = datetime.fromisoformat("2026-09-30T10:00:00+00:00")
"""After everything that customers buy."""

SaleData = dict[str, Any]


@dataclass(frozen=True)
class Shop:
    """What the tests need to know of the brand; ids only, so that it can be used in any thread."""

    databases: Databases
    keys: tuple[str, ...]
    brand_id: str
    source_id: str
    secret: str
    links: dict[str, str]
    enrollments: dict[str, str]
    intake: GroupCommit

    def with_databases(self, databases: Databases) -> "Shop":
        """The same shop in a copy of its databases."""
        return replace(self, databases=databases, intake=GroupCommit(databases.main, self.keys))

    def token(self, owner: str, at: str = "2025-10-30T10:00:00+00:00", *, earns: bool = True) -> str:
        """The token of a click on the owner's link."""
        return click_token(self.keys, self.links[owner], datetime.fromisoformat(at), earns=earns)

    def click(self, owner: str, day: str) -> str:
        """The token of a click on the owner's link at ten of a day such as 10-30 of 2025."""
        return self.token(owner, f"2025-{day}T10:00:00+00:00")

    def send(
        self,
        kind: str,
        data: dict[str, Any],
        *,
        key: str | None = None,
        source_id: str | None = None,
        now: datetime = RECEIVED_AT,
    ) -> ReceiveResult:
        return self.send_raw(envelope(kind, data), key=key, source_id=source_id, now=now)

    def send_raw(
        self,
        body: bytes,
        *,
        key: str | None = None,
        source_id: str | None = None,
        now: datetime = RECEIVED_AT,
        topic: str | None = None,
    ) -> ReceiveResult:
        name = key or f"msg_{uuid.uuid4().hex}"
        return self.intake.take(self.arrival(body, name, source_id, now, topic))

    def arrival(
        self,
        body: bytes,
        key: str,
        source_id: str | None = None,
        now: datetime = RECEIVED_AT,
        topic: str | None = None,
    ) -> Arrival:
        with read_connection(self.databases.main) as connection:
            source = get_live_source(connection, source_id or self.source_id)
        return new_arrival(now, source, key, body, topic)

    def connect(self, kind: str, secret: str) -> str:
        """The id of a further source of the brand, of which each has order ids of its own.

        It signs with the shop's own secret.
        """

        def work(session: Session) -> str:
            values = {"brand_id": self.brand_id, "kind": kind, "secret": secret, "keys": self.keys}
            if kind == "standard":
                values["namespace"] = uuid.uuid4().hex
            return create_source(session, START, actor=PERSON, **values)[0].id  # type: ignore[arg-type]

        return transact(self.databases.main, work)

    def attributions(self, order_id: str = "1001") -> list[Attribution]:
        """Every revision, oldest first."""
        with Session(self.databases.main, expire_on_commit=False) as session:
            return list(
                session.scalars(
                    select(Attribution)
                    .join(Sale, Sale.id == Attribution.sale_id)
                    .where(Sale.order_id == order_id, Sale.brand_id == self.brand_id)
                    .order_by(Attribution.revision)
                )
            )

    def credited_owner(self, order_id: str) -> str | None:
        """The owner whom the newest decision credits."""
        enrollment_id = self.attributions(order_id)[-1].enrollment_id
        return next((owner for owner, each in self.enrollments.items() if each == enrollment_id), None)


def create_shop(
    settings: Settings, databases: Databases, name: str = "Teas", coupon: str | None = "ANNA10"
) -> Shop:
    """A brand in Berlin with a 10 % program, and its members anna and bob: a link each, and anna's coupon.

    The creators' addresses are made from `name`, so that a test may open several shops.
    """
    keys = settings.secret_keys
    domain = f"{name.lower().replace(' ', '-')}.example"

    def work(session: Session) -> Shop:
        brand_id, program_id = add_brand_with_program(session, START, name=name, timezone="Europe/Berlin")
        members = {
            owner: add_member(session, START, program_id, owner, email=f"{owner}@{domain}", coupon=code)
            for owner, code in (("anna", coupon), ("bob", None))
        }
        links = {owner: each.link_id for owner, each in members.items()}
        enrollments = {owner: each.enrollment_id for owner, each in members.items()}
        source, secret = create_source(
            session, START, actor=PERSON, brand_id=brand_id, kind="standard", keys=keys
        )
        intake = GroupCommit(databases.main, keys)
        return Shop(databases, keys, brand_id, source.id, secret, links, enrollments, intake)

    return transact(databases.main, work)


def seed_shop(settings: Settings) -> Shop:
    databases = open_databases(settings)
    shop = create_shop(settings, databases)
    databases.close()
    return shop


def envelope(kind: str, data: dict[str, Any], timestamp: str = SOLD) -> bytes:
    return json.dumps({"type": kind, "timestamp": timestamp, "data": data}).encode()


def sale(**changes: Any) -> SaleData:
    """119.00 EUR, of which 19.00 are tax and 5.00 shipping."""
    data = {
        "order_id": "1001",
        "occurred_at": SOLD,
        "currency": "EUR",
        "total": 11900,
        "tax": 1900,
        "shipping": 500,
    }
    return {**data, **changes}


def refund(refund_id: str = "r1", **changes: Any) -> dict[str, Any]:
    """10.00 EUR of the sale."""
    data = {
        "order_id": "1001",
        "refund_id": refund_id,
        "occurred_at": "2025-11-01T10:00:01Z",
        "currency": "EUR",
        "amount": 1000,
    }
    return {**data, **changes}


def dispute(status: str = "opened", **changes: Any) -> dict[str, Any]:
    """About all of the sale."""
    data = {
        "order_id": "1001",
        "dispute_id": "d1",
        "occurred_at": "2025-11-01T10:00:01Z",
        "currency": "EUR",
        "status": status,
        "amount": 11900,
    }
    return {**data, **changes}


def cancellation(**changes: Any) -> dict[str, Any]:
    return {"order_id": "1001", "occurred_at": "2025-11-01T10:00:02Z", **changes}


def set_customer_policy(
    shop: Shop, customers: str = "lifetime", months: int | None = None, when: datetime = START
) -> None:
    """From then on the brand binds customers to the creator of their first purchase."""
    transact(
        shop.databases.main,
        lambda s: change_policy(
            s, when, actor=PERSON, brand_id=shop.brand_id, customers=customers, months=months
        ),
    )


def purchase(day: str, order_id: str = "", **changes: Any) -> SaleData:
    """A sale at noon of a day such as 11-01 to the customer C1, whose order is named after it."""
    year = "2025" if int(day[:2]) > 9 else "2026"
    whose = {} if "customer_email_hash" in changes else {"customer": "C1"}
    at = f"{year}-{day}T12:00:00Z"
    return sale(**{"order_id": order_id or day, "occurred_at": at, **whose, **changes})


def send_purchases(shop: Shop, *purchases: SaleData) -> None:
    for each in purchases:
        received = shop.send("sale.created", each, now=LATEST)
        assert received.state == "applied", received.reason
