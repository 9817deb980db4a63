"""A small brand for tests: two creators with links, one with a coupon, and a connected shop."""

import json
import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Databases, open_databases, read_connection, transact
from config.settings import Settings
from tracker.clicks.token import make_token
from tracker.ids import new_uuid, uuid_of
from tracker.people.accounts.operations import create_brand, create_creator
from tracker.programs.links.operations import create_link
from tracker.programs.operations import create_program, enroll
from tracker.sales.attribution.models import Attribution
from tracker.sales.inbox.group_commit import GroupCommit
from tracker.sales.inbox.operations import ReceiveResult
from tracker.sales.inbox.pending import Arrival, new_arrival
from tracker.sales.orders.models import Sale
from tracker.sales.sources.operations import create_source, get_live_source

START = datetime.fromisoformat("2025-10-01T10:00:00+00:00")
SOLD = "2025-11-01T10:00:00Z"
RECEIVED_AT = datetime.fromisoformat("2025-11-01T10:00:02+00:00")


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
        click_id = new_uuid(datetime.fromisoformat(at))
        link_id = uuid_of(self.links[owner], "lnk")
        return make_token(self.keys, click_id, link_id, earns=earns, confirmed=True)

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
            return create_source(session, START, **values)[0].id  # type: ignore[arg-type]

        return transact(self.databases.main, work)

    def attributions(self, order_id: str = "1001") -> list[Attribution]:
        """Every revision, the first first."""
        with Session(self.databases.main, expire_on_commit=False) as session:
            return list(
                session.scalars(
                    select(Attribution)
                    .join(Sale, Sale.id == Attribution.sale_id)
                    .where(Sale.order_id == order_id, Sale.brand_id == self.brand_id)
                    .order_by(Attribution.revision)
                )
            )


def create_shop(
    settings: Settings, databases: Databases, name: str = "Teas", coupon: str | None = "ANNA10"
) -> Shop:
    """The creators' addresses are made from `name`, so that a test may open several shops."""
    keys = settings.secret_keys

    def work(session: Session) -> Shop:
        brand = create_brand(
            session, START, name=name, currency="EUR", timezone="Europe/Berlin", hosts=["shop.example"]
        )
        program = create_program(session, START, brand_id=brand.id, name="Friends", rate_bp=1000)
        links, enrollments = {}, {}
        for owner in ("anna", "bob"):
            email = f"{owner}@{name.lower().replace(' ', '-')}.example"
            creator = create_creator(session, START, name=owner, email=email, country="DE")
            enrollments[owner] = enroll(
                session,
                START,
                program_id=program.id,
                creator_id=creator.id,
                coupon=coupon if owner == "anna" else None,
            ).id
            links[owner] = create_link(
                session,
                START,
                program_id=program.id,
                creator_id=creator.id,
                destination="https://shop.example/tea",
            ).id
        source, secret = create_source(session, START, brand_id=brand.id, kind="standard", keys=keys)
        intake = GroupCommit(databases.main, keys)
        return Shop(databases, keys, brand.id, source.id, secret, links, enrollments, intake)

    return transact(databases.main, work)


def seed_shop(settings: Settings) -> Shop:
    databases = open_databases(settings)
    shop = create_shop(settings, databases)
    databases.close()
    return shop


def envelope(kind: str, data: dict[str, Any], timestamp: str = SOLD) -> bytes:
    return json.dumps({"type": kind, "timestamp": timestamp, "data": data}).encode()


def sale(**changes: Any) -> dict[str, Any]:
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
    data = {
        "order_id": "1001",
        "refund_id": refund_id,
        "occurred_at": "2025-11-01T10:00:01Z",
        "currency": "EUR",
        "amount": 1000,
    }
    return {**data, **changes}


def dispute(status: str = "opened", **changes: Any) -> dict[str, Any]:
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
