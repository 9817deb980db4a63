"""Words for the kinds of transactions, wherever a person reads them. Pure.

Stored kinds and JSON values keep their own words (docs/glossary.md).
"""

from collections.abc import Mapping

TRANSACTION_LABELS: Mapping[str, str] = {
    "accrue": "earned",
    "reinstate_held": "reinstated before release",
    "reverse_held": "reversed before release",
    "mature": "released",
    "hold": "held again",
    "reverse_payable": "reversed after release",
    "reinstate_payable": "reinstated after release",
    "payout_prepared": "payout prepared",
    "payout_confirmed": "paid",
    "payout_released": "payout not made",
    "transfer_reversed": "transfer returned",
    "orphan_adopted": "transfer adopted",
    "paid_by_hand": "paid by hand",
    "deposit": "deposit",
    "withdrawal": "withdrawal",
    "rail_fee": "fee of the payment provider",
    "bonus": "bonus",
    "deduction": "deduction",
    "vat": "VAT",
    "vat_credit_note": "VAT credit note",
    "write_off": "write-off",
    "unclaimed": "unclaimed",
    "gift": "gift",
    "exchange": "currency exchange",
}


def transaction_label(kind: str) -> str:
    """A transaction's kind in words, in lower case: "paid by hand" for `paid_by_hand`."""
    return TRANSACTION_LABELS.get(kind, kind.replace("_", " "))
