import pytest

from payouts.settlement.reasons import PAYOUT_TEXTS
from payouts.transfers.stripe.outcome import Kind, Outcome, is_conclusive, reason_for, scrubbed


@pytest.mark.parametrize(
    ("kind", "replayed", "after_unknown", "expected"),
    [
        ("paid", False, False, True),
        ("paid", False, True, True),
        ("paid", True, True, True),
        ("failed", False, False, True),
        ("failed", False, True, False),  # it is about this try only
        ("failed", True, True, True),  # the stored response of the first try
        ("not_executed", False, False, True),
        ("not_executed", False, True, False),  # 401, 403, 429 say nothing about the previous try
        ("unknown", False, False, False),
        ("unknown", True, False, False),  # a replayed 500: the work began, but how far it came is unknown
        ("unknown", True, True, False),
        ("conflict", False, False, False),
        ("conflict", True, True, False),
    ],
)
def test_which_outcomes_are_conclusive(
    kind: Kind, replayed: bool, after_unknown: bool, expected: bool
) -> None:
    assert is_conclusive(Outcome(kind, replayed=replayed), after_unknown=after_unknown) is expected


def test_a_message_of_the_rail_is_shown_without_addresses_and_keys() -> None:
    text = "Account of anna@shop.example is closed\n for sk_test_abc123 (whsec_x1)"
    assert scrubbed(text) == "Account of [address] is closed for [key] ([key])"
    refused = PAYOUT_TEXTS.words(reason_for("some_new_code", "Because."))
    assert refused == "The payment provider refused: Because."


def test_a_long_message_is_truncated() -> None:
    assert len(scrubbed("x" * 5_000)) == 300
