"""What a look-up at the rail says about a transfer whose outcome we never learned. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from payouts.transfers.outcome import Outcome
from payouts.transfers.stripe_shapes import TransferFound

ABSENT = "not_found_yet"


def outcome_of_lookup(parameters: Mapping[str, Any], found: Sequence[TransferFound]) -> Outcome:
    """The transfer that matches attempt, amount and currency settles it; nothing found settles nothing.

    Absence is no proof: the rail may show it late. A person decides after that.
    """
    for transfer in found:
        same = (
            transfer.metadata.get("attempt") == parameters["metadata"]["attempt"]
            and transfer.amount == parameters["amount"]
            and transfer.currency == str(parameters["currency"]).upper()
        )
        if same:
            return Outcome("paid", transfer_ref=transfer.transfer_ref, message="Found at the provider.")
    if found:
        return Outcome(
            "conflict",
            code="answer_mismatch",
            message="The payment provider has a transfer of this payout with other contents; look there.",
        )
    return Outcome(
        "unknown",
        code=ABSENT,
        message="The payment provider shows no such transfer. When you are sure that none was made, run: "
        "linkledger payout retry PAYOUT --nothing-was-sent",
    )
