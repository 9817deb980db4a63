"""Compares the cumulative refunds that providers report with the single refunds."""

from collections.abc import Iterable


def excess_cumulative_minor(cumulative_refunds: Iterable[tuple[str, int]], single_refunds_minor: int) -> int:
    """The part of the cumulative refunds that the single refunds do not explain, in minor units, at least 0.

    `cumulative_refunds` are pairs of a payment's id and its cumulative refund at some time; the highest of
    each payment is used. `single_refunds_minor` is the sum of all single refunds, failed ones included: a
    cumulative refund still contains a refund that failed later. So nothing is counted twice, and the order of
    arrival does not matter.
    """
    highest: dict[str, int] = {}
    for payment_id, amount_minor in cumulative_refunds:
        highest[payment_id] = max(amount_minor, highest.get(payment_id, 0))
    return max(sum(highest.values()) - single_refunds_minor, 0)
