"""The tables of clicks and of their totals, in a separate database."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from config.columns import CanonicalJson
from config.database import STRICT, ClickBase

_BY_KEY = {"sqlite_strict": True, "sqlite_with_rowid": False}

VERDICTS = ("person", "unconfirmed", "crawler", "preview", "prefetch", "embedded", "head")


class DayScope(StrEnum):
    """Whose visits of a day they are. Those of a creator are at one brand."""

    LINK = "link"
    CREATOR = "creator"
    BRAND = "brand"


class FacetKind(StrEnum):
    """A referrer is the host of the page with the link; a country has two letters."""

    REFERRER = "referrer"
    COUNTRY = "country"
    DEVICE = "device"


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
    """How many rows the totals of an hour were computed from; if the number differs now, recount.

    `changes` is the number of counts. `summed` and `faceted` are the number of the count that the totals of
    days and their facets take into account; null: none.
    """

    __tablename__ = "click_hour"
    __table_args__ = (STRICT,)

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    counted: Mapped[int]
    closed: Mapped[bool]
    """Its clicks are being deleted or are gone: its totals no longer change."""
    changes: Mapped[int] = mapped_column(server_default=text("0"))
    summed: Mapped[int | None]
    faceted: Mapped[int | None]


class ClickDay(ClickBase):
    """Visits on one day in the brand's time zone: of its hours that begin on that day. `day` is YYYY-MM-DD.

    The subject is the link, the creator or the brand; `creator_id` is that of the link.
    """

    __tablename__ = "click_day"
    __table_args__ = (
        CheckConstraint("scope in ('link', 'creator', 'brand')", name="click_day_scope_known"),
        Index("ix_click_day_links", "brand_id", "scope", "day", "creator_id"),
        _BY_KEY,
    )

    brand_id: Mapped[UUID] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(primary_key=True)
    creator_id: Mapped[UUID | None]
    persons: Mapped[int]


class ClickFacet(ClickBase):
    """Visits of a link on one day of the brand, by where they came from; the days are those of `click_day`.

    The 50 most frequent values of each kind are kept, and the rest as `other`.
    """

    __tablename__ = "click_facet"
    __table_args__ = (
        CheckConstraint("kind in ('referrer', 'country', 'device')", name="click_facet_kind_known"),
        _BY_KEY,
    )

    link_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    persons: Mapped[int]


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
