"""Tables of programs, terms, enrollments, coupons and links."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from config.columns import CanonicalJson
from config.database import STRICT, Base


class Program(Base):
    """An offer of a brand to creators."""

    __tablename__ = "program"
    __table_args__ = (
        CheckConstraint("state in ('active', 'paused', 'ended')", name="program_state_known"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"), index=True)
    name: Mapped[str]
    state: Mapped[str]
    token_parameter: Mapped[str]
    parameters: Mapped[dict[str, Any]] = mapped_column(CanonicalJson, default=dict, server_default="{}")
    """Query parameters that are appended to every destination."""
    created_at: Mapped[datetime]


class Terms(Base):
    """One version of a program's conditions. Append-only: old sales keep the version of their time."""

    __tablename__ = "terms"
    __table_args__ = (
        UniqueConstraint("program_id", "version", name="terms_versions_are_numbered"),
        CheckConstraint("rate_bp between 0 and 10000", name="terms_rate_at_most_the_whole"),
        CheckConstraint("base in ('net', 'gross', 'profit')", name="terms_base_known"),
        CheckConstraint("window_days between 1 and 90", name="terms_window_in_range"),
        CheckConstraint("hold_days between 0 and 365", name="terms_hold_in_range"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    program_id: Mapped[str] = mapped_column(ForeignKey("program.id"))
    version: Mapped[int]
    effective_at: Mapped[datetime]
    rate_bp: Mapped[int]
    base: Mapped[str]
    window_days: Mapped[int]
    hold_days: Mapped[int]
    take_back_months: Mapped[int | None] = mapped_column(
        CheckConstraint(
            "take_back_months is null or take_back_months between 1 and 120", name="terms_take_back_in_range"
        )
    )
    """For how long after a sale refunds and lost disputes take back. Null in older versions: forever."""
    created_at: Mapped[datetime]


class PolicyChange(Base):
    """A later version of a brand's attribution policy. Append-only. Version 1 is in the table `brand`."""

    __tablename__ = "policy_change"
    __table_args__ = (
        UniqueConstraint("brand_id", "version", name="policy_changes_are_numbered"),
        CheckConstraint("version > 1", name="first_policy_stands_with_the_brand"),
        CheckConstraint("attribution_model in ('last', 'first')", name="policy_model_known"),
        CheckConstraint("coupon_policy in ('always', 'if_involved', 'never')", name="policy_coupons_known"),
        CheckConstraint(
            "customer_policy in ('first_sale', 'months', 'lifetime')", name="policy_customers_known"
        ),
        CheckConstraint(
            "(customer_policy = 'months') = (customer_months is not null) "
            "and (customer_months is null or customer_months between 1 and 120)",
            name="policy_months_go_with_their_policy",
        ),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"))
    version: Mapped[int]
    effective_at: Mapped[datetime]
    attribution_model: Mapped[str]
    coupon_policy: Mapped[str]
    customer_policy: Mapped[str]
    customer_months: Mapped[int | None]
    created_at: Mapped[datetime]


class Enrollment(Base):
    """A creator takes part in a program, until they leave or are removed for cause."""

    __tablename__ = "enrollment"
    __table_args__ = (
        UniqueConstraint("program_id", "creator_id", name="one_enrollment_per_program_and_creator"),
        CheckConstraint("state in ('active', 'paused', 'ended')", name="enrollment_state_known"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    program_id: Mapped[str] = mapped_column(ForeignKey("program.id"))
    creator_id: Mapped[str] = mapped_column(ForeignKey("creator.id"), index=True)
    state: Mapped[str]
    ended_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    """The time of a removal for cause: sales after it earn nothing, even for earlier clicks."""
    removal_reason: Mapped[str | None] = mapped_column(
        CheckConstraint("(removed_at is null) = (removal_reason is null)", name="removal_says_why")
    )
    removal_reason_code: Mapped[str | None]
    """A RemovalReason; null for a creator who was not removed, and for removals older than the codes."""
    removal_reason_parameters: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    readmitted_at: Mapped[datetime | None]
    """When a creator who left or was removed came back; clicks from before a removal stay without effect."""
    created_at: Mapped[datetime]


class RateOverride(Base):
    """A special rate of one enrollment or one link, from `effective_at` on. Append-only."""

    __tablename__ = "rate_override"
    __table_args__ = (
        CheckConstraint("(enrollment_id is null) <> (link_id is null)", name="override_has_one_subject"),
        CheckConstraint("rate_bp between 0 and 10000", name="override_rate_at_most_the_whole"),
        UniqueConstraint("enrollment_id", "effective_at", name="one_enrollment_rate_at_a_time"),
        UniqueConstraint("link_id", "effective_at", name="one_link_rate_at_a_time"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    enrollment_id: Mapped[str | None] = mapped_column(ForeignKey("enrollment.id"))
    link_id: Mapped[str | None] = mapped_column(ForeignKey("link.id"))
    effective_at: Mapped[datetime]
    rate_bp: Mapped[int]
    created_at: Mapped[datetime]


class Coupon(Base):
    """A discount code that belongs to one creator of a brand."""

    __tablename__ = "coupon"
    __table_args__ = (UniqueConstraint("brand_id", "code_key", name="one_owner_per_coupon_code"), STRICT)

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"))
    enrollment_id: Mapped[str] = mapped_column(ForeignKey("enrollment.id"), index=True)
    code: Mapped[str]
    code_key: Mapped[str]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Link(Base):
    """A short address of a creator that leads to a page of the brand."""

    __tablename__ = "link"
    __table_args__ = (
        UniqueConstraint("code_key", name="one_link_per_code"),
        CheckConstraint("state in ('active', 'paused', 'ended')", name="link_state_known"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    enrollment_id: Mapped[str] = mapped_column(ForeignKey("enrollment.id"), index=True)
    code: Mapped[str]
    code_key: Mapped[str]
    destination: Mapped[str]
    sub_ids: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    passes: Mapped[list[Any]] = mapped_column(CanonicalJson, default=list, server_default="[]")
    """Names of the query parameters that are passed on from the short link to the shop."""
    deep_links: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether `?to=/path` leads to another page of the same host."""
    state: Mapped[str]
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class LinkDomain(Base):
    """A brand's own host name for its short links. Links of other brands are not found there."""

    __tablename__ = "link_domain"
    __table_args__ = (STRICT,)

    host: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"), index=True)
    created_at: Mapped[datetime]


class LinkVersion(Base):
    """One row with the number of the last change to a link. Triggers count it; absent before the first."""

    __tablename__ = "link_version"
    __table_args__ = (CheckConstraint("id = 1", name="there_is_one_link_version"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int]


class LinkChange(Base):
    """A change that link caches must see. Triggers write the rows and keep the last 10,000."""

    __tablename__ = "link_change"
    __table_args__ = (
        CheckConstraint(
            "subject in ('link', 'enrollment', 'program', 'brand')", name="link_change_subject_known"
        ),
        STRICT,
    )

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    subject: Mapped[str]
    subject_id: Mapped[str]
