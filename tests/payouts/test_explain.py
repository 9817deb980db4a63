"""The account of an order says what is known of it, and since when its message is gone."""

from datetime import timedelta

from payouts.explain import as_text, explain
from tests.payouts.cast import Books, at
from tracker.sales.jobs import empty_old_events


def test_an_order_whose_message_was_emptied_is_explained_as_before_and_says_so(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    [before] = books.write(lambda s: explain(s, books.brand_id, "S1"))
    assert before["event"]["body_emptied_at"] is None
    assert "word for word" not in as_text(before)

    emptied_on = at("10-01") + timedelta(days=400)
    assert empty_old_events(books.databases.main, at("10-02"), emptied_on, lambda: None) == 1
    [after] = books.write(lambda s: explain(s, books.brand_id, "S1"))
    assert after == before | {"event": before["event"] | {"body_emptied_at": "2027-11-05T12:00:00Z"}}
    line = "Its message was kept word for word until 2027-11-05T12:00:00Z; only its hash is left."
    assert line in as_text(after)
