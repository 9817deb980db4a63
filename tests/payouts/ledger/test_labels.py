"""Every stored kind of transaction has words for people."""

from payouts.ledger.labels import TRANSACTION_LABELS, transaction_label
from payouts.ledger.rules import EVENTS

EXCHANGE_LINES = {"exchange_out", "exchange_in"}


def test_every_transaction_kind_has_a_label_in_words() -> None:
    kinds = EVENTS.keys() - EXCHANGE_LINES | {"exchange"}
    assert TRANSACTION_LABELS.keys() == kinds
    assert all("_" not in label for label in TRANSACTION_LABELS.values())
    assert (transaction_label("mature"), transaction_label("paid_by_hand")) == ("released", "paid by hand")


def test_unknown_transaction_kind_of_an_old_statement_is_shown_without_underscores() -> None:
    assert transaction_label("some_old_kind") == "some old kind"
