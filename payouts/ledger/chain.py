"""The hash chain of a brand's transactions. A changed, missing or reordered transaction breaks it. Pure."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from config.canonical import ISO_FORMAT, canonical_json
from payouts.ledger.models import Posting, Transaction

GENESIS = "0" * 64


def link_hash(transaction: Transaction, postings: Sequence[Posting]) -> str:
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
    """In UTC, as the database returns it: the time zone of the writer must not change the hash."""
    return at.astimezone(UTC).strftime(ISO_FORMAT)
