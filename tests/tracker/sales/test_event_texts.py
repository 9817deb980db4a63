"""The words of the reasons of events, from their codes and their parameters as they are stored.

The codes of single kinds of shops are in `tests/tracker/sales/integrations/test_kind_reasons.py`.
"""

from typing import Any

import pytest

from tests.tracker.sales.reason_words import assert_words
from tracker.reasons import Reason
from tracker.sales.event_reasons import EventReason
from tracker.sales.event_texts import TEXTS, combined, dismissed, stored_reason
from tracker.sales.integrations.stripe.reasons import StripeReason

EUR, USD = {"minor": 1999, "currency": "EUR"}, {"minor": 500, "currency": "USD"}
CODE = EventReason
EXAMPLES: list[tuple[EventReason, dict[str, Any], str]] = [
    (CODE.WAITING_FOR_ORDER, {"names": ["7"], "source": None}, "waiting for order 7"),
    (
        CODE.WAITING_FOR_ORDER,
        {"names": ["pi_1", "cs_1"], "source": "src_1"},
        "waiting for order pi_1 or cs_1 of src_1",
    ),
    (
        CODE.REFUND_NOT_REPORTED,
        {"order": "7", "claimed": EUR, "reported": {"minor": 0, "currency": "EUR"}, "source": "src_1"},
        (
            "19.99 EUR of order 7 went back by this account, and 0.00 EUR by src_1, whose reports count. "
            "This waits for the other's report; if none comes, report the refund by hand, or dismiss this "
            "event"
        ),
    ),
    (
        CODE.SEVERAL_ORDERS,
        {"name": "pi_1", "orders": ["7", "8"]},
        "pi_1 belongs to several orders, 7, 8. Report it by hand for the right one, then dismiss this event",
    ),
    (
        CODE.CURRENCY_DIFFERS,
        {"order": "7", "currency": "USD", "order_currency": "EUR"},
        "data.currency is USD, but order 7 was paid in EUR.",
    ),
    (
        CODE.DATED_BEFORE_BRAND,
        {
            "order": "7",
            "occurred_at": "2001-01-01T00:00:00Z",
            "days": 31,
            "brand_since": "2025-10-01T00:00:00Z",
        },
        (
            "Order 7 is dated 2001-01-01T00:00:00Z, more than 31 days before the brand was set up here "
            "(2025-10-01T00:00:00Z): is the date right?"
        ),
    ),
    (
        CODE.SALE_DIFFERS,
        {
            "order": "7",
            "event": "evt_1",
            "differences": [
                {
                    "field": "occurred_at",
                    "reported": "2025-11-02T10:00:00+00:00",
                    "booked": "2025-11-01T10:00:00+00:00",
                },
                {"field": "total", "reported": 7000, "booked": 11900},
                {"field": "cost", "reported": None, "booked": 5},
                {"field": "items"},
            ],
        },
        (
            "Order 7 is booked already by evt_1, and differs: occurred_at is 2025-11-02 10:00:00+00:00, "
            "booked is 2025-11-01 10:00:00+00:00, total is 7000, booked is 11900, "
            "cost is None, booked is 5, items."
        ),
    ),
    (
        CODE.REFUND_DIFFERS,
        {"refund": "r1", "order": "7", "event": "evt_1"},
        "Refund r1 of order 7 is booked already by evt_1, with other content.",
    ),
    (
        CODE.DISPUTE_DIFFERS,
        {"dispute": "d1", "status": "lost", "order": "7", "event": "evt_1"},
        "Dispute d1 (lost) of order 7 is booked already by evt_1, with other content.",
    ),
    (
        CODE.ID_USED_BEFORE,
        {"event": "evt_1"},
        (
            "The id was used before, by evt_1, for another message. Nothing of this one was applied: "
            "replay it when it is genuine, or dismiss it, and give each message an id of its own."
        ),
    ),
    (CODE.INVALID_FIELD, {"field": "data.total", "words": "data.total is {-1}."}, "data.total is {-1}."),
    (CODE.INVALID_MESSAGE, {"words": "The body is not JSON."}, "The body is not JSON."),
    (CODE.REFUSED, {"words": "There is no brand."}, "There is no brand."),
    (
        CODE.INTERNAL_ERROR,
        {"error": "KeyError"},
        "Linkledger failed on it (KeyError); replay it after an upgrade.",
    ),
    (
        CODE.DISMISSED,
        {
            "words": "not ours",
            "before": {
                "stored_words": "waiting",
                "code": "waiting_for_order",
                "parameters": {"names": ["7"], "source": None},
            },
        },
        "waiting for order 7 [dismissed: not ours]",
    ),
    (CODE.ALREADY_BOOKED, {"event": "evt_1", "revision": None}, "already booked by evt_1"),
    (
        CODE.ALREADY_BOOKED,
        {"event": "evt_1", "revision": 2},
        "already booked by evt_1; its new evidence made attribution 2",
    ),
    (CODE.ALREADY_CANCELLED, {"event": "evt_1"}, "already cancelled by evt_1"),
    (CODE.REFUND_FAILURE_KNOWN, {"refund": "re_1"}, "refund re_1 is known to have failed"),
    (CODE.CUMULATIVE_REFUND_KNOWN, {"payment": "ch_1", "amount": EUR}, "known: 1999 of ch_1 went back"),
    (CODE.NEW_EVIDENCE, {"revision": 2}, "its evidence made attribution 2"),
    (CODE.NO_NEW_EVIDENCE, {}, "no evidence that was not known"),
    (
        CODE.TOTAL_DIFFERS,
        {"reported": USD, "primary": EUR},
        "it says 5.00 USD, and 19.99 EUR is what counts",
    ),
    (
        CODE.REFUND_NOT_COUNTED,
        {"order": "7", "source": "src_1"},
        "not counted: refunds of order 7 are those of src_1",
    ),
    (CODE.OTHER_MODE, {"order": "7", "order_is_test": True}, "order 7 is a test, and this is not"),
    (CODE.OTHER_MODE, {"order": "7", "order_is_test": False}, "order 7 is live, and this is not"),
    (
        CODE.SEVERAL_REASONS,
        {
            "reasons": [
                {"stored_words": "a", "code": "no_new_evidence", "parameters": {}},
                {"stored_words": "of a newer version", "code": "unknown", "parameters": {}},
            ]
        },
        "no evidence that was not known; of a newer version",
    ),
    (
        CODE.NAMES_NO_KNOWN_ORDER,
        {},
        "it names no order and no payment that the other source could know",
    ),
    (CODE.TOPIC_IGNORED, {"topic": "app/gone"}, "nothing is done for messages of topic app/gone"),
    (CODE.EVENT_TYPE_IGNORED, {"type": "plan.new"}, "nothing is done for events of type plan.new"),
    (CODE.NOTHING_PAID, {}, "nothing was paid"),
]


@pytest.mark.parametrize(("code", "parameters", "words"), EXAMPLES)
def test_words_are_rendered_from_stored_parameters(
    code: EventReason, parameters: dict[str, Any], words: str
) -> None:
    assert_words(code, parameters, words)


def test_every_code_has_an_example() -> None:
    assert {code for code, _parameters, _words in EXAMPLES} == set(EventReason)


def test_an_event_without_a_reason_has_no_code_either() -> None:
    """Also where an older version, which does not know the code, has removed the words."""
    nothing = {"reason": None, "reason_code": None, "reason_parameters": None}
    assert stored_reason(None, None, None) == stored_reason(None, "no_new_evidence", {}) == nothing


def test_an_event_that_is_older_than_the_codes_has_its_stored_words() -> None:
    found = stored_reason("words of its time", None, None)
    assert found == {"reason": "words of its time", "reason_code": None, "reason_parameters": None}


def test_an_event_whose_words_its_code_does_not_give_has_no_code() -> None:
    found = stored_reason("newer words", "no_new_evidence", {})
    assert found == {"reason": "newer words", "reason_code": None, "reason_parameters": None}


def test_a_message_with_one_note_has_its_code() -> None:
    note = Reason(EventReason.NO_NEW_EVIDENCE)
    assert combined([]) is None
    assert combined([note]) == combined([note, note]) == note


def test_a_message_with_several_notes_has_one_code_with_parts() -> None:
    notes = [Reason(EventReason.NOTHING_PAID), Reason(EventReason.NEW_EVIDENCE, {"revision": 2})]
    both = combined(notes)
    assert both is not None
    assert both.code == EventReason.SEVERAL_REASONS
    assert [each["code"] for each in both.parameters["reasons"]] == ["nothing_paid", "new_evidence"]
    assert TEXTS.words(both) == "nothing was paid; its evidence made attribution 2"


def test_the_reason_of_a_dismissed_event_keeps_stored_words_that_have_no_code() -> None:
    reason = dismissed("a mistake", "waiting for order 7", None, None)
    assert TEXTS.words(reason) == "waiting for order 7 [dismissed: a mistake]"


def test_reasons_of_a_kind_of_shop_are_rendered_inside_others() -> None:
    before = {"stored_words": "words of its time", "code": "order_status", "parameters": {"status": "void"}}
    reason = Reason(EventReason.DISMISSED, {"words": "a mistake", "before": before})
    assert TEXTS.words(reason) == "the order is void [dismissed: a mistake]"
    former = dismissed("a mistake", "the order is void", "order_status", {"status": "void"})
    assert former.parameters["before"] == {**before, "stored_words": "the order is void"}
    both = combined([Reason(EventReason.NOTHING_PAID), Reason(StripeReason.PAID_ELSEWHERE)])
    assert both is not None
    assert TEXTS.words(both) == "nothing was paid; the invoice was paid outside Stripe"


@pytest.mark.parametrize("code", ["no_effect", "of_a_kind_that_was_removed"])
def test_an_unknown_code_shows_the_stored_words(code: str) -> None:
    shown = stored_reason("a gift was wrapped", code, {"words": "a gift was wrapped"})
    assert (shown["reason"], shown["reason_code"]) == ("a gift was wrapped", code)
