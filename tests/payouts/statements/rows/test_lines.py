"""The lines of a statement: put together from stored texts, they read as if they were made of values."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import select

from config.canonical import canonical_json
from config.database import read_session
from payouts.commissions.reasons import COMMISSION_TEXTS
from payouts.statements.decisions.commissions import decline
from payouts.statements.models import Statement
from payouts.statements.rows.columns import STORED_LINE
from payouts.statements.rows.facts import LineFacts, line_facts
from payouts.statements.rows.models import StatementLine
from payouts.statements.rows.reasons import credit_words, is_for_the_attribution, reason_json
from payouts.statements.rows.scope import scope_of
from tests.cast.books import Books
from tests.cast.months import DEFAULT_SEED, OCTOBER, sell_and_release
from tests.harness.databases.snapshots import database_seed_for
from tracker.sales.attribution.reasons import TEXTS as ATTRIBUTION_TEXTS

database_seed = database_seed_for(books=DEFAULT_SEED)

STRANGE = 'n° "7" \\ ü'


@pytest.fixture
def closed(books: Books) -> Books:
    """A released, a partly refunded, a held and a declined commission, and one with a strange order id."""
    sell_and_release(books, "1001", 100_00)
    books.sale("1002", 400_00, "10-05")
    books.refund("1002", 30_00, "10-06")
    books.sale("1003", 500_00, "10-05")
    books.sale("1004", 600_00, "10-05")
    books.sale(STRANGE, 700_00, "10-05")
    books.decide(decline, "1004", "10-07", reason="returned")
    books.end("2026-10", OCTOBER.closing)
    return books


def bodies(books: Books) -> list[str]:
    with read_session(books.databases.main) as session:
        return list(session.scalars(select(StatementLine.body)))


def by_name(body: str) -> Mapping[str, Any]:
    return dict(zip((column.name for column in STORED_LINE), json.loads(body), strict=True))


def test_a_line_is_canonical_json(closed: Books) -> None:
    found = bodies(closed)
    assert {by_name(each)["order"] for each in found} == {"1001", "1002", "1003", "1004", STRANGE}
    assert [canonical_json(json.loads(each)) for each in found] == found


def test_words_are_those_of_the_codes_beside_them(closed: Books) -> None:
    codes = set()
    for line in map(by_name, bodies(closed)):
        code, parameters = line["credited_because_code"], line["credited_because_parameters"]
        assert line["credited_because"] == ATTRIBUTION_TEXTS.shown("", code, parameters)
        for reason in line["reasons"]:
            code, parameters = reason["reason_code"], reason["reason_parameters"]
            assert reason["why"] == COMMISSION_TEXTS.shown("", code, parameters)
            codes.add(code)
    assert {"credited", "refunded", "returned"} <= codes


def facts_of(books: Books) -> LineFacts:
    with read_session(books.databases.main) as session:
        scope = scope_of(session, session.scalars(select(Statement)).one(), 2**31)
        return line_facts(session, scope, list(session.scalars(select(StatementLine.commission_id))))


def whys(facts: LineFacts, stored_words: str) -> Iterator[tuple[bool, str]]:
    """Of each commission's accrual: whether it gives the reason of the attribution, and its words.

    `stored_words` replace those of the attribution, so that the accrual gives another reason.
    """
    for of in facts.rows:
        words = credit_words(of.reason, of.reason_code, of.reason_parameters)
        other = of._replace(reason=stored_words or of.reason)
        entry = facts.entries[of.id][0]
        yield is_for_the_attribution(entry, other), json.loads(reason_json(entry, other, words))["why"]


def test_an_accrual_reads_the_same_whether_or_not_the_words_of_the_attribution_are_used(
    closed: Books,
) -> None:
    facts = facts_of(closed)
    same, other = list(whys(facts, "")), list(whys(facts, "Other words."))
    assert len(same) == 5
    assert (all(used for used, _ in same), any(used for used, _ in other)) == (True, False)
    assert [words for _, words in same] == [words for _, words in other]
