"""Messages about statements: to owners and finance, with the equation, what to do, and until when."""

import re

import pytest

from payouts.statements.review import approve_automatically, due_for_approval, get_statement
from tests.cast.api import application_client
from tests.cast.books import Books, at
from tests.cast.months import DEFAULT_SEED, OCTOBER
from tests.cast.people import PERSON
from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.mail.cast import add_user, compose_all, messages, waiting_causes
from tests.payouts.statements.october import DRAFT
from tests.tracker.people.looks.pictures import png
from tracker.mail.models import MailMessage
from tracker.people.looks.operations import set_look

database_seed = database_seed_for(people=DRAFT, books=DEFAULT_SEED)
NOTICED = at(OCTOBER.closing)


@pytest.fixture
def people(books: Books) -> Books:
    """Olga is the owner, Fritz keeps the finances and reads German; a manager and a viewer see no money."""
    add_user(books, "Olga", "owner")
    add_user(books, "Fritz", "finance", language="de")
    add_user(books, "Mona", "manager")
    add_user(books, "Vera", "viewer")
    add_user(books, "Otto", operator=True)
    return books


def only(books: Books, kind: str, name: str) -> MailMessage:
    (found,) = [each for each in messages(books, kind) if each.to_name == name]
    return found


def text_of(message: MailMessage) -> str:
    assert message.body_text is not None
    return message.body_text


def test_owners_and_finance_are_told_that_a_statement_waits(people: Books) -> None:
    compose_all(people, NOTICED)
    compose_all(people, NOTICED)
    told = messages(people, "statement_ready")
    assert [each.to_name for each in told] == ["Fritz", "Olga"]
    olga = only(people, "statement_ready", "Olga")
    assert olga.subject == "Please review the statement of October 2026: it pays €100.00"
    text = text_of(olga)
    assert "Approving it pays €100.00 to 1 creator." in " ".join(text.split())
    assert "approves itself on Sun 8 November 2026, 00:00" in text.replace("\n", " ")
    assert f"/app/brands/{people.brand_id}/" in text
    for label, amount in (("Opening", "€0.00"), ("Earned", "+€140.00"), ("Closing", "€140.00")):
        assert f" {label.ljust(22)}{amount.rjust(24)}" in text
    assert olga.body_html is not None
    assert "€140.00" in olga.body_html
    assert olga.user_id == "usr_olga"


def test_a_message_shows_the_logo_of_the_brand(people: Books) -> None:
    people.write(lambda s: set_look(s, NOTICED, actor=PERSON, brand_id=people.brand_id, logo=png()))
    compose_all(people, NOTICED)
    html = only(people, "statement_ready", "Olga").body_html or ""
    found = re.search(r'<img src="(http[^"]+)" alt="Teas"', html)
    assert found
    web_url = people.settings.web_url
    assert found[1].startswith(f"{web_url}/app/looks/{people.brand_id}/")
    with application_client(people.settings) as client:
        assert client.get(found[1].removeprefix(web_url)).data == png()


def test_a_message_is_in_the_language_of_each_reader(people: Books) -> None:
    compose_all(people, NOTICED)
    fritz = only(people, "statement_ready", "Fritz")
    assert fritz.subject == "Bitte prüfen Sie die Abrechnung für Oktober 2026: Sie zahlt 100,00 € aus"
    assert "Endstand" in text_of(fritz)
    assert "Closing" not in text_of(fritz)


def test_two_days_before_the_end_a_reminder_names_the_largest_lines(people: Books) -> None:
    compose_all(people, at("11-05 12:00"))
    assert messages(people, "statement_reminder") == []
    compose_all(people, at("11-06 00:01"))
    reminder = only(people, "statement_reminder", "Olga")
    text = text_of(reminder)
    assert [line.split()[0] for line in text.split("\n") if "order …" in line] == ["€100.00", "€40.00"]
    assert "It approves nothing." in text


def test_nobody_is_reminded_of_an_approved_statement(people: Books) -> None:
    people.approve("2026-10", "11-05")
    compose_all(people, at("11-06 00:01"))
    assert messages(people) == []
    assert waiting_causes(people) == []


def test_who_approves_by_silence_is_told(people: Books) -> None:
    with_statement = _statement_id(people)
    now = at(OCTOBER.approval)
    assert people.write(lambda s: due_for_approval(s, now)) == [with_statement]
    assert people.write(lambda s: approve_automatically(s, now, with_statement))
    compose_all(people, now)
    told = only(people, "statement_approved", "Olga")
    assert told.subject == "The statement of October 2026 approved itself: €100.00"
    assert "paid from 9 November 2026 on" in " ".join(text_of(told).split())


def _statement_id(books: Books) -> str:
    return str(books.write(lambda s: get_statement(s, books.brand_id, "2026-10", "EUR").id))
