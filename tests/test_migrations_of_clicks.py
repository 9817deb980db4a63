"""Migrations of clicks and links keep the rows, up and down, on both databases."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text

from config.columns import Uuid16
from config.database import Databases, transact
from config.migrate import migrate_down, migrate_up
from config.schema import CLICKS, MAIN
from config.settings import Settings
from tests.cast.people import PERSON, create_cast
from tests.tracker.clicks.counting.test_totals import click, write
from tracker.clicks.recording.recorder import Recorder
from tracker.programs.links.operations import create_link, link_target
from tracker.programs.operations import list_programs

NOW = datetime.now(UTC)


def ids(clicks: Engine) -> list[UUID]:
    query = text("select id from click order by id").columns(id=Uuid16())
    with clicks.connect() as connection:
        return list(connection.execute(query).scalars())


def insert_old_row(clicks: Engine, identifier: UUID) -> None:
    """Insert a click as the first version wrote it."""
    insert = text(
        "insert into click (id, link_id, verdict, reason, device) values (:id, :id, 'person', 'x', 'phone')"
    ).bindparams(id=None)
    with clicks.begin() as connection:
        value = identifier if clicks.dialect.name == "postgresql" else identifier.bytes
        connection.execute(insert, {"id": value})


def test_clicks_survive_every_migration(settings: Settings, databases: Databases) -> None:
    months = [click(NOW + timedelta(days=days), f"v{days}") for days in (-200, -40, 0, 1, 400)]
    wanted = sorted(each.id for each in months)
    write(settings, *months)
    for down in ("0002", "0001"):
        migrate_down(databases.clicks, CLICKS, down)
        assert ids(databases.clicks) == wanted
        migrate_up(databases.clicks, CLICKS)
        assert ids(databases.clicks) == wanted
    migrate_down(databases.clicks, CLICKS, "base")
    migrate_up(databases.clicks, CLICKS)
    assert ids(databases.clicks) == []


def test_clicks_can_be_recorded_after_upgrading_from_the_first_version(
    settings: Settings, databases: Databases
) -> None:
    migrate_down(databases.clicks, CLICKS, "base")
    migrate_up(databases.clicks, CLICKS, "0001")
    former = [click(NOW + timedelta(days=days)).id for days in (-100, -1, 0, 300)]
    for each in former:
        insert_old_row(databases.clicks, each)
    migrate_up(databases.clicks, CLICKS)
    new = [click(NOW + timedelta(days=days), f"v{days}") for days in (-100, 0, 20, 300)]
    write(settings, *new)
    assert ids(databases.clicks) == sorted([*former, *(each.id for each in new)])
    recorder = Recorder(settings.clicks_url)
    assert recorder.record(new[0], 20)
    recorder.close()
    assert len(ids(databases.clicks)) == 8


def test_links_and_programs_survive_a_downgrade_and_upgrade(databases: Databases, now: datetime) -> None:
    cast = create_cast(databases, now)
    made: dict[str, Any] = {"program_id": cast.program_id, "creator_id": cast.member_id}
    transact(
        databases.main,
        lambda s: create_link(
            s, now, actor=PERSON, **made, destination="https://shop.example/tea", code="tea"
        ),
    )
    before = transact(databases.main, lambda session: link_target(session, "tea"))
    migrate_down(databases.main, MAIN, "0007")
    migrate_up(databases.main, MAIN)
    assert transact(databases.main, lambda session: link_target(session, "tea")) == before
    assert before is not None
    assert (before.passes, before.deep_links, before.parameters) == ((), False, {})
    assert len(transact(databases.main, list_programs)) == 1
