"""The states of a payout and the only ways between them (docs/money.md 7). Pure."""

from tracker.errors import Conflict

STEPS: dict[str, frozenset[str]] = {
    "prepared": frozenset({"sending", "cancelled"}),
    "sending": frozenset({"paid", "failed", "unknown"}),
    "unknown": frozenset({"paid", "failed"}),
    "failed": frozenset({"prepared", "cancelled"}),
    "paid": frozenset({"returned"}),
    "returned": frozenset(),
    "cancelled": frozenset(),
}

OPEN = frozenset({"prepared", "sending", "unknown"})
"""States in which a payout's amount stands in transit."""

FINAL = frozenset({"paid", "returned", "cancelled"})
"""States after which a payout is not sent again."""


def require_step(payout_id: str, current: str, following: str) -> None:
    """Raises Conflict when a payout cannot go from one state to the other."""
    if following not in STEPS[current]:
        ways = ", ".join(sorted(STEPS[current])) or "nothing: it is final"
        raise Conflict(f"{payout_id} is {current} and cannot become {following}; it can become {ways}.")
