"""The sealed format 2: parts and a head, made outside the lock, and verified by hashes alone."""

import hashlib
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from config.canonical import canonical_json
from config.database import read_session, transact
from payouts.statements.commands import COMMANDS
from payouts.statements.document.document import statement_document
from payouts.statements.models import SealedDocument, SealedPart, Statement
from payouts.statements.review import approve, get_statement
from payouts.statements.seal import seal
from payouts.statements.seal_run import seal_in_parts
from payouts.statements.sealing import parts
from tests.cast.api import Terminal
from tests.cast.books import Books, add_creator, at
from tests.cast.months import DEFAULT_SEED, OCTOBER, add_booking, seed_after, sell_and_release
from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.commissions.test_crashes import Crash, crashing
from tests.payouts.selfcheck.test_corruption import corrupted
from tests.payouts.statements.october import ask
from tracker.errors import Fault


def approve_october(books: Books) -> None:
    bert = add_creator(books, "bert")
    for number in range(6):
        bert.sale(f"B-{number}", 100_00 + number, "10-05")
    sell_and_release(books, "1001", 100_00)
    add_booking(bert, 12_34, "10-21")
    books.end("2026-10", OCTOBER.closing)
    own = statement_of(books).id
    books.write(lambda s: approve(s, at(OCTOBER.approval), own, approved_by="brand"))


database_seed = database_seed_for(approved=seed_after(approve_october), books=DEFAULT_SEED)


@pytest.fixture
def approved(books: Books) -> Books:
    """October is approved: seven lines of two creators, and an adjustment."""
    return books


def statement_of(books: Books) -> Statement:
    with read_session(books.databases.main) as session:
        return get_statement(session, books.brand_id, "2026-10", "EUR")


def seal_it(books: Books) -> None:
    write = partial(transact, books.databases.main)
    seal_in_parts(books.databases.main, write, at(OCTOBER.approval), statement_of(books).id)


def sealed_of(books: Books) -> tuple[SealedDocument, list[SealedPart]]:
    with read_session(books.databases.main) as session:
        document = session.get_one(SealedDocument, statement_of(books).id)
        order = (SealedPart.kind, SealedPart.number)
        return document, list(session.scalars(select(SealedPart).order_by(*order)))


def test_head_and_parts_are_canonical_and_name_one_another(approved: Books) -> None:
    seal_it(approved)
    document, stored = sealed_of(approved)
    head = json.loads(document.body)
    assert canonical_json(head) == document.body
    assert hashlib.sha256(document.body.encode()).hexdigest() == document.sha256
    assert head["format"] == "linkledger.statement.2"
    assert [name for name, _ in head["equation"]] == [
        "opening",
        "earned",
        "reversed",
        "adjustments",
        "payments",
        "closing",
    ]
    assert [(each["kind"], each["rows"]) for each in head["parts"]] == [
        ("creators", 2),
        ("lines", 7),
        ("adjustments", 1),
    ]
    assert {each.sha256 for each in stored} == {each["sha256"] for each in head["parts"]}
    for each in stored:
        part = json.loads(each.body)
        assert canonical_json(part) == each.body
        assert hashlib.sha256(each.body.encode()).hexdigest() == each.sha256
        assert all(len(row) == len(part["columns"]) for row in part["rows"])
    assert approved.faults() == []


def test_small_parts_have_the_same_rows_in_the_same_order(
    approved: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 1500)
    with read_session(approved.databases.main) as session:
        whole = statement_document(session, statement_of(approved))
    seal_it(approved)
    _, stored = sealed_of(approved)
    assert sum(each.kind == "lines" for each in stored) > 2
    shown = ask(approved, "11-09", "statement", "show", "--brand", approved.brand_id, "--period", "2026-10")
    assert shown["creators"] == whole["creators"]
    assert approved.faults() == []


def test_a_seal_goes_on_after_a_crash_in_each_of_its_transactions(
    approved: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 1500)
    crashes = 0
    for number in range(1, 40):
        try:
            with crashing(approved.databases, "commit", number):
                seal_it(approved)
        except Crash:
            crashes += 1
            continue
        break
    assert crashes > 3
    assert statement_of(approved).state == "sealed"
    assert approved.faults() == []


def test_parts_of_two_processes_are_those_of_one_statement(
    approved: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other process is at work with parts of another size when this one begins."""
    monkeypatch.setattr(parts, "PART_BYTES", 1500)
    with read_session(approved.databases.main) as session:
        statement = statement_of(approved)
        others = [each for _, each in zip(range(3), parts.missing_parts(session, statement), strict=False)]
    monkeypatch.setattr(parts, "PART_BYTES", 4000)
    for each in others[:2]:
        assert approved.write(partial(parts.store_part, part=each))
    seal_it(approved)
    assert not approved.write(partial(parts.store_part, part=others[2]))
    assert statement_of(approved).state == "sealed"
    assert approved.faults() == []


def test_a_statement_with_another_closing_amount_than_the_books_is_not_sealed(approved: Books) -> None:
    more = "opening_payable_minor = opening_payable_minor + 1, payable_minor = payable_minor + 1"
    for rows in ("statement_total", f"statement_creator where creator_id = '{approved.creator_id}'"):
        table, *condition = rows.partition(" ")
        change = f"update {table} set {more} {''.join(condition)}"
        approved.write(lambda s, change=change: s.execute(text(change)))
    with pytest.raises(Fault, match="closes with 17236, but the books have 17235"):
        seal_it(approved)
    assert (statement_of(approved).state, approved.faults()) == ("approved", [])


def test_sealing_again_changes_nothing(approved: Books) -> None:
    seal_it(approved)
    before = [(each.kind, each.number, each.sha256) for each in sealed_of(approved)[1]]
    seal_it(approved)
    assert approved.write(lambda s: seal(s, at("11-20"), statement_of(approved).id).sha256)
    assert [(each.kind, each.number, each.sha256) for each in sealed_of(approved)[1]] == before


def test_the_database_refuses_to_change_parts(approved: Books) -> None:
    seal_it(approved)
    for change in ("update sealed_part set body = '{}'", "delete from sealed_part"):
        with pytest.raises(DBAPIError, match="never changed"):
            approved.write(lambda s, change=change: s.execute(text(change)))


CHANGES = {
    "a row of a part": "update sealed_part set body = replace(body, 'B-3', 'B-9')",
    "the hash of a part": "update sealed_part set sha256 = 'x'; "
    "update sealed_part set body = replace(body, 'B-3', 'B-9')",
    "a part is gone": "delete from sealed_part where kind = 'lines'",
    "the head": "update sealed_document set body = replace(body, '\"earned\"', '\"gained\"')",
    "a count in the head": "update sealed_document set body = replace(body, '7', '8')",
}


@pytest.mark.parametrize("what", list(CHANGES))
def test_verify_and_the_self_check_find_every_change(approved: Books, what: str, tmp_path: Path) -> None:
    seal_it(approved)
    name = ("--brand", approved.brand_id, "--period", "2026-10")
    assert ask(approved, "11-09", "statement", "verify", *name) == {"ok": True, "faults": []}
    with corrupted(approved.databases, CHANGES[what], keep=True):
        pass
    assert approved.faults() != []
    terminal = Terminal(approved.settings, COMMANDS)
    assert terminal.run("statement", "verify", *name).exit_code == 3


def test_an_exported_file_is_verified_without_the_database(approved: Books, tmp_path: Path) -> None:
    seal_it(approved)
    terminal = Terminal(approved.settings, COMMANDS)
    name = ("--brand", approved.brand_id, "--period", "2026-10", "--format", "sealed")
    content = terminal.run("statement", "export", *name).stdout
    file = tmp_path / "statement.json"
    file.write_text(content)
    assert terminal.run("statement", "verify", str(file)).exit_code == 0
    lines = content.split("\n")
    assert hashlib.sha256(lines[1].encode()).hexdigest() == json.loads(content)["sha256"]
    assert hashlib.sha256(lines[3].encode()).hexdigest() == json.loads(lines[1])["parts"][0]["sha256"]
    pretty = tmp_path / "pretty.json"
    pretty.write_text(json.dumps(json.loads(content), indent=2))
    assert terminal.run("statement", "verify", str(pretty)).exit_code == 0
    for changed in (content.replace("B-3", "B-9"), json.dumps(json.loads(content.replace("B-3", "B-9")))):
        file.write_text(changed)
        assert terminal.run("statement", "verify", str(file)).exit_code == 3
    file.write_text("[]")
    assert terminal.run("statement", "verify", str(file)).exit_code == 2


def test_exports_in_pieces_are_the_whole_statement(approved: Books) -> None:
    terminal = Terminal(approved.settings, COMMANDS)
    name = ("--brand", approved.brand_id, "--period", "2026-10")
    for _ in range(2):
        shown: Any = terminal.ask("statement", "show", *name)
        exported = terminal.run("statement", "export", *name).stdout
        assert exported == json.dumps(shown, ensure_ascii=False, indent=2) + "\n"
        assert list(shown["equation"]) == list(shown["creators"][0]["equation"])
        assert list(shown["equation"])[0] == "opening"
        if statement_of(approved).state == "approved":
            seal_it(approved)
