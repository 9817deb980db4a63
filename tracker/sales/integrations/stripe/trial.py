"""An order as Stripe reports it from a test environment: a Checkout session that was paid."""

from tracker.money import exponent
from tracker.sales.integrations.trial_order import TrialMessage, TrialOrder, trial_message
from tracker.stripe_amounts import stripe_units_per_whole


def trial_order(order: TrialOrder) -> TrialMessage:
    """Stripe says that it is a test by `livemode`."""
    seconds = int(order.at.timestamp())
    parts = {"amount_tax": _units(order.tax, order), "amount_shipping": _units(order.shipping, order)}
    session = {
        "id": f"cs_test_{order.number}",
        "object": "checkout.session",
        "mode": "payment",
        "payment_status": "paid",
        "livemode": False,
        "created": seconds,
        "currency": order.currency.lower(),
        "amount_total": _units(order.total, order),
        "total_details": parts | {"amount_discount": 0},
        "client_reference_id": order.click,
        "metadata": {},
    }
    event = {
        "id": f"evt_test_{order.number}",
        "object": "event",
        "type": "checkout.session.completed",
        "created": seconds,
        "livemode": False,
        "data": {"object": session},
    }
    return trial_message(event)


def _units(minor: int, order: TrialOrder) -> int:
    """The amount as Stripe counts it."""
    units = stripe_units_per_whole(order.currency) or 10 ** exponent(order.currency)
    return minor * units // int(10 ** exponent(order.currency))
