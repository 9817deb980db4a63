"""Tables of statements and of decisions about what is in them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from config.database import STRICT, Base


class Statement(Base):
    """What a brand owes its creators at the end of a period, and why, in one currency."""

    __tablename__ = "statement"
    __table_args__ = (
        UniqueConstraint("brand_id", "currency", "period_id", name="one_statement_per_period_and_currency"),
        CheckConstraint("state in ('draft', 'approved', 'sealed')", name="statement_state_known"),
        CheckConstraint("(state = 'sealed') = (sealed_at is not null)", name="a_sealed_statement_says_when"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"))
    period_id: Mapped[str] = mapped_column(ForeignKey("period.id"))
    currency: Mapped[str]
    state: Mapped[str]
    drafted_at: Mapped[datetime]
    review_ends_at: Mapped[datetime]
    pay_from: Mapped[datetime]
    sealed_at: Mapped[datetime | None]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    minimum_minor: Mapped[int | None]
    review_days: Mapped[int | None]
    """The minimum payout and the review of the time of the draft; null in statements older than both."""
    rows_state: Mapped[str | None] = mapped_column(
        CheckConstraint("rows_state in ('building', 'ready')", name="state_of_statement_rows_known")
    )
    """Whether its rows are written (payouts/statements/rows); null until a job of this version begins."""
    rows_seq: Mapped[int | None]
    """The number of the brand's last transaction that its rows contain."""
    rows_cursor: Mapped[int | None]
    """While the rows are written: the number of the last transaction of which the line is written."""
    rows_after: Mapped[str | None]
    """While the rows are written: the last commission, then the last creator, that a later stage wrote."""
    noticed_at: Mapped[datetime | None]
    """When a mail server accepted the notice about the draft; on a real rail the review begins then."""
    planned_review_ends_at: Mapped[datetime | None]
    """Where the notice moved the end of the review: the end that was planned at the draft."""
    silence_basis: Mapped[str | None] = mapped_column(
        CheckConstraint("silence_basis in ('sandbox', 'notice', 'rule')", name="basis_of_silence_known")
    )
    """Why it could approve itself; null where a person approved it, and in statements of older versions."""


class StatementApproval(Base):
    """That a person approved a draft, of what it pays and after so many decisions. Append-only.

    A brand may want two persons above a limit (brand rules). `approver` is "cli" or the kind and id of the
    actor: the command line counts as one.
    """

    __tablename__ = "statement_approval"
    __table_args__ = (
        UniqueConstraint(
            "statement_id", "approver", "pays_minor", "decisions", name="a_person_approves_a_draft_once"
        ),
        CheckConstraint("actor_kind in ('user', 'key', 'cli', 'job')", name="approval_actor_known"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    statement_id: Mapped[str] = mapped_column(ForeignKey("statement.id"))
    approver: Mapped[str]
    pays_minor: Mapped[int]
    decisions: Mapped[int]
    actor_kind: Mapped[str]
    actor_id: Mapped[str | None]
    entry_point: Mapped[str]
    approved_at: Mapped[datetime]


class SealedDocument(Base):
    """A statement as it was approved: canonical JSON and its SHA-256. The database refuses changes.

    In format 1 it is the whole statement, in format 2 the head, which names the hashes of the parts.
    """

    __tablename__ = "sealed_document"
    __table_args__ = (STRICT,)

    statement_id: Mapped[str] = mapped_column(ForeignKey("statement.id"), primary_key=True)
    body: Mapped[str]
    sha256: Mapped[str]
    previous_sha256: Mapped[str | None]
    signature: Mapped[str | None]
    signature_key: Mapped[str | None]
    """A signature of `sha256`, and the id of its key. Nothing signs statements yet."""


class SealedPart(Base):
    """A part of a statement that is sealed in format 2: canonical JSON of at most 1 MB. Append-only.

    `last_key` is the key of its last row, as a JSON array: the next part of its kind begins after it.
    """

    __tablename__ = "sealed_part"
    __table_args__ = (
        CheckConstraint(
            "kind in ('creators', 'lines', 'adjustments', 'payments')", name="kind_of_sealed_part_known"
        ),
        STRICT,
    )

    statement_id: Mapped[str] = mapped_column(ForeignKey("statement.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    row_count: Mapped[int]
    last_key: Mapped[str]
    body: Mapped[str]
    sha256: Mapped[str]


class DecisionKind(StrEnum):
    HOLD = "hold"
    EXTEND = "extend"
    RELEASE = "release"
    DECLINE = "decline"
    BONUS = "bonus"
    DEDUCTION = "deduction"
    MOVE_CREDIT = "move_credit"
    KEEP_CREDIT = "keep_credit"
    UNDO = "undo"


class ReviewDecision(Base):
    """What a person decided about a commission or a creator. Append-only; an undo is a decision, too.

    `statement_id` is the draft on which it was taken, if there was one. `amount_minor` is what it was about:
    the commission's amount before it, or the amount of a bonus or deduction. `reversal_ref` is the returned
    transfer of which the decision takes money back.
    """

    __tablename__ = "review_decision"
    __table_args__ = (
        UniqueConstraint("undoes_id", name="a_decision_is_undone_once"),
        CheckConstraint(
            "kind in ('hold', 'extend', 'release', 'decline', 'bonus', 'deduction', 'move_credit', "
            "'keep_credit', 'undo')",
            name="decision_kind_known",
        ),
        CheckConstraint("actor_kind in ('user', 'key', 'cli', 'job')", name="decision_actor_known"),
        CheckConstraint("(kind = 'undo') = (undoes_id is not null)", name="an_undo_names_its_decision"),
        STRICT,
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brand.id"))
    statement_id: Mapped[str | None] = mapped_column(ForeignKey("statement.id"), index=True)
    creator_id: Mapped[str] = mapped_column(ForeignKey("creator.id"))
    commission_id: Mapped[str | None] = mapped_column(ForeignKey("commission.id"), index=True)
    kind: Mapped[str]
    code: Mapped[str | None]
    note: Mapped[str | None]
    evidence: Mapped[str | None]
    hold_until: Mapped[datetime | None]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    undoes_id: Mapped[str | None] = mapped_column(ForeignKey("review_decision.id"))
    reversal_ref: Mapped[str | None] = mapped_column(ForeignKey("transfer_reversal.reversal_ref"))
    actor_kind: Mapped[str]
    actor_id: Mapped[str | None]
    entry_point: Mapped[str]
    decided_at: Mapped[datetime]


class DecisionTransaction(Base):
    """A transaction that a decision posted. Append-only."""

    __tablename__ = "decision_transaction"
    __table_args__ = (STRICT,)

    decision_id: Mapped[str] = mapped_column(ForeignKey("review_decision.id"), primary_key=True)
    transaction_id: Mapped[str] = mapped_column(ForeignKey("ledger_transaction.id"), primary_key=True)


class DecisionHold(Base):
    """A hold that a decision placed, lifted or extended. Append-only."""

    __tablename__ = "decision_hold"
    __table_args__ = (STRICT,)

    decision_id: Mapped[str] = mapped_column(ForeignKey("review_decision.id"), primary_key=True)
    hold_id: Mapped[str] = mapped_column(ForeignKey("commission_hold.id"), primary_key=True)
