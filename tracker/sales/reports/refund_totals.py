"""What providers say of all refunds of a payment together, beside the single ones."""

from collections.abc import Iterable


def excess_cumulative_minor(cumulative_refunds: Iterable[tuple[str, int]], single_refunds_minor: int) -> int:
    """Of each payment's highest level what the refunds that have a name do not explain, in minor units.

    `cumulative_refunds` are payments with what had gone back of them by some time; `single_refunds_minor` is the sum of all single
    refunds. A level is what had gone back whatever became of it since: refunds that failed explain it as well
    as others. So nothing counts twice, and no order of arrival matters.
    """
    highest: dict[str, int] = {}
    for payment_id, amount_minor in cumulative_refunds:
        highest[payment_id] = max(amount_minor, highest.get(payment_id, 0))
    return max(sum(highest.values()) - single_refunds_minor, 0)
