"""The tables of marks: up to where books and audit were verified, signed by the evidence key."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from config.columns import CanonicalJson
from config.database import STRICT, Base


class Mark(Base):
    """A check of a brand's books: the last transaction that it verified, and the balances after it.

    `balances`: {account id: minor units}. `owed`: {currency: {period id: minor units}}, what each period
    added to what creators are owed. `state_sha256` is the hash of both. With `findings` above 0 the check
    found faults, nothing is verified, and the next check starts at the beginning. `since` is when the last
    check began that looked at everything, `made_at` when this one began. `key_id` names the key that signed.
    Rows are never updated; old ones are deleted.
    """

    __tablename__ = "ledger_mark"
    __table_args__ = (CheckConstraint("findings >= 0", name="mark_findings_not_negative"), STRICT)

    number: Mapped[int] = mapped_column(Identity(always=False), primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"), index=True)
    seq: Mapped[int]
    hash: Mapped[str]
    balances: Mapped[dict[str, int]] = mapped_column(CanonicalJson)
    owed: Mapped[dict[str, dict[str, int]]] = mapped_column(CanonicalJson)
    state_sha256: Mapped[str]
    findings: Mapped[int]
    since: Mapped[datetime]
    made_at: Mapped[datetime]
    key_id: Mapped[str]
    signature: Mapped[str]


class AuditMark(Base):
    """A check of a chain of the audit without a fault: the last entry that it verified, and its hash.

    `key_id` names the key that signed. Rows are never updated; old ones are deleted.
    """

    __tablename__ = "audit_mark"
    __table_args__ = (Index("ix_audit_mark_chain", "chain_id", "number"), STRICT)

    number: Mapped[int] = mapped_column(Identity(always=False), primary_key=True)
    chain_id: Mapped[str]
    entry_number: Mapped[int]
    hash: Mapped[str]
    made_at: Mapped[datetime]
    key_id: Mapped[str]
    signature: Mapped[str]
