"""Messages about what stands still: who gets them, what they say, and that each trouble is told once."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from payouts.jobs.claims import claim, finish
from payouts.jobs.models import StartedBy
from payouts.selfcheck.notices import note_unbalanced
from payouts.settlement.freezes import lift_freezes, place_freeze
from payouts.settlement.reasons import FreezeReason
from tests.cast.books import Books, at
from tests.payouts.mail.cast import add_user, compose_all, messages
from tracker.mail.kinds import Choice, MailKind
from tracker.mail.preferences import set_choice
from tracker.reasons import Reason
from tracker.sales.health.notices import causes_about_shops, note_about_shops
from tracker.sales.inbox.models import Event

NOW = at("10-20")


@pytest.fixture
def people(books: Books) -> Books:
    add_user(books, "Olga", "owner")
    add_user(books, "Fritz", "finance", language="de")
    add_user(books, "Mona", "manager")
    add_user(books, "Otto", operator=True)
    return books


def freeze(books: Books) -> str:
    reason = Reason(FreezeReason.TRANSFER_NOT_IN_BOOKS, {"transfer": "tr_1"})
    return str(books.write(lambda s: place_freeze(s, NOW, reason=reason, compare_from=NOW)))


def look_at_shops(books: Books, now: datetime) -> None:
    books.write(lambda s: note_about_shops(s, now, causes_about_shops(s, now)))
    compose_all(books, now)


def test_owners_finance_and_operators_are_told_of_a_freeze(people: Books) -> None:
    freeze(people)
    compose_all(people, NOW)
    told = {each.to_name: each for each in messages(people, "payouts_frozen")}
    assert sorted(told) == ["Fritz", "Olga", "Otto"]
    assert told["Otto"].body_text is not None
    assert "\n linkledger payout reconcile\n" in told["Otto"].body_text
    assert told["Olga"].body_text is not None
    words = " ".join(told["Olga"].body_text.split())
    assert "The payment provider has a transfer that the books do not have." in words
    assert "linkledger payout" not in told["Olga"].body_text
    assert told["Fritz"].subject == "Auszahlungen sind eingefroren"


def test_a_freeze_that_was_lifted_is_not_told(people: Books) -> None:
    freeze_id = freeze(people)
    people.write(lambda s: lift_freezes(s, NOW, [freeze_id]))
    compose_all(people, NOW)
    assert messages(people) == []


def test_operators_are_told_once_until_a_check_has_passed_again(people: Books) -> None:
    def check(when: datetime, *, failed: bool) -> None:
        own = people.write(lambda s: claim(s, when, "check", f"{when}", StartedBy.SCHEDULE))
        if failed:
            people.write(lambda s: note_unbalanced(s, when, own.run_id))
        people.write(lambda s: finish(s, when, own, failed=failed, result={}))
        compose_all(people, when)

    for number, failed in enumerate([True, True, False, True, True]):
        check(NOW + timedelta(minutes=10 * number), failed=failed)
    told = messages(people, "books_unbalanced")
    assert [each.to_name for each in told] == ["Otto", "Otto"]
    assert told[0].body_text is not None
    assert "\n linkledger check\n" in told[0].body_text


def test_owners_and_managers_are_told_once_of_each_silence(people: Books) -> None:
    for number in range(30):
        people.receive("order.test", {}, f"m{number}", at("09-10") + timedelta(hours=12 * number))
    last = at("09-10") + timedelta(hours=12 * 29)
    look_at_shops(people, last + timedelta(hours=20))
    assert messages(people, "shop_silent") == []
    for hours in (30, 31, 60):
        look_at_shops(people, last + timedelta(hours=hours))
    told = messages(people, "shop_silent")
    assert [each.to_name for each in told] == ["Mona", "Olga"]
    assert told[0].subject == "Teas: the shop is silent"
    assert told[0].body_text is not None
    assert f"/app/brands/{people.brand_id}/shop" in told[0].body_text
    assert "Switch them off here:" in told[0].body_text


def test_waiting_messages_are_told_together_and_once_a_day(people: Books) -> None:
    for number in range(3):
        people.refund(f"unknown-{number}", 10_00, "10-20", with_jobs=False)
    look_at_shops(people, at("10-20 12:30"))
    assert messages(people, "messages_parked") == []
    look_at_shops(people, at("10-20 14:00"))
    people.refund("unknown-4", 10_00, "10-20", with_jobs=False)
    look_at_shops(people, at("10-20 16:00"))
    told = messages(people, "messages_parked")
    assert [each.to_name for each in told] == ["Mona", "Olga"]
    assert told[0].subject == "Teas: 3 messages of the shop wait for a decision"


def test_nobody_is_told_of_messages_that_were_decided_since(people: Books) -> None:
    people.refund("unknown", 10_00, "10-20", with_jobs=False)
    now = at("10-20 14:00")
    people.write(lambda s: note_about_shops(s, now, causes_about_shops(s, now)))
    people.write(lambda s: s.execute(update(Event).values(state="dismissed")))
    compose_all(people, now)
    assert messages(people) == []


def test_who_switched_them_off_gets_none(people: Books) -> None:
    kind, off = MailKind.MESSAGES_PARKED, Choice.OFF
    people.write(lambda s: set_choice(s, NOW, "usr_olga", kind, off))
    people.refund("unknown", 10_00, "10-20", with_jobs=False)
    look_at_shops(people, at("10-20 14:00"))
    assert [each.to_name for each in messages(people, "messages_parked")] == ["Mona"]
