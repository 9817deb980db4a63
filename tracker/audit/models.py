"""Tables of the audit. The database itself refuses to update or delete entries."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from config.columns import CanonicalJson
from config.database import STRICT, Base


class AuditChain(Base):
    """The end of one chain of entries. Its row is the lock for every write to the chain.

    Each brand has a chain, whose id is the brand's; the installation has one more.
    """

    __tablename__ = "audit_chain"
    __table_args__ = (STRICT,)

    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    head_hash: Mapped[str]


class AuditEntry(Base):
    """Something that somebody did: who, when, through what, to what, and what it changed. Append-only.

    `before` and `after` hold the fields that changed, and neither secrets nor personal data. The hash covers
    all columns and the previous hash. Personal parts stand in `audit_personal`; of them the entry has only a
    salted hash, and `personal_about`, the id of the person or object that they are about.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        UniqueConstraint("chain_id", "number", name="audit_entries_are_numbered"),
        CheckConstraint(
            "chain_id = coalesce(brand_id, 'installation')", name="audit_chain_of_brand_or_installation"
        ),
        CheckConstraint(
            "(personal_hash is null) = (personal_about is null)", name="personal_parts_are_about_somebody"
        ),
        Index("ix_audit_entry_chain", "chain_id", "id"),
        Index("ix_audit_entry_subject", "subject_id", "id"),
        Index("ix_audit_entry_actor", "actor_id", "id"),
        Index("ix_audit_entry_personal", "personal_about"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    chain_id: Mapped[str]
    number: Mapped[int]
    at: Mapped[datetime]
    actor_kind: Mapped[str]
    actor_id: Mapped[str | None]
    entry_point: Mapped[str]
    browser_family: Mapped[str | None]
    country: Mapped[str | None]
    brand_id: Mapped[str | None] = mapped_column(ForeignKey("brand.id"))
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    action: Mapped[str]
    before: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    after: Mapped[dict[str, Any] | None] = mapped_column(CanonicalJson)
    personal_about: Mapped[str | None]
    personal_hash: Mapped[str | None]
    previous_hash: Mapped[str]
    hash: Mapped[str]


class AuditPersonal(Base):
    """Names, addresses and notes of an entry. They are never changed; they may be erased, with the salt."""

    __tablename__ = "audit_personal"
    __table_args__ = (STRICT,)

    entry_id: Mapped[str] = mapped_column(ForeignKey("audit_entry.id"), primary_key=True)
    salt: Mapped[str]
    content: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
