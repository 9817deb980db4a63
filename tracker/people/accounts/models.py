"""Tables of brands, users, memberships and creators."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from config.database import STRICT, Base


class Brand(Base):
    """A seller that pays creators. Every amount belongs to exactly one brand.

    The policy columns are version 1 of the attribution policy; later versions are rows of `policy_change`.
    Cadence, zone, review and minimum are version 1, too: see `brand_rules_change` and `brand_minimum`.
    """

    __tablename__ = "brand"
    __table_args__ = (
        CheckConstraint("minimum_minor >= 0", name="brand_minimum_not_negative"),
        CheckConstraint("cadence in ('month', 'half_month', 'week')", name="brand_cadence_known"),
        CheckConstraint("attribution_model in ('last', 'first')", name="brand_model_known"),
        CheckConstraint("coupon_policy in ('always', 'if_involved', 'never')", name="brand_policy_known"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    currency: Mapped[str]
    timezone: Mapped[str]
    minimum_minor: Mapped[int]
    cadence: Mapped[str]
    review_days: Mapped[int]
    attribution_model: Mapped[str]
    coupon_policy: Mapped[str]
    customer_policy: Mapped[str] = mapped_column(
        CheckConstraint(
            "customer_policy in ('first_sale', 'months', 'lifetime')", name="brand_customer_policy_known"
        ),
        server_default=text("'first_sale'"),
    )
    customer_months: Mapped[int | None] = mapped_column(
        CheckConstraint(
            "(customer_policy = 'months') = (customer_months is not null) "
            "and (customer_months is null or customer_months between 1 and 120)",
            name="brand_months_go_with_their_policy",
        )
    )
    fallback_url: Mapped[str | None]
    """The destination of paused, expired and ended links."""
    created_at: Mapped[datetime]


class BrandRulesChange(Base):
    """A later version of a brand's cadence, time zone and review. Append-only; version 1 is in `brand`.

    Cadence and zone count from `effective_at` on, the review from `created_at` on.
    """

    __tablename__ = "brand_rules_change"
    __table_args__ = (
        UniqueConstraint("brand_id", "version", name="brand_rules_changes_are_numbered"),
        CheckConstraint("version > 1", name="first_rules_stand_with_the_brand"),
        CheckConstraint("cadence in ('month', 'half_month', 'week')", name="brand_rules_cadence_known"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"))
    version: Mapped[int]
    effective_at: Mapped[datetime]
    cadence: Mapped[str]
    timezone: Mapped[str]
    review_days: Mapped[int]
    created_at: Mapped[datetime]
    approve_without_notice: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether a draft approves itself although no notice about it was accepted by a mail server."""
    second_person_above_minor: Mapped[int | None] = mapped_column(
        CheckConstraint("second_person_above_minor >= 0", name="limit_of_one_person_not_negative")
    )
    """Above it, two persons approve a statement; null where one is enough."""


class BrandMinimum(Base):
    """A minimum payout that a brand set for one currency. Append-only.

    Version 1 for the brand's own currency is in `brand`.
    """

    __tablename__ = "brand_minimum"
    __table_args__ = (
        UniqueConstraint("brand_id", "currency", "version", name="minimums_are_numbered"),
        CheckConstraint("minimum_minor >= 0", name="minimum_of_currency_not_negative"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"))
    currency: Mapped[str]
    version: Mapped[int]
    effective_at: Mapped[datetime]
    minimum_minor: Mapped[int]


class BrandHost(Base):
    """A host name that a brand's links may lead to."""

    __tablename__ = "brand_host"
    __table_args__ = (STRICT,)

    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"), primary_key=True)
    host: Mapped[str] = mapped_column(primary_key=True)


class User(Base):
    """A person who signs in."""

    __tablename__ = "user_account"
    __table_args__ = (UniqueConstraint("email", name="one_user_per_email"), STRICT)

    id: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[datetime]
    language: Mapped[str | None]
    """Chosen on the profile; None follows the browser."""
    timezone: Mapped[str | None]
    """Chosen on the profile; None is UTC."""
    is_operator: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Operates this installation, which is no role at a brand."""


class Membership(Base):
    """The role of a user at a brand. A former version may still write `member`, which means manager."""

    __tablename__ = "membership"
    __table_args__ = (
        CheckConstraint(
            "role in ('owner', 'finance', 'manager', 'viewer', 'member')", name="membership_role_known"
        ),
        Index("ix_membership_user_id", "user_id"),
        STRICT,
    )

    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    role: Mapped[str]
    created_at: Mapped[datetime]


class Creator(Base):
    """A person who shares links and is paid. One row per person, for any number of brands."""

    __tablename__ = "creator"
    __table_args__ = (
        UniqueConstraint("email", name="one_creator_per_email"),
        Index("one_creator_per_user", "user_id", unique=True),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    country: Mapped[str]
    created_at: Mapped[datetime]
    user_id: Mapped[str | None] = mapped_column(ForeignKey("user_account.id"))
    """The user who signs in as this creator; None until the creator has signed in."""
