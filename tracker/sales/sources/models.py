"""The table of connected shops."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from config.database import STRICT, Base


class Source(Base):
    """One connected shop, or door of ours. Two secrets may be live at a time, so that they can be exchanged.

    Of the kind `api` a brand has one, whose messages come with a key; nobody knows its secret.
    """

    __tablename__ = "source"
    __table_args__ = (
        CheckConstraint(
            "kind in ('standard', 'stripe', 'shopify', 'woocommerce', 'api', 'csv')", name="source_kind_known"
        ),
        Index(
            "one_api_source_per_brand",
            "brand_id",
            unique=True,
            sqlite_where=text("kind = 'api' and deleted_at is null"),
            postgresql_where=text("kind = 'api' and deleted_at is null"),
        ),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"), index=True)
    kind: Mapped[str]
    namespace: Mapped[str]
    secret_box: Mapped[str]
    former_secret_box: Mapped[str | None]
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    stale_at: Mapped[datetime | None]
    """When a message was last refused though its signature was right, because its time was too far off."""
    stale_ahead_s: Mapped[int | None]
    """How far that time was ahead of ours; below 0 it was behind."""
    supports_id: Mapped[str | None] = mapped_column(ForeignKey("source.id"))
    """The source to whose orders it adds names, touches and disputes; amounts and refunds are the other's."""
