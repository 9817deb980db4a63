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
    "tax_withheld": "tax withheld",
    "deposit": "deposit",
    "withdrawal": "withdrawal",
    "rail_fee": "fee of the payment provider",
    "rail_loss": "debt collected by the payment provider",
    "bonus": "bonus",
    "flat_fee": "flat fee",
    "deduction": "deduction",
    "vat": "VAT",
    "vat_credit_note": "VAT credit note",
    "vat_reverse_charge": "VAT, reverse charge",
    "vat_reverse_charge_credit_note": "VAT credit note, reverse charge",
    "write_off": "write-off",
    "unclaimed": "unclaimed",
    "claimed": "claimed after all",
    "gift": "gift",
    "exchange": "currency exchange",
    "exchange_gain": "exchange gain",
    "exchange_loss": "exchange loss",
}


def transaction_label(kind: str) -> str:
    """A transaction's kind in words, in lower case: "paid by hand" for `paid_by_hand`."""
    return TRANSACTION_LABELS.get(kind, kind.replace("_", " "))
