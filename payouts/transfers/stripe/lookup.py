"""What a look-up at the rail says about a transfer whose outcome is unknown. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from payouts.transfers.stripe.outcome import Outcome
from payouts.transfers.stripe.shapes import StripeTransfer

ABSENT = "not_found_yet"


def is_transfer_of(parameters: Mapping[str, Any], transfer: StripeTransfer) -> bool:
    """Whether a transfer was made by an attempt with these parameters."""
    metadata = parameters["metadata"]
    return (
        transfer.metadata.get("payout_id") == metadata["payout_id"]
        and transfer.metadata.get("attempt") == metadata["attempt"]
        and transfer.amount == parameters["amount"]
        and transfer.currency == str(parameters["currency"]).upper()
        and transfer.destination == parameters["destination"]
    )


def outcome_of_lookup(parameters: Mapping[str, Any], found: Sequence[StripeTransfer]) -> Outcome:
    """Paid when a transfer matches the parameters that were sent; unknown when nothing was found.

    found: the payout's transfers that are not adopted. That none was found is no proof, because the rail may
    list a transfer late; then a person decides.
    """
    for transfer in found:
        if is_transfer_of(parameters, transfer):
            return Outcome("paid", transfer_ref=transfer.transfer_ref, message="Found at the provider.")
    if found:
        ref = found[0].transfer_ref
        return Outcome(
            "conflict",
            code="answer_mismatch",
            message=f"The payment provider has {ref} for this payout, with other contents than were sent; "
            f"look there. To book it as paid to its creator, run: linkledger payout adopt {ref} --brand ID",
        )
    return Outcome(
        "unknown",
        code=ABSENT,
        message="The payment provider shows no such transfer. When you are sure that none was made, run: "
        "linkledger payout retry PAYOUT --nothing-was-sent",
    )
