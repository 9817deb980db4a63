"""The states of a payout and the allowed transitions between them (docs/money.md 7). Pure."""

from tracker.errors import Conflict

TRANSITIONS: dict[str, frozenset[str]] = {
    "prepared": frozenset({"sending", "cancelled"}),
    "sending": frozenset({"paid", "failed", "unknown"}),
    "unknown": frozenset({"paid", "failed"}),
    "failed": frozenset({"prepared", "cancelled"}),
    "paid": frozenset({"returned"}),
    "returned": frozenset(),
    "cancelled": frozenset(),
    "settled": frozenset(),
}
"""A payout is made `prepared`, or `settled` when its entries sum to 0 and nothing is sent."""

OPEN = frozenset({"prepared", "sending", "unknown"})
"""States in which a payout's amount is in transit."""

SENT = frozenset({"sending", "unknown", "paid", "returned", "settled"})
"""States in which a payout's items are settled: no other payout may have them."""

FINAL = frozenset({"paid", "returned", "cancelled", "settled"})
"""States after which a payout is not sent again."""


def require_transition(payout_id: str, current: str, new_state: str) -> None:
    """Raises Conflict when the transition is not allowed."""
    if new_state not in TRANSITIONS[current]:
        allowed = ", ".join(sorted(TRANSITIONS[current])) or "nothing: it is final"
        raise Conflict(f"{payout_id} is {current} and cannot become {new_state}; it can become {allowed}.")
