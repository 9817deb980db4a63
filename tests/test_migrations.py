"""Migrations: up, down and up again with data in every table, and at the head the schema of the models."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, MetaData, inspect, text

from config.database import Databases, make_engine, open_databases, read_session
from config.migrate import migrate_down, migrate_up, upgrade
from config.schema import CLICKS, MAIN, SchemaMismatch, require_current_schema, schema_states
from config.settings import Settings
from payouts.processes.supervisor import child_environment
from payouts.tables import CLICK_TABLES, MAIN_TABLES
from payouts.transfers.sandbox.server import SandboxServer
from tests.cast.books import Books, at, open_books
from tests.cast.months import OCTOBER, add_booking, report_by_api, seal, sell_and_release
from tests.cast.people import PERSON
from tests.conftest import settings_for
from tests.harness import ROOT
from tests.harness.databases.postgres import PostgresServer
from tests.harness.databases.schema_catalogue import PARTITION, catalogue
from tests.payouts.commissions.test_provider_refunds import deliver, refund_messages, stripe_source
from tests.payouts.commissions.test_supported_refunds import parked_claim_of_deleted_provider
from tracker.programs.policies import change_policy
from tracker.sales.inbox.jobs import empty_old_events

PROTECTED = {
    "account_balance",
    "audit_entry",
    "audit_mark",
    "audit_personal",
    "brand_minimum",
    "brand_rules_change",
    "commission_entry",
    "decision_hold",
    "decision_transaction",
    "installation",
    "ledger_account",
    "ledger_mark",
    "ledger_posting",
    "ledger_transaction",
    "pay_date_move",
    "pay_day_move",
    "policy_change",
    "rate_override",
    "review_decision",
    "sealed_document",
    "sealed_part",
    "statement",
    "statement_approval",
    "terms",
}


@pytest.fixture
def empty(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Databases without any table."""
    if database_kind == "sqlite":
        opened = open_databases(settings_for(tmp_path / "home"))
        yield opened
        opened.close()
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"migrations_{tmp_path.name}"[:50].lower().replace("-", "_")
    opened = open_databases(settings_for(tmp_path / "home", server.create_database(name)))
    yield opened
    opened.close()
    server.drop_database(name)


@pytest.fixture
def seeded_books(settings: Settings, databases: Databases, tmp_path: Path) -> Books:
    """Rows in the tables of every subject, except clicks, which have their own tests."""
    with SandboxServer(tmp_path / "sandbox.db") as sandbox:
        return fill_books(open_books(settings, databases, sandbox))


def fill_books(books: Books) -> Books:
    books.write(
        lambda s: change_policy(s, at("10-01"), actor=PERSON, brand_id=books.brand_id, customers="lifetime")
    )
    source_id = stripe_source(books)
    for each in refund_messages(books):
        deliver(books, source_id, each, "10-09")
    assert empty_old_events(books.databases.main, at("10-10"), at("10-10"), lambda: None) == len(
        refund_messages(books)
    )
    assert report_by_api(books, "by-api", "10-10").outcome == "booked"
    sell_and_release(books, "1001", 100_00)
    books.refund("1001", 50_00, "10-31 13:00")
    books.dispute("1001", "won", 50_00, "10-31 14:00")
    parked_claim_of_deleted_provider(books, "1001", "10-31 15:00")
    add_booking(books, 80_00, "10-20")
    seal(books, OCTOBER)
    assert books.run(OCTOBER.payday).pay(books.brand_id).paid
    return books


def names_of(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


Rows = dict[str, list[dict[str, Any]]]


def rows_of(engine: Engine, tables: MetaData) -> Rows:
    existing = names_of(engine)
    with read_session(engine) as session:
        return {
            table.name: [dict(row) for row in session.execute(text(f"select * from {table.name}")).mappings()]
            for table in tables.sorted_tables
            if table.name in existing
        }


def restricted_to(older: Rows, newer: Rows) -> Rows:
    """The rows of `newer`, restricted to the tables and columns of `older`, and sorted."""
    columns = {name: set(rows[0]) if rows else set() for name, rows in older.items()}
    return {
        name: sorted(({key: row[key] for key in row if key in known} for row in newer[name]), key=by_name)
        for name, known in columns.items()
    }


def by_name(row: dict[str, Any]) -> str:
    return repr(sorted(row.items()))


def test_downgrade_and_upgrade_keep_data_at_every_step(seeded_books: Books) -> None:
    """A downgrade loses only the data of the tables and columns that it removes."""
    engine = seeded_books.databases.main
    before = rows_of(engine, MAIN_TABLES)
    assert sum(bool(rows) for rows in before.values()) > 26
    assert {row["kind"] for row in before["source"]} >= {"api", "standard"}
    main, _clicks = schema_states(seeded_books.databases)
    for revision in [*reversed(main.revisions[:-1]), "base"]:
        migrate_down(engine, MAIN, revision)
        kept = rows_of(engine, MAIN_TABLES)
        assert restricted_to(kept, kept) == restricted_to(kept, before)
    assert not kept
    migrate_up(engine, MAIN)
    require_current_schema(seeded_books.databases)
    assert not any(rows_of(engine, MAIN_TABLES).values())


@pytest.mark.parametrize("back_to", ["0004", "0001"])
def test_downgrade_and_upgrade_restore_the_same_schema(seeded_books: Books, back_to: str) -> None:
    engine = seeded_books.databases.main
    before = catalogue(engine)
    migrate_down(engine, MAIN, back_to)
    kept = rows_of(engine, MAIN_TABLES)
    assert any(kept.values())
    migrate_up(engine, MAIN)
    assert catalogue(engine) == before
    assert restricted_to(kept, rows_of(engine, MAIN_TABLES)) == restricted_to(kept, kept)


def test_click_migrations_are_independent(databases: Databases) -> None:
    migrate_down(databases.clicks, CLICKS, "base")
    assert "click" not in names_of(databases.clicks)
    assert "brand" in names_of(databases.main)
    with pytest.raises(SchemaMismatch, match="The clicks tables are at schema none"):
        require_current_schema(databases)
    migrate_up(databases.clicks, CLICKS)
    require_current_schema(databases)


def test_upgrading_again_changes_nothing(databases: Databases) -> None:
    before = catalogue(databases.main)
    assert [state.current for state in upgrade(databases)] == [
        state.head for state in schema_states(databases)
    ]
    assert catalogue(databases.main) == before


UPGRADE = "import config.database as d, config.migrate as m, config.settings as s; "
UPGRADE += "m.upgrade(d.open_databases(s.load_settings()))"


def test_concurrent_upgrades_succeed(empty: Databases, tmp_path: Path) -> None:
    on_a_server = empty.main.dialect.name == "postgresql"
    url = empty.main.url.render_as_string(hide_password=False) if on_a_server else ""
    environment = child_environment(settings_for(tmp_path / "home", url))
    command = [sys.executable, "-c", UPGRADE]
    started = [
        subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    errors = [process.communicate()[1] for process in started]
    assert [process.returncode for process in started] == [0] * 4, errors
    require_current_schema(empty)


@pytest.mark.parametrize("table", ["schema_main", "schema_clicks"])
def test_a_newer_schema_is_neither_used_nor_changed(databases: Databases, table: str) -> None:
    engine = databases.main if table == "schema_main" else databases.clicks
    with engine.begin() as connection:
        connection.execute(text(f"update {table} set version_num = '9999'"))
    for refuse in (require_current_schema, upgrade):
        with pytest.raises(SchemaMismatch, match=r"schema 9999.*Install the newer version again"):
            refuse(databases)
    assert catalogue(databases.main)


def test_an_older_schema_names_the_migrate_command(databases: Databases) -> None:
    migrate_down(databases.main, MAIN, "0003")
    with pytest.raises(SchemaMismatch, match=r"at schema 0003.*backup.*run: linkledger migrate"):
        require_current_schema(databases)


def test_the_schema_check_does_not_wait_for_writers(databases: Databases) -> None:
    with databases.main.begin() as writing, databases.clicks.begin() as recording:
        writing.execute(text("select 1"))
        recording.execute(text("select 1"))
        with ThreadPoolExecutor(1) as another:
            assert another.submit(require_current_schema, databases).result(timeout=5) is None


def test_the_head_matches_the_models(databases: Databases) -> None:
    """Compared by alembic, including column types."""
    for engine, tables, version in (
        (databases.main, MAIN_TABLES, "schema_main"),
        (databases.clicks, CLICK_TABLES, "schema_clicks"),
    ):
        other = set(CLICK_TABLES.tables) if tables is MAIN_TABLES else set(MAIN_TABLES.tables)
        ignored = other | {"schema_main", "schema_clicks"}
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection,
                opts={
                    "version_table": version,
                    "compare_type": True,
                    "include_name": lambda name, kind, _parents, ignored=ignored: (
                        kind != "table" or not (name in ignored or PARTITION.fullmatch(str(name)))
                    ),
                },
            )
            assert compare_metadata(context, tables) == []


def test_the_migrated_catalogue_equals_that_of_the_models(databases: Databases, empty: Databases) -> None:
    """Also checks and partial indexes, which alembic does not compare. Only migrations create triggers."""
    MAIN_TABLES.create_all(empty.main)
    CLICK_TABLES.create_all(empty.clicks)
    for migrated, made in ((databases.main, empty.main), (databases.clicks, empty.clicks)):
        steps, models = catalogue(migrated), catalogue(made)
        if migrated.dialect.name == "postgresql":
            assert {name: rows for name, rows in steps.items() if name != "triggers"} == {
                name: rows for name, rows in models.items() if name != "triggers"
            }
        else:
            assert {name: sql for name, sql in steps.items() if not name.startswith("trigger")} == models


def test_append_only_tables_have_triggers(databases: Databases) -> None:
    query = (
        "select distinct tbl_name from sqlite_master where type = 'trigger'"
        if databases.main.dialect.name == "sqlite"
        else "select distinct tgrelid::regclass::text from pg_trigger where not tgisinternal"
    )
    with read_session(databases.main) as session:
        assert set(session.execute(text(query)).scalars()) >= PROTECTED


def test_every_table_is_strict_on_sqlite(sqlite_template: Path) -> None:
    for file in ("linkledger.db", "clicks.db"):
        engine = make_engine(f"sqlite:///{sqlite_template / file}")
        with read_session(engine) as session:
            loose = session.execute(
                text("select name from pragma_table_list where strict = 0 and type = 'table'")
            )
            assert [name for name in loose.scalars() if not name.startswith(("sqlite_", "schema_"))] == []
        engine.dispose()
