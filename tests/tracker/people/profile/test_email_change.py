"""A change of the e-mail address: both addresses confirm it, and with payout details it waits."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest
import time_machine
from sqlalchemy import delete
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from config.settings import Settings
from payouts.transfers.models import Payee
from tests.cast.people import Cast
from tests.harness.databases.snapshots import NOW
from tests.tracker.people.sign_in.mails import received_mails
from tests.tracker.people.sign_in.visitors import FAY, Visitor
from tracker.audit.actors import job_actor
from tracker.people.accounts.models import Creator, User
from tracker.people.accounts.operations import create_user
from tracker.people.profile.email_change import Outcome, cancel_change, confirm_change
from tracker.people.profile.models import EmailChange
from tracker.people.sessions.rules import new_token, token_hash
from tracker.people.upkeep import tidy_up_people

NEW = "fay@new.example"


@pytest.fixture
def links(visitor: Visitor, settings: Settings, databases: Databases) -> Callable[[str], dict[str, str]]:
    """Fay asks for a change to an address. Returns the paths of the links, by the address that got them."""

    def ask(new: str) -> dict[str, str]:
        visitor.sign_in(FAY)
        asked = visitor.post("/app/step-up")
        visitor.post(asked.location, code=visitor.mail().code)
        before = len(received_mails(settings, databases))
        done = visitor.post("/app/profile/email", email=new)
        assert done.location == "/app/profile/email", done.text
        return {mail.to: mail.path for mail in received_mails(settings, databases)[before:]}

    return ask


def address(databases: Databases, user_id: str) -> str:
    with read_session(databases.main) as session:
        return session.get_one(User, user_id).email


def test_both_addresses_confirm_and_the_creator_follows(
    visitor: Visitor,
    arrive: Callable[[], Visitor],
    links: Callable[[str], dict[str, str]],
    databases: Databases,
    cast: Cast,
    fay: str,
) -> None:
    transact(databases.main, lambda s: setattr(s.get_one(Creator, cast.stranger_id), "user_id", fay))
    sent = links(NEW)
    assert set(sent) == {FAY, NEW}
    other = arrive()
    assert "Confirm the change" in other.get(sent[NEW]).text
    assert FAY not in other.get(sent[NEW]).text
    assert "other address has to confirm" in other.post(sent[NEW]).text
    assert address(databases, fay) == FAY
    assert "Your address is changed" in other.post(sent[FAY]).text
    assert address(databases, fay) == NEW
    with read_session(databases.main) as session:
        assert session.get_one(Creator, cast.stranger_id).email == NEW
    assert {other.post(path).status_code for path in sent.values()} == {410}
    assert other.get(f"/app/email-change/{new_token()}").status_code == 410


def test_one_address_twice_is_not_both(
    visitor: Visitor, links: Callable[[str], dict[str, str]], databases: Databases, fay: str
) -> None:
    sent = links(NEW)
    for _ in range(2):
        assert "other address" in visitor.post(sent[NEW]).text
    assert address(databases, fay) == FAY
    with time_machine.travel(NOW + timedelta(days=4)):
        assert visitor.post(sent[FAY]).status_code == 410


def test_with_payout_details_it_waits_72_hours_and_can_be_stopped(
    visitor: Visitor,
    links: Callable[[str], dict[str, str]],
    databases: Databases,
    cast: Cast,
    fay: str,
) -> None:
    def make_payee(session: object) -> None:
        creator = session.get_one(Creator, cast.stranger_id)  # type: ignore[attr-defined]
        creator.user_id = fay
        columns = {"account_ref": "acct_1", "ready": True, "checked_at": NOW, "created_at": NOW}
        payee = Payee(id="pye_1", brand_id=cast.brand_id, creator_id=creator.id, **columns)
        session.add(payee)  # type: ignore[attr-defined]

    transact(databases.main, make_payee)
    tidy = partial(tidy_up_people, actor=job_actor("people"))
    for stops in (True, False):
        sent = links(NEW)
        visitor.post(sent[NEW])
        assert "72 hours" in visitor.post(sent[FAY]).text
        assert address(databases, fay) == FAY
        if stops:
            visitor.post("/app/profile/email/cancel")
        else:
            transact(databases.main, partial(tidy, now=NOW + timedelta(hours=71)))
            assert address(databases, fay) == FAY
        done = transact(databases.main, partial(tidy, now=NOW + timedelta(hours=73)))
        assert done.get("addresses_changed", 0) == int(not stops)
        visitor.client.delete_cookie("linkledger")
    assert address(databases, fay) == NEW


def test_either_address_can_stop_it(
    visitor: Visitor, links: Callable[[str], dict[str, str]], databases: Databases, fay: str
) -> None:
    sent = links(NEW)
    visitor.post(sent[NEW])
    assert "stays as it is" in visitor.post(sent[FAY], stop="1").text
    assert visitor.post(sent[FAY]).status_code == 410
    assert address(databases, fay) == FAY


def test_the_address_of_another_account_is_not_told_before_it_is_proven(
    visitor: Visitor, links: Callable[[str], dict[str, str]], databases: Databases, fay: str
) -> None:
    transact(databases.main, lambda s: create_user(s, NOW, email=NEW, name="Other"))
    sent = links(NEW)
    visitor.post(sent[FAY])
    assert "another account" in visitor.post(sent[NEW]).text
    assert address(databases, fay) == FAY


def test_a_wrong_address_is_said_at_its_field(
    visitor: Visitor, links: Callable[[str], dict[str, str]]
) -> None:
    links(NEW)
    for wrong in ("x", FAY, ""):
        page = visitor.post("/app/profile/email", email=wrong)
        assert page.status_code == 422
        assert 'id="email-error"' in page.text


def test_the_page_needs_a_step_up(visitor: Visitor) -> None:
    visitor.sign_in(FAY)
    assert visitor.get("/app/profile/email").location == "/app/step-up?next=/app/profile/email"


def confirmed_by_the_former(databases: Databases, user_id: str, former: str, new: str) -> str:
    """A change that only the new address has to confirm. Returns the token for that."""
    token = new_token()
    change = EmailChange(
        id=f"emc_{user_id}",
        user_id=user_id,
        former_email=former,
        new_email=new,
        former_token_hash=token_hash(new_token()),
        new_token_hash=token_hash(token),
        requested_at=NOW,
        expires_at=NOW + timedelta(days=3),
        former_confirmed_at=NOW,
    )
    transact(databases.main, lambda s: s.add(change))
    return token


def at_once(databases: Databases, works: list[Callable[[Session], Any]]) -> list[Any]:
    """Run these transactions in threads that begin together."""
    start = Barrier(len(works))

    def run(work: Callable[[Session], Any]) -> Any:
        start.wait()
        return transact(databases.main, work)

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


CONFIRM = partial(confirm_change, now=NOW, entry_point="a test", has_payee=lambda _session, _creator: False)


def test_of_two_people_who_want_one_address_at_once_one_gets_it(databases: Databases, cast: Cast) -> None:
    for number in range(8):
        names = [f"{who}{number}@people.example" for who in ("eve", "gil")]
        users = [transact(databases.main, partial(create_user, now=NOW, email=e, name="E")).id for e in names]
        tokens = [
            confirmed_by_the_former(databases, user, name, f"both{number}@people.example")
            for user, name in zip(users, names, strict=True)
        ]
        found = at_once(databases, [partial(CONFIRM, token=token) for token in tokens])
        assert sorted(found) == [Outcome.APPLIED, Outcome.TAKEN]


def test_of_a_second_click_and_a_stop_at_once_the_first_counts(databases: Databases, fay: str) -> None:
    for number in range(8):
        former, new = address(databases, fay), f"fay{number}@new.example"
        token = confirmed_by_the_former(databases, fay, former, new)
        confirm, stop = partial(CONFIRM, token=token), partial(cancel_change, now=NOW, user_id=fay)
        *outcomes, stopped = at_once(databases, [confirm, confirm, stop])
        expected = [Outcome.OVER, Outcome.OVER] if stopped else [Outcome.APPLIED, Outcome.OVER]
        assert sorted(outcomes) == expected
        assert address(databases, fay) == (former if stopped else new)
        with read_session(databases.main) as session:
            change = session.get_one(EmailChange, f"emc_{fay}")
            assert (change.applied_at is None) == bool(stopped)
            assert (change.cancelled_at is None) != bool(stopped)
        transact(databases.main, lambda s: s.execute(delete(EmailChange)))
