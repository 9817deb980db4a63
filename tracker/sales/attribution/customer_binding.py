"""For how long a customer is bound to the creator who brought them (docs/money.md 5). Pure.

`first_sale`: only for the order that binds the customer. `months`: for orders less than that many calendar
months after it, in UTC; an order exactly that many months later is not bound. `lifetime`: for every later
order.
"""

from calendar import monthrange
from datetime import datetime
from typing import Any

from tracker.reasons import Reason
from tracker.sales.attribution.inputs import Binding, Policy, SaleFacts
from tracker.sales.attribution.reasons import AttributionReason, Flaw, reason_of

FIRST_SALE, MONTHS, LIFETIME = "first_sale", "months", "lifetime"


def months_after(at: datetime, months: int) -> datetime:
    """The same day and time `months` later; the last day of that month if it has no such day."""
    years, month = divmod(at.month - 1 + months, 12)
    year = at.year + years
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))


def binding_rejection_reason(binding: Binding, sale: SaleFacts, policy: Policy) -> Reason | None:
    """Why the binding does not apply to this sale; None when it does."""
    if policy["customers"] == FIRST_SALE:
        return Reason(AttributionReason.FIRST_SALE_ONLY)
    if binding["flaw"] is not None:
        return reason_of(binding["flaw"])
    months = policy["months"]
    if policy["customers"] == MONTHS and months is not None:
        end = months_after(datetime.fromisoformat(binding["at"]), months)
        if datetime.fromisoformat(sale["occurred_at"]) >= end:
            return Reason(AttributionReason.BINDING_EXPIRED, _bound_by(binding, months))
    return None


def binding_reason(binding: Binding, policy: Policy) -> Reason:
    """Why the binding decides."""
    months = None if policy["customers"] == LIFETIME else policy["months"]
    return Reason(AttributionReason.BINDING_DECIDES, _bound_by(binding, months))


def binding_facts(binding: Binding) -> dict[str, Any]:
    """What a candidate shows of the binding."""
    names = ("order_id", "namespace", "at", "link_id", "enrollment_id")
    return {name: binding[name] for name in names}  # type: ignore[literal-required]


def is_same_binding(known: Binding | None, found: Binding | None) -> bool:
    """Whether a sale whose binding was `known` need not be decided again, now that its binding is `found`.

    A known flaw may be a sentence of rules 2. It equals any flaw that is found: with either the binding does
    not decide.
    """
    if known and found and found["flaw"] and _is_sentence(known["flaw"]):
        return {**known, "flaw": found["flaw"]} == found
    return known == found


def _is_sentence(flaw: Flaw | None) -> bool:
    return flaw is not None and flaw["code"] == AttributionReason.STORED_WORDS


def _bound_by(binding: Binding, months: int | None) -> dict[str, Any]:
    return {"order_id": binding["order_id"], "at": binding["at"], "months": months}
