"""The account of an order says what is known of it, and since when its message is gone."""

from datetime import timedelta

from payouts.explain.order import as_text, explain
from tests.payouts.cast import Books, at
from tests.payouts.commissions.people import another_creator, click
from tracker.programs.policies import change_policy
from tracker.sales.inbox.jobs import empty_old_events


def test_explanation_of_an_order_with_an_emptied_message(books: Books) -> None:
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


def test_explanation_lists_every_candidate_with_its_reason(books: Books) -> None:
    bob = another_creator(books, "bob")
    books.write(lambda s: change_policy(s, at("09-01"), brand_id=books.brand_id, customers="lifetime"))
    known = {"customer": "C1", "coupons": ["SUMMER"]}
    books.sale("S1", 100_00, "10-01", click=click(books, bob.link_id, "09-30"), **known)
    too_old = click(books, books.link_id, "09-01")
    books.sale("S2", 100_00, "11-20", click=too_old, **known)

    [account] = books.write(lambda s: explain(s, books.brand_id, "S2"))
    [attribution] = account["attributions"]
    assert attribution["creator"] == {"id": bob.creator_id, "name": "bob"}
    assert (attribution["terms_version"], attribution["rules"]) == (1, 2)
    assert attribution["policy"]["customers"] == "lifetime"
    assert attribution["binding"]["order_id"] == "S1"
    assert [(each["kind"], each["outcome"]) for each in attribution["candidates"]] == [
        ("click", "lost"),
        ("coupon", "lost"),
        ("customer", "won"),
    ]
    said = as_text(account).splitlines()
    assert said[1].startswith("Attribution 1: The known customer decides: neither a click nor a code does")
    assert "  credited: bob, by version 1 of the terms" in said
    assert "  policy: last click, codes if involved, customers lifetime" in said
    assert any(line.startswith("  click of Anna clk_") and "80 days older" in line for line in said)
    assert "  code summer lost: No creator owns this code." in said
    assert any(line.startswith("  customer of bob, known by order S1 of 2026-10-01 won: ") for line in said)


def test_a_sale_that_nobody_is_credited_for_is_explained_too(books: Books) -> None:
    books.sale("S1", 100_00, "10-01", click="forged")
    [account] = books.write(lambda s: explain(s, books.brand_id, "S1"))

    said = as_text(account)
    assert "credited: nobody" in said
    assert "click that cannot be read lost: The token was not made here, or was altered." in said
    assert "It has no commission." in said
