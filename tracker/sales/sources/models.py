"""The table of sources."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from config.database import STRICT, Base


class Source(Base):
    """One connected shop, payment provider, API or file source.

    Two secrets may be live at the same time, so that a shop can rotate them without losing messages. A brand
    has at most one live source of the kind `api`; its messages are authenticated by API keys, and its secret
    is unused.

    The kinds are those that `tracker/sales/integrations/registry.py` lists; `create_source` refuses others.
    """

    __tablename__ = "source"
    __table_args__ = (
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
    """When a validly signed message was last refused as stale: its signed time was too far from ours."""
    stale_ahead_s: Mapped[int | None]
    """How far the signed time was ahead of our clock; negative when it was behind."""
    supports_id: Mapped[str | None] = mapped_column(ForeignKey("source.id"))
    """The primary source, whose orders get references, touches and disputes from this supporting source."""
