"""The chain of hashes through a brand's transactions: a changed, lost or swapped one breaks it. Pure."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from config.canonical import ISO_FORMAT, canonical_json
from payouts.ledger.models import Posting, Transaction

GENESIS = "0" * 64


def link_hash(transaction: Transaction, postings: Sequence[Posting]) -> str:
    """SHA-256 over the hash before and over everything that the transaction and its postings say."""
    content = {
        "id": transaction.id,
        "brand": transaction.brand_id,
        "seq": transaction.seq,
        "kind": transaction.kind,
        "event_key": transaction.event_key,
        "inputs_hash": transaction.inputs_hash,
        "subject": transaction.subject_id,
        "period": transaction.period_id,
        "effective_at": _utc_iso(transaction.effective_at),
        "recorded_at": _utc_iso(transaction.recorded_at),
        "postings": [
            [line.line, line.debit_account_id, line.credit_account_id, line.amount_minor, line.currency]
            for line in sorted(postings, key=lambda posting: posting.line)
        ],
    }
    text = transaction.previous_hash + canonical_json(content)
    return hashlib.sha256(text.encode()).hexdigest()


def _utc_iso(at: datetime) -> str:
    """In UTC, as the database gives it back, whatever zone it was written in."""
    return at.astimezone(UTC).strftime(ISO_FORMAT)
