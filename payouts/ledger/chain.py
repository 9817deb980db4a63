"""The hash chain of a brand's transactions. A changed, missing or reordered transaction breaks it. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from config.canonical import CanonicalText, canonical_json, iso_text
from payouts.ledger.models import Posting, Transaction

GENESIS = "0" * 64


class Link(NamedTuple):
    """A row of `ledger_transaction` without its hash."""

    id: str
    brand_id: str
    seq: int
    kind: str
    event_key: str
    inputs: CanonicalText
    inputs_hash: str
    subject_id: str
    period_id: str
    effective_at: datetime
    recorded_at: datetime
    previous_hash: str


class LinkPosting(NamedTuple):
    """A row of `ledger_posting` without its id."""

    transaction_id: str
    line: int
    debit_account_id: str
    credit_account_id: str
    amount_minor: int
    currency: str


def link_hash(transaction: Transaction | Link, postings: Sequence[Posting | LinkPosting]) -> str:
    """SHA-256, in hexadecimal, of the previous hash and all that the transaction and its postings contain."""
    content = {
        "id": transaction.id,
        "brand": transaction.brand_id,
        "seq": transaction.seq,
        "kind": transaction.kind,
        "event_key": transaction.event_key,
        "inputs_hash": transaction.inputs_hash,
        "subject": transaction.subject_id,
        "period": transaction.period_id,
        "effective_at": iso_text(transaction.effective_at),
        "recorded_at": iso_text(transaction.recorded_at),
        "postings": [
            [line.line, line.debit_account_id, line.credit_account_id, line.amount_minor, line.currency]
            for line in sorted(postings, key=lambda posting: posting.line)
        ],
    }
    return text_hash(transaction.previous_hash + canonical_json(content))


def inputs_text(inputs: Mapping[str, Any]) -> CanonicalText:
    """The inputs of a transaction as they are stored."""
    return CanonicalText(canonical_json(dict(inputs)))


def inputs_hash(inputs: Mapping[str, Any]) -> str:
    """SHA-256 of the inputs as they are stored, in hexadecimal."""
    return text_hash(inputs_text(inputs))


def text_hash(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
