"""The table of brands' settings for suspicious sales."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from config.database import STRICT, Base


class SuspicionSetting(Base):
    """A brand's setting for one signal of suspicion, if it differs from the default."""

    __tablename__ = "suspicion_setting"
    __table_args__ = (STRICT,)

    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"), primary_key=True)
    signal: Mapped[str] = mapped_column(primary_key=True)
    setting: Mapped[str]
