"""For how long a customer is bound to the creator who brought them (docs/money.md 5). Pure.

`first_sale`: only for the order that binds the customer. `months`: for orders less than that many calendar
months after it, in UTC; an order exactly that many months later is not bound. `lifetime`: for every later
order.
"""

from calendar import monthrange
from datetime import datetime
from typing import Any

from tracker.sales.attribution.inputs import Binding, Policy, SaleFacts

FIRST_SALE, MONTHS, LIFETIME = "first_sale", "months", "lifetime"


def months_after(at: datetime, months: int) -> datetime:
    """The same day and time `months` later; the last day of that month if it has no such day."""
    years, month = divmod(at.month - 1 + months, 12)
    year = at.year + years
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))


def binding_rejection_reason(binding: Binding, sale: SaleFacts, policy: Policy) -> str | None:
    """Why the binding does not apply to this sale; None when it does."""
    if policy["customers"] == FIRST_SALE:
        return "The brand binds customers for their first sale only."
    if binding["flaw"] is not None:
        return binding["flaw"]
    months = policy["months"]
    if policy["customers"] == MONTHS and months is not None:
        end = months_after(datetime.fromisoformat(binding["at"]), months)
        if datetime.fromisoformat(sale["occurred_at"]) >= end:
            return (
                f"The customer was bound by {_order_text(binding)} for {_duration_text(policy)}, "
                "and that was over."
            )
    return None


def binding_reason(binding: Binding, policy: Policy) -> str:
    return (
        f"The known customer decides: neither a click nor a code does, and {_order_text(binding)} bound him "
        f"for {_duration_text(policy)}."
    )


def binding_candidate(binding: Binding, outcome: str, reason: str) -> dict[str, Any]:
    """The binding as an entry of the decision's candidates. `outcome` is won or lost."""
    names = ("order_id", "namespace", "at", "link_id", "enrollment_id")
    facts = {name: binding[name] for name in names}  # type: ignore[literal-required]
    return {"kind": "customer", "outcome": outcome, "reason": reason, **facts}


def _order_text(binding: Binding) -> str:
    return f"order {binding['order_id']} of {binding['at'][:10]}"


def _duration_text(policy: Policy) -> str:
    months = policy["months"]
    if policy["customers"] == LIFETIME or months is None:
        return "ever"
    return f"{months} month{'s' if months != 1 else ''}"
