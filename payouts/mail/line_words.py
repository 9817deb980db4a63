"""Why a line is held or was changed, as its creator reads it: in the reader's language, by codes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from payouts.commissions.holds.ends import asked_from
from payouts.commissions.models import PlacedBy
from payouts.commissions.reasons import CommissionReason
from tracker.language.formats import format_money, format_time
from tracker.language.texts import gettext as _
from tracker.language.texts import gettext_noop as N_
from tracker.money import Money
from tracker.sales.suspicion.reasons import SuspicionReason

_REASONS = {
    CommissionReason.CANCELLED: N_("the order was cancelled"),
    CommissionReason.RETURNED: N_("the goods came back"),
    CommissionReason.PAYMENT_FAILED: N_("the shopper's payment failed"),
    CommissionReason.BREACH: N_("the program's terms were broken"),
    CommissionReason.DUPLICATE: N_("the order was reported twice"),
    CommissionReason.SELF_PURCHASE: N_("you bought through your own link"),
    CommissionReason.UNDER_REVIEW: N_("the brand is looking into it"),
    CommissionReason.OTHER: N_("another reason, see the note"),
    CommissionReason.REFUNDED: N_("the shop refunded the order"),
    CommissionReason.REFUND_WITH_SHOP_WORDS: N_("the shop refunded the order"),
    CommissionReason.CUMULATIVE_REFUND: N_("the shop refunded the order"),
    CommissionReason.REFUND_FAILED: N_("the refund failed, and the shop has the money again"),
    CommissionReason.ORDER_CANCELLED: N_("the order was cancelled"),
    CommissionReason.DISPUTE_OPENED: N_("the shopper disputes the payment"),
    CommissionReason.DISPUTE_WON: N_("the payment is not disputed any more"),
    CommissionReason.DISPUTE_LOST: N_("the bank took the payment back"),
    CommissionReason.NEW_EVIDENCE: N_("new evidence credits the sale differently"),
    CommissionReason.CREDIT_MOVED: N_("the brand credits the sale differently"),
    CommissionReason.DISPUTE_OPEN: N_("the shopper disputes the payment"),
    CommissionReason.MESSAGE_WAITS: N_("a message of the shop about this order waits for a decision"),
    CommissionReason.COST_MISSING: N_("the shop did not send what the goods cost"),
    CommissionReason.REMOVED: N_("you were removed from the program"),
}
_SUSPICIONS = {
    SuspicionReason.OWN_ADDRESS: N_("the shopper's e-mail address is yours"),
    SuspicionReason.OWN_MAILBOX: N_("the shopper's e-mail address leads to your mailbox"),
    SuspicionReason.CODE_WITHOUT_CLICK: N_("your code was used without a click on one of your links"),
    SuspicionReason.CLICK_AFTER_CHECKOUT_BEGAN: N_("the click came after the checkout had begun"),
    SuspicionReason.CLICK_AFTER_PAYMENT: N_("the click came after the order was paid"),
    SuspicionReason.MANY_SALES: N_("many orders came from one visitor in a short time"),
    SuspicionReason.POSSIBLE_DUPLICATE: N_("the order may have been reported twice"),
}
_UNKNOWN = N_("the brand is looking into it")


def reason_words(code: str | None, parameters: Mapping[str, Any] | None = None) -> str:
    """A part of a sentence, without its end. The words of a shop are not shown: they may name the shopper."""
    if code == CommissionReason.SUSPICION:
        found = (parameters or {}).get("suspicion", {}).get("reason_code")
        return _(next((words for each, words in _SUSPICIONS.items() if each.value == found), _UNKNOWN))
    return _(next((words for each, words in _REASONS.items() if each.value == code), _UNKNOWN))


def held_words(reason: str, until: datetime | None, zone: str) -> str:
    """Until when it is held, and what happens then."""
    if until is None:
        return _("Held: %(reason)s.", reason=reason)
    shown = format_time(until, zone, with_zone=True)
    return _("Held until %(until)s: %(reason)s. Then it is released.", until=shown, reason=reason)


def hold_words(
    code: str | None,
    parameters: Mapping[str, Any] | None,
    *,
    placed_by: str | None,
    placed_at: datetime,
    ends_at: datetime | None,
    zone: str,
) -> str:
    """The same of a hold that no person placed; one of a dispute lasts until the dispute is decided."""
    reason = reason_words(code, parameters)
    if placed_by != PlacedBy.DISPUTE.value or ends_at is not None:
        return held_words(reason, ends_at, zone)
    until = format_time(asked_from(placed_at, zone), zone, with_zone=True)
    return _(
        "Held: %(reason)s. It is released when the shop wins the dispute. If nobody decides it until "
        "%(until)s, the payment provider is asked; then the brand decides within 30 days, or it is released.",
        reason=reason,
        until=until,
    )


def changed_words(reason: str, left: Money, *, lowered: bool) -> str:
    """What a report of the shop or new evidence did, and what the commission is now."""
    if not lowered:
        return _("Restored: %(reason)s. It is %(left)s now.", reason=reason, left=format_money(left))
    if not left.minor:
        return _("Reversed: %(reason)s. Nothing is left of it.", reason=reason)
    return _("Reversed: %(reason)s. %(left)s are left of it.", reason=reason, left=format_money(left))
