"""The tables of clicks and of their totals, in a database of their own."""

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
    """One request for a link. The id holds its time; there is no other index, so that writing stays cheap."""

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
    """A mark that is the same for the same browser, address and link on one day (see visitor.py)."""
    visitor_before: Mapped[str | None]
    """The mark that the same visitor had the day before."""
    network: Mapped[str | None]


class ClickTotal(ClickBase):
    """What an hour of one link comes to. Only `persons` are visits; repeats and floods were persons too."""

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
    """How many clicks the totals of an hour were made from; another number of rows means: count again."""

    __tablename__ = "click_hour"
    __table_args__ = (STRICT,)

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    counted: Mapped[int]
    closed: Mapped[bool]
    """Its clicks are being pruned, or are gone: its totals stay as they are for good."""


class ClickDoubt(ClickBase):
    """A person's click that is no further visit, and why. A row of its own: clicks are never changed."""

    __tablename__ = "click_doubt"
    __table_args__ = (CheckConstraint("kind in ('repeat', 'flood')", name="click_doubt_known"), _BY_KEY)

    click_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    reason: Mapped[str]


class ClickConfirmation(ClickBase):
    """A prerender that a person saw after all, and how that is known. It counts as a person's click."""

    __tablename__ = "click_confirmation"
    __table_args__ = (_BY_KEY,)

    click_id: Mapped[UUID] = mapped_column(primary_key=True)
    reason: Mapped[str]


class ClickVisitor(ClickBase):
    """The first and the last click of one visitor's mark, so that a repeat is found without an index."""

    __tablename__ = "click_visitor"
    __table_args__ = (_BY_KEY,)

    visitor: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(index=True)
    first_id: Mapped[UUID]
    last_id: Mapped[UUID]
