"""Words for the kinds of commission entries, wherever a person reads them. Pure.

Stored kinds and JSON values keep their own words (docs/glossary.md).
"""

from collections.abc import Mapping

ENTRY_LABELS: Mapping[str, str] = {
    "accrue": "earned",
    "confirmed": "confirmed",
    "mature": "released",
    "refund": "refunded",
    "refund_failed": "refund failed",
    "refund_level": "refunded",
    "cancellation": "order cancelled",
    "decline": "declined",
    "superseded": "replaced",
    "hold": "held again",
    "kept": "credit kept",
    "dispute_opened": "disputed",
    "dispute_won": "dispute won",
    "dispute_lost": "dispute lost",
}


def entry_label(kind: str) -> str:
    """An entry's kind in words, in lower case: "released" for `mature`."""
    return ENTRY_LABELS.get(kind, kind.replace("_", " "))
