"""The table of API keys."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from config.columns import CanonicalJson
from config.database import STRICT, Base


class ApiKey(Base):
    """An API key of a brand's software. The secret itself is not stored, only its hash."""

    __tablename__ = "api_key"
    __table_args__ = (CheckConstraint("length(secret_hash) = 64", name="api_key_secret_is_hashed"), STRICT)

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"), index=True)
    name: Mapped[str]
    secret_hash: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(CanonicalJson)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    """Updated at most once an hour."""
