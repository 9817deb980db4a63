"""The page on which creators are invited, without JavaScript."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from config.database import Databases, read_session
from config.settings import Settings
from tests.cast.people import Cast, create_cast
from tests.harness.databases.snapshots import NOW
from tests.payouts.backoffice.browsers import Browser, new_browser, sign_in
from tracker.audit.models import AuditEntry
from tracker.people.accounts.models import Creator
from tracker.programs.models import Enrollment

MIRA = "mira@creators.example"


@pytest.fixture
def cast(databases: Databases) -> Cast:
    return create_cast(databases, NOW)


@pytest.fixture
def browser(settings: Settings, databases: Databases, cast: Cast) -> Iterator[Browser]:
    with new_browser(settings) as opened:
        sign_in(opened, databases, "ada@shop.example", brand_id=cast.brand_id)
        yield opened


def test_who_invites_a_creator_is_recorded_with_all_that_it_made(
    browser: Browser, databases: Databases, cast: Cast
) -> None:
    fields = {"email": MIRA, "name": "Mira", "program": cast.program_id, "country": "DE"}
    assert "takes part now" in browser.send(f"/app/brands/{cast.brand_id}/creators/invite", fields)
    columns = select(AuditEntry.action, AuditEntry.actor_kind)
    with read_session(databases.main) as session:
        made = session.execute(columns.where(AuditEntry.entry_point == "backoffice.invite_creators"))
        entries = sorted(tuple(row) for row in made)
    actions = ("creator.create", "enrollment.create", "invitation.create")
    assert entries == [(action, "user") for action in actions]


@pytest.mark.parametrize("program", ["", "prg_1"])
def test_nobody_is_invited_to_another_program_than_the_chosen_one(
    browser: Browser, databases: Databases, cast: Cast, program: str
) -> None:
    fields = {"email": MIRA, "name": "Mira", "program": program, "country": "DE"}
    page = browser.send(f"/app/brands/{cast.brand_id}/creators/invite", fields)
    assert browser.status == 422
    assert "Choose a program of the list." in page
    assert MIRA in page
    with read_session(databases.main) as session:
        assert session.scalars(select(Creator.id).where(Creator.email == MIRA)).all() == []
        assert len(session.scalars(select(Enrollment.id)).all()) == 1
