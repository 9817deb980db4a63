"""Importing files: each line is booked once, and every line has an outcome."""

import csv
import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import func, select

from config.database import read_session
from config.locking.batch_size import LOCK_S
from tests.cast.api import Terminal
from tests.cast.shop import Shop, sale
from tests.harness import ROOT
from tests.tracker.sales.imports.files import (
    REFUNDS,
    SALES,
    TIME,
    number_of_events,
    orders,
    sale_line,
    text,
    write_file,
)
from tracker.sales.inbox.queries import list_events
from tracker.sales.orders.models import Refund
from tracker.sales.orders.queries import find_sale
from tracker.sales.queries import sale_history
from tracker.sales.sources.models import Source

SAMPLE = ROOT / "docs" / "samples" / "sales.csv"
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
ALL = ("new", "known", "waiting", "conflict", "rejected")


def run(terminal: Terminal, shop: Shop, *arguments: str) -> Result:
    return terminal.run("sale", "import", "--brand", shop.brand_id, *arguments, "--json")


def imported(terminal: Terminal, shop: Shop, *arguments: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(run(terminal, shop, *arguments).stdout)
    assert sum(value[state] for state in ALL) == value["lines"]
    return value


def counts(value: dict[str, Any]) -> dict[str, int]:
    return {state: value[state] for state in ALL if value[state]}


def test_the_same_file_twice_books_nothing_twice(terminal: Terminal, shop: Shop, tmp_path: Path) -> None:
    file = write_file(tmp_path, text(sale_line("1001"), sale_line("1002"), sale_line("1001")))

    assert counts(imported(terminal, shop, file)) == {"new": 2, "known": 1}
    assert counts(imported(terminal, shop, file)) == {"known": 3}
    assert orders(shop) == {"1001": 11900, "1002": 11900}
    assert number_of_events(shop) == 2


def test_the_sample_file_of_the_documentation_is_imported(
    terminal: Terminal, shop: Shop, tmp_path: Path
) -> None:
    file = write_file(tmp_path, SAMPLE.read_text().replace("2026-", "2025-"))

    value = imported(terminal, shop, file)
    assert (counts(value), value["unknown_columns"]) == ({"new": 6}, [])
    assert orders(shop) == {"1001": 11900, "1002": 4760, "1003": 2380, "test-1": 100}
    with read_session(shop.databases.main) as session:
        history = sale_history(session, find_sale(session, shop.brand_id, "1001"))
        assert [each.amount_minor for each in history.refunds] == [2975]
        assert history.attributions[0].enrollment_id == shop.enrollments["anna"]
        assert sale_history(session, find_sale(session, shop.brand_id, "1003")).cancelled_at is not None
        assert find_sale(session, shop.brand_id, "test-1").test


def test_refunds_may_be_imported_before_their_sales(terminal: Terminal, shop: Shop, tmp_path: Path) -> None:
    refunds = write_file(
        tmp_path,
        text(*(f"{order},r{order},{TIME},EUR,10.00" for order in ("1", "2")), header=REFUNDS),
        "refunds.csv",
    )
    assert counts(imported(terminal, shop, refunds, "--kind", "refunds")) == {"waiting": 2}
    assert counts(imported(terminal, shop, refunds, "--kind", "refunds")) == {"known": 2}
    imported(terminal, shop, write_file(tmp_path, text(sale_line("1"))))
    with read_session(shop.databases.main) as session:
        assert session.scalar(select(func.count()).select_from(Refund)) == 1


@pytest.mark.parametrize("trial", [(), ("--dry-run",)])
def test_a_refund_listed_before_its_sale_is_booked(
    terminal: Terminal, shop: Shop, tmp_path: Path, trial: tuple[str, ...]
) -> None:
    header = f"type,{SALES},refund_id,amount"
    waiting = (f"refund,{order},{TIME},EUR,,,,r1,10.00" for order in ("1", "2"))
    file = write_file(tmp_path, text(*waiting, f"sale,{sale_line('1')},,", header=header))
    assert counts(imported(terminal, shop, *trial, file)) == {"new": 2, "waiting": 1}


def test_sales_that_the_shop_reported_itself_are_known(
    terminal: Terminal, shop: Shop, tmp_path: Path
) -> None:
    """Files share the namespace of the brand's other sources."""
    shop.send("sale.created", sale())
    file = write_file(tmp_path, text(sale_line("1001"), sale_line("1002"), sale_line("1001", "120.00")))

    trial = imported(terminal, shop, "--dry-run", file)
    done = imported(terminal, shop, file)
    assert counts(trial) == counts(done) == {"new": 1, "known": 1, "conflict": 1}
    [remark] = done["remarks"]
    assert (remark["line"], remark["state"]) == (4, "conflict")
    assert "total is 12000, booked is 11900" in remark["reason"]
    assert remark["event"].startswith("evt_")
    assert orders(shop) == {"1001": 11900, "1002": 11900}
    assert counts(imported(terminal, shop, file)) == {"known": 2, "conflict": 1}


def test_a_dry_run_predicts_the_import_and_writes_nothing(
    terminal: Terminal, shop: Shop, tmp_path: Path
) -> None:
    header = f"type,{SALES},refund_id,amount,dispute_id,status"
    lines = (
        f"sale,{sale_line('1')},,,,",
        f"sale,{sale_line('2')},,,,",
        f"sale,{sale_line('2', '200.00')},,,,",
        f"refund,1,{TIME},EUR,,,,r1,10.00,,",
        f"refund,1,{TIME},EUR,,,,r1,10.0,,",
        f"refund,1,{TIME},EUR,,,,r1,11.00,,",
        f"refund,1,{TIME},USD,,,,r2,11.00,,",
        f"refund,9,{TIME},EUR,,,,r1,10.00,,",
        f"cancellation,2,{TIME},,,,,,,,",
        "cancellation,2,2025-11-02T10:00:00Z,,,,,,,,",
        f"dispute,1,{TIME},EUR,,,,,5.00,d1,opened",
        f"dispute,1,{TIME},EUR,,,,,6.00,d1,opened",
        f"sale,{sale_line('3').replace('2025-11', '2025-08')},,,,",
        "sale,,,,,,,,,,",
    )
    file = write_file(tmp_path, text(*lines, header=header))
    expected = {"new": 5, "known": 2, "waiting": 1, "conflict": 4, "rejected": 2}

    trial = run(terminal, shop, "--dry-run", file)
    assert (trial.exit_code, counts(json.loads(trial.stdout))) == (3, expected)
    assert (orders(shop), number_of_events(shop)) == ({}, 0)
    with read_session(shop.databases.main) as session:
        assert session.scalar(select(func.count()).select_from(Source)) == 1
    done = run(terminal, shop, file)
    assert (done.exit_code, counts(json.loads(done.stdout))) == (1, expected)
    again = imported(terminal, shop, "--dry-run", file)
    assert counts(again) == {"known": 8, "conflict": 4, "rejected": 2}


def test_rejected_lines_can_be_corrected_and_imported_again(
    terminal: Terminal, shop: Shop, tmp_path: Path
) -> None:
    file = write_file(
        tmp_path,
        text(
            sale_line("1"),
            f"{sale_line('=2')},@SUM(A1)",
            f'3,{TIME},EUR,"1,234",0,0,+49 1',
            '"broken',
            "'=4,2025-11-01,EUR,1,0,0,",
            header=f"{SALES},Phone",
        ).replace("119.00,19.00,5.00,@", "1e9,19.00,5.00,@"),
    )
    rejects = tmp_path / "rejected.csv"

    value = imported(terminal, shop, file, "--rejects", str(rejects))
    assert counts(value) == {"rejected": 5}
    rows = list(csv.reader(rejects.read_text(encoding="utf-8-sig").splitlines()))
    assert rows[0] == ["rejected_line", "rejected_because", *SALES.split(","), "Phone"]
    assert [row[0] for row in rows[1:]] == ["2", "3", "4", "5", "6"]
    assert all(row[1] for row in rows[1:])
    assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@")]
    assert rows[4][2:] == ['"broken']
    assert oct(rejects.stat().st_mode & 0o777) == "0o600"

    right = rejects.read_text(encoding="utf-8-sig").replace("1e9", "119.00").replace('"1,234"', "12.34")
    again = imported(terminal, shop, write_file(tmp_path, right, "right.csv"))
    assert counts(again) == {"new": 2, "rejected": 3}
    assert orders(shop) == {"=2": 11900, "3": 1234}


def test_the_file_of_rejected_lines_never_overwrites_another(
    terminal: Terminal, shop: Shop, tmp_path: Path
) -> None:
    file = write_file(tmp_path, text(sale_line("1"), "2"))
    refused = run(terminal, shop, file, "--rejects", file)
    assert (refused.exit_code, "not overwritten" in refused.stderr) == (2, True)
    assert Path(file).read_text().startswith(SALES)
    assert orders(shop) == {}


def test_an_import_of_several_batches_continues_after_an_interruption(
    terminal: Terminal, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.sales.imports.run.BATCH_LINES", 10)
    everything = [sale_line(str(number)) for number in range(35)]
    half = write_file(tmp_path, text(*everything[:20]), "half.csv")
    whole = write_file(tmp_path, text(*everything))

    assert counts(imported(terminal, shop, half)) == {"new": 20}
    assert counts(imported(terminal, shop, whole)) == {"new": 15, "known": 20}
    assert len(orders(shop)) == 35


@SQLITE
def test_a_failed_batch_is_rolled_back_and_imported_by_the_next_run(
    terminal: Terminal, shop: Shop, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.sales.imports.run.BATCH_LINES", 10)
    monkeypatch.setitem(LOCK_S, "sqlite", 3600.0)  # so that a slow machine makes the same transactions
    file = write_file(tmp_path, text(*(sale_line(str(number)) for number in range(35))))
    with sqlite3.connect(settings.home / "linkledger.db") as database:
        database.execute(
            "create trigger stop before insert on sale when new.order_id = '25' "
            "begin select raise(rollback, 'power cut'); end"
        )
    stopped = run(terminal, shop, file)
    assert stopped.exit_code != 0
    assert len(orders(shop)) == 20
    with sqlite3.connect(settings.home / "linkledger.db") as database:
        database.execute("drop trigger stop")
    assert counts(imported(terminal, shop, file)) == {"new": 15, "known": 20}


@SQLITE
def test_import_needs_exactly_one_of_brand_and_source(terminal: Terminal, shop: Shop, tmp_path: Path) -> None:
    file = write_file(tmp_path, text(sale_line("1")))
    create = ("source", "create", "--brand", shop.brand_id, "--kind")

    assert "Give either --brand ID, or --source ID" in terminal.refused("sale", "import", file)
    assert "of kind standard" in terminal.refused("sale", "import", file, "--source", shop.source_id)
    made = terminal.run(*create, "csv", "--namespace", "shop").stdout
    source_id = made.split()[0]
    assert f"linkledger sale import FILE --source {source_id}" in made
    assert terminal.ask("sale", "import", file, "--source", source_id)["new"] == 1
    assert imported(terminal, shop, file)["source"] == source_id
    terminal.ask("source", "delete", source_id)
    assert "was deleted" in terminal.refused("sale", "import", file, "--source", source_id)
    terminal.ask(*create, "standard", "--namespace", "shop")
    assert "several namespaces" in run(terminal, shop, file).stderr


@SQLITE
def test_an_unseekable_file_is_refused(terminal: Terminal, shop: Shop) -> None:
    """The whole file is read once before the first line is booked."""
    reader, writer = os.pipe()
    os.write(writer, text(sale_line("1")).encode())
    os.close(writer)
    assert "can be read only once" in run(terminal, shop, f"/dev/fd/{reader}").stderr
    assert orders(shop) == {}


@SQLITE
def test_a_csv_source_accepts_no_signed_messages(terminal: Terminal, shop: Shop, tmp_path: Path) -> None:
    source_id = imported(terminal, shop, write_file(tmp_path, text(sale_line("1"))))["source"]
    file = write_file(tmp_path, "{}", "message.json")
    assert "do not accept signed messages" in terminal.refused("source", "send", "--source", source_id, file)
    assert (
        "no secret"
        in terminal.run("source", "rotate", source_id, "--secret-from-stdin", stdin="x" * 20).stderr
    )


@SQLITE
def test_the_event_of_a_line_has_its_type_and_order(terminal: Terminal, shop: Shop, tmp_path: Path) -> None:
    imported(terminal, shop, write_file(tmp_path, text(sale_line("1"))))
    with read_session(shop.databases.main) as session:
        [event] = list_events(session, brand_id=shop.brand_id)
    assert (event.type, event.order_id, event.state) == ("sale", "1", "applied")


@SQLITE
def test_text_output_summarises_the_result(terminal: Terminal, shop: Shop, tmp_path: Path) -> None:
    file = write_file(tmp_path, text(sale_line("1") + ",x", "2,3", header=f"{SALES},Name"))
    result = terminal.run("sale", "import", "--brand", shop.brand_id, file, "--dry-run")
    assert "line 3: The line has 2 cells, but the header has 7." in result.stdout
    assert "2 lines: 1 would be booked" in result.stdout
    assert "not stored: Name" in result.stderr
    assert "order_id" in terminal.refused(
        "sale", "import", "--brand", shop.brand_id, write_file(tmp_path, "a\n")
    )
