"""Every transition between two states of a payout, allowed or not (docs/money.md 7)."""

import itertools

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from payouts.settlement.reasons import PayoutReason
from payouts.settlement.states import OPEN, SENT, TRANSITIONS, require_transition
from payouts.settlement.transitions import cancel
from tests.cast.books import Books, at
from tests.cast.months import only_payout
from tracker.errors import Conflict, NotFound
from tracker.reasons import Reason

CHANGED_MY_MIND = Reason(PayoutReason.CANCELLED_BY_PERSON, {"words": "changed my mind"})

ALLOWED = {
    ("prepared", "sending"),
    ("prepared", "cancelled"),
    ("sending", "paid"),
    ("sending", "failed"),
    ("sending", "unknown"),
    ("unknown", "paid"),
    ("unknown", "failed"),
    ("failed", "prepared"),
    ("failed", "cancelled"),
    ("paid", "returned"),
}
STATES = ("prepared", "sending", "unknown", "paid", "failed", "cancelled", "returned", "settled")


@pytest.mark.parametrize(("current", "new_state"), [*itertools.product(STATES, repeat=2)])
def test_only_allowed_state_transitions_pass(current: str, new_state: str) -> None:
    if (current, new_state) in ALLOWED:
        require_transition("pay_1", current, new_state)
    else:
        with pytest.raises(Conflict, match=f"pay_1 is {current} and cannot become {new_state}"):
            require_transition("pay_1", current, new_state)


def test_transition_table_covers_every_state_and_names_the_open_ones() -> None:
    assert set(TRANSITIONS) == set(STATES)
    assert {"prepared", "sending", "unknown"} == OPEN
    assert {"sending", "unknown", "paid", "returned", "settled"} == SENT


def test_a_paid_payout_cannot_be_cancelled_and_an_unknown_one_is_not_found(sealed: Books) -> None:
    sealed.pay("11-09")
    payout = only_payout(sealed)
    with pytest.raises(Conflict, match="is paid"):
        sealed.write(lambda s: cancel(s, at("11-10"), payout.id, reason=CHANGED_MY_MIND))
    with pytest.raises(NotFound):
        sealed.write(lambda s: cancel(s, at("11-10"), "pay_unknown", reason=CHANGED_MY_MIND))
    assert only_payout(sealed).state == "paid"


def test_the_database_refuses_invalid_states_and_amounts(sealed: Books) -> None:
    sealed.pay("11-09")
    for change in ("state = 'lost'", "amount_minor = 0", "amount_minor = -5"):
        with pytest.raises(IntegrityError):
            sealed.write(lambda s, change=change: s.execute(text(f"update payout set {change}")))
