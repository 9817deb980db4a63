"""The table of clicks, in a database of its own."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from config.columns import CanonicalJson
from config.database import ClickBase

VERDICTS = ("person", "unconfirmed", "crawler", "preview", "prefetch", "embedded", "head")


class Click(ClickBase):
    """One request for a link. The id holds its time; there is no other index, so that writing stays cheap."""

    __tablename__ = "click"
    __table_args__ = (
        CheckConstraint(f"verdict in {VERDICTS}", name="click_verdict_known"),
        {"sqlite_strict": True, "sqlite_with_rowid": False},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    link_id: Mapped[UUID]
    verdict: Mapped[str]
    reason: Mapped[str]
    device: Mapped[str]
    referrer_host: Mapped[str | None]
    sub_ids: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
