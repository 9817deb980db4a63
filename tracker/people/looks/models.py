"""The table of looks."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from config.database import STRICT, Base


class BrandLook(Base):
    """What a brand's pages and mails look like; a brand without a row looks like the product.

    The logo is in the database, so that it is in the backup and every process has it.
    """

    __tablename__ = "brand_look"
    __table_args__ = (
        CheckConstraint("colour is null or length(colour) = 7", name="look_colour_has_six_digits"),
        CheckConstraint(
            "logo_type is null or logo_type in ('image/png', 'image/jpeg')", name="look_logo_type_known"
        ),
        CheckConstraint(
            "(logo is null) = (logo_type is null) and (logo is null) = (logo_hash is null)",
            name="look_logo_is_whole",
        ),
        STRICT,
    )

    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"), primary_key=True)
    colour: Mapped[str | None]
    """#rrggbb, in lower case."""
    logo: Mapped[bytes | None]
    logo_type: Mapped[str | None]
    logo_hash: Mapped[str | None]
    """SHA-256 of the logo, in hexadecimal digits."""
    contact_email: Mapped[str | None]
    updated_at: Mapped[datetime]
