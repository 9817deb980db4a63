"""The explanation of an order lists everything that is known about it, also after its message is deleted."""

from datetime import timedelta

from sqlalchemy import update

from payouts.explain.order import as_text, explain
from tests.cast.books import Books, add_creator, at
from tests.cast.people import PERSON
from tests.tracker.sales.attribution.former_decisions import store_as_rules_2
from tracker.programs.models import Enrollment
from tracker.programs.policies import change_policy
from tracker.sales.inbox.jobs import empty_old_events


def test_explanation_is_unchanged_when_the_message_is_emptied_and_says_when(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    [before] = books.write(lambda s: explain(s, books.brand_id, "S1"))
    assert before["event"]["body_emptied_at"] is None
    assert "Its message was stored" not in as_text(before)

    emptied_on = at("10-01") + timedelta(days=400)
    assert empty_old_events(books.databases.main, at("10-02"), emptied_on, lambda: None) == 1
    [after] = books.write(lambda s: explain(s, books.brand_id, "S1"))
    assert after == before | {"event": before["event"] | {"body_emptied_at": "2027-11-05T12:00:00Z"}}
    line = "Its message was stored until 2027-11-05T12:00:00Z; only its hash remains."
    assert line in as_text(after)


def test_explanation_lists_every_candidate_with_its_reason(books: Books) -> None:
    bob = add_creator(books, "bob", connected=False)
    books.write(
        lambda s: change_policy(s, at("09-01"), actor=PERSON, brand_id=books.brand_id, customers="lifetime")
    )
    known = {"customer": "C1", "coupons": ["SUMMER"]}
    books.sale("S1", 100_00, "10-01", click=books.click(bob.link_id, "09-30"), **known)
    too_old = books.click(books.link_id, "09-01")
    books.sale("S2", 100_00, "11-20", click=too_old, **known)

    [account] = books.write(lambda s: explain(s, books.brand_id, "S2"))
    [attribution] = account["attributions"]
    assert attribution["creator"] == {"id": bob.creator_id, "name": "bob"}
    assert (attribution["terms_version"], attribution["rules"]) == (1, 3)
    assert attribution["policy"]["customers"] == "lifetime"
    assert attribution["binding"]["order_id"] == "S1"
    assert [(each["kind"], each["outcome"]) for each in attribution["candidates"]] == [
        ("click", "lost"),
        ("coupon", "lost"),
        ("customer", "won"),
    ]
    lines = as_text(account).splitlines()
    assert lines[1].startswith("Attribution 1: The known customer decides: neither a click nor a code does")
    assert "  credited: bob, by version 1 of the terms" in lines
    assert "  policy: last click, codes if involved, customers lifetime" in lines
    assert any(line.startswith("  click of Anna clk_") and "80 days older" in line for line in lines)
    assert "  code summer lost: No creator owns this code." in lines
    assert any(line.startswith("  customer of bob, known by order S1 of 2026-10-01 won: ") for line in lines)


def test_explanation_has_the_codes_of_reasons_and_flaws_beside_the_words(books: Books) -> None:
    books.write(
        lambda s: change_policy(s, at("09-01"), actor=PERSON, brand_id=books.brand_id, customers="lifetime")
    )
    books.sale("S1", 100_00, "10-01", customer="C1")
    ended = update(Enrollment).values(state="ended", ended_at=at("10-15"))
    books.write(lambda s: s.execute(ended))
    books.sale("S2", 100_00, "11-20", customer="C1", click=None)

    [account] = books.write(lambda s: explain(s, books.brand_id, "S2"))
    [attribution] = account["attributions"]
    left = "Its creator had left the program when the sale was made."
    assert attribution["reason_code"] == "no_candidate_and_not_bound"
    binding, [candidate] = attribution["binding"], attribution["candidates"]
    assert (binding["flaw"], binding["flaw_code"], binding["flaw_parameters"]) == (left, "creator_left", {})
    assert (candidate["reason"], candidate["reason_code"]) == (left, "creator_left")


def test_explanation_of_a_decision_older_than_the_codes_has_its_stored_words(books: Books) -> None:
    books.write(
        lambda s: change_policy(s, at("09-01"), actor=PERSON, brand_id=books.brand_id, customers="lifetime")
    )
    books.sale("S1", 100_00, "10-01", customer="C1")
    books.sale("S2", 100_00, "11-20", customer="C1", click=None)
    store_as_rules_2(books.databases)

    [account] = books.write(lambda s: explain(s, books.brand_id, "S2"))
    [attribution] = account["attributions"]
    assert (attribution["rules"], attribution["reason_code"]) == (2, None)
    assert attribution["reason"].endswith("order S1 of 2026-10-01 bound him for ever.")
    known = "  customer of Anna, known by order S1 of 2026-10-01 won: "
    assert f"{known}{attribution['reason']}" in as_text(account).splitlines()


def test_sale_that_is_credited_to_no_one_is_explained_too(books: Books) -> None:
    books.sale("S1", 100_00, "10-01", click="forged")
    [account] = books.write(lambda s: explain(s, books.brand_id, "S1"))

    explanation = as_text(account)
    assert "credited: nobody" in explanation
    assert "click that cannot be read lost: The token was not made here, or was altered." in explanation
    assert "It has no commission." in explanation


def test_explanation_shows_entry_kinds_in_words_and_stores_them_as_they_are(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.refund("S1", 40_00, "10-05")
    books.run_jobs(at("11-02"))
    books.dispute("S1", "opened", 10_00, "11-03")
    [account] = books.write(lambda s: explain(s, books.brand_id, "S1"))
    [commission] = account["commissions"]
    kinds = [entry["what"] for entry in commission["entries"]]
    assert kinds == ["accrue", "refund", "mature", "dispute_opened", "hold"]

    text = as_text(account)
    for label in ("earned: 10.00", "refunded: -4.00", "released: 0.00", "disputed: 0.00", "held again: 0.00"):
        assert f"Z {label} EUR, " in text
    assert all(f" {kind}: " not in text for kind in kinds)
