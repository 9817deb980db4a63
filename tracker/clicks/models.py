"""The tables of clicks and of their totals, in a separate database."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from config.columns import CanonicalJson
from config.database import STRICT, ClickBase

_BY_KEY = {"sqlite_strict": True, "sqlite_with_rowid": False}

VERDICTS = ("person", "unconfirmed", "crawler", "preview", "prefetch", "embedded", "head")


class Click(ClickBase):
    """One request for a link. The id contains its time. No other index, so that inserts stay cheap."""

    __tablename__ = "click"
    __table_args__ = (
        CheckConstraint(f"verdict in {VERDICTS}", name="click_verdict_known"),
        _BY_KEY,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    link_id: Mapped[UUID]
    verdict: Mapped[str]
    reason: Mapped[str]
    device: Mapped[str]
    referrer_host: Mapped[str | None]
    sub_ids: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    country: Mapped[str | None]
    visitor: Mapped[str | None]
    """Visitor hash: the same for one browser, address and link on one day (see visitor.py)."""
    visitor_before: Mapped[str | None]
    """The hash that the same visitor had the day before."""
    network: Mapped[str | None]


class ClickTotal(ClickBase):
    """Clicks of one link in one hour. Only `persons` are visits; `repeats`, `floods` are people's too."""

    __tablename__ = "click_total"
    __table_args__ = (_BY_KEY,)

    link_id: Mapped[UUID] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    persons: Mapped[int]
    repeats: Mapped[int]
    floods: Mapped[int]
    unconfirmed: Mapped[int]
    crawlers: Mapped[int]
    previews: Mapped[int]
    prefetches: Mapped[int]
    embedded: Mapped[int]
    heads: Mapped[int]


class ClickHour(ClickBase):
    """How many rows the totals of an hour were computed from; if the number differs now, recount."""

    __tablename__ = "click_hour"
    __table_args__ = (STRICT,)

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    counted: Mapped[int]
    closed: Mapped[bool]
    """Its clicks are being deleted or are gone: its totals no longer change."""


class ClickDoubt(ClickBase):
    """A person's click that is not counted as a visit, and why. A separate row: clicks are never updated."""

    __tablename__ = "click_doubt"
    __table_args__ = (CheckConstraint("kind in ('repeat', 'flood')", name="click_doubt_known"), _BY_KEY)

    click_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    reason: Mapped[str]


class ClickConfirmation(ClickBase):
    """A prerendered page that was shown, and how that is known. It counts as a person's click."""

    __tablename__ = "click_confirmation"
    __table_args__ = (_BY_KEY,)

    click_id: Mapped[UUID] = mapped_column(primary_key=True)
    reason: Mapped[str]


class ClickVisitor(ClickBase):
    """The first and the last click with one visitor hash, so that repeats are found without an index."""

    __tablename__ = "click_visitor"
    __table_args__ = (_BY_KEY,)

    visitor: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(index=True)
    first_id: Mapped[UUID]
    last_id: Mapped[UUID]
