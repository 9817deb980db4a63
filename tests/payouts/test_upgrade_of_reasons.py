"""An upgrade from a schema without codes: rows keep their words, and columns say what ids and slots said."""

from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import IntegrityError

from config.database import read_session
from config.migrate import migrate_down, migrate_up
from config.schema import MAIN
from payouts.commissions.models import Hold
from payouts.explain.order import explain
from payouts.jobs.claims import claim
from payouts.jobs.models import JobRun, StartedBy
from payouts.statements.decisions.commissions import decline, hold, release
from tests.cast.books import Books, add_creator, add_link, at
from tests.cast.months import OCTOBER, payouts_of, seal
from tests.cast.programs import add_program
from tests.payouts.commissions.order_state import open_hold, report_again
from tests.payouts.commissions.suspects import OWN_PURCHASE, SOLD
from tracker.errors import NotFound

BEFORE = "0020"


def upgrade_again(books: Books) -> None:
    """As if all rows had been written with the schema before."""
    migrate_down(books.databases.main, MAIN, BEFORE)
    migrate_up(books.databases.main, MAIN)


def hold_by_everything(books: Books) -> None:
    """Place a hold of each kind."""
    bob = add_creator(books, "bob", connected=False)
    profit = add_link(books, "profit", add_program(books, rate_bp=5000, base="profit"))
    books.sale("cost", 100_00, SOLD, click=books.click(profit, "10-01 08:00"))
    books.sale("own", 100_00, SOLD, **OWN_PURCHASE)
    for order in ("person", "carried", "declined"):
        books.sale(order, 100_00, SOLD, click=books.click(books.link_id, "10-01 08:00"))
    for order in ("person", "carried"):
        books.decide(hold, order, "10-02", reason="under_review")
    books.decide(decline, "declined", "10-02", reason="breach")
    for order in ("carried", "declined"):
        report_again(books, order, 100_00, SOLD, books.click(bob.link_id, "10-01 09:00"), "10-03")
    books.sale("dispute", 100_00, SOLD)
    books.dispute("dispute", "opened", 10_00, "10-02")
    books.sale("message", 100_00, SOLD)
    books.run_jobs(at("11-01"))
    refund = {"order_id": "message", "refund_id": "r", "occurred_at": at("11-02").isoformat()}
    books.report("refund.created", refund | {"currency": "USD", "amount": 1}, "parked", at("11-02"))


def test_an_upgrade_says_by_what_each_hold_was_placed(books: Books) -> None:
    hold_by_everything(books)
    with read_session(books.databases.main) as session:
        placed = dict(session.execute(select(Hold.id, Hold.placed_by)).all())
    assert set(placed.values()) == {"person", "carried_over", "rule", "event", "dispute"}
    upgrade_again(books)
    with read_session(books.databases.main) as session:
        assert dict(session.execute(select(Hold.id, Hold.placed_by)).all()) == placed
        assert set(session.scalars(select(Hold.reason_code))) == {None}
    for order in ("cost", "own", "person", "carried", "declined"):
        books.decide(release, order, "11-03")
    for order in ("dispute", "message"):
        with pytest.raises(NotFound):
            books.decide(release, order, "11-03")


def test_an_upgrade_says_who_started_each_run(books: Books) -> None:
    manual = "by hand at 2026-11-01T00:00:00.000000Z"
    for slot, by in (("2026-11-01T00:00Z", StartedBy.SCHEDULE), (manual, StartedBy.PERSON)):
        books.write(lambda s, slot=slot, by=by: claim(s, at("11-01"), "accrue", slot, by))
    upgrade_again(books)
    with read_session(books.databases.main) as session:
        runs = dict(session.execute(select(JobRun.slot, JobRun.started_by)).all())
    assert runs == {"2026-11-01T00:00Z": "schedule", manual: "person"}


def test_an_upgrade_locks_the_runs_of_jobs_first_as_a_job_does(books: Books) -> None:
    migrate_down(books.databases.main, MAIN, BEFORE)
    altered: list[str] = []

    def record(*arguments: Any) -> None:
        statement: str = arguments[2]
        if statement.startswith("ALTER TABLE "):
            altered.append(statement.split()[2])

    event.listen(books.databases.main, "before_cursor_execute", record)
    migrate_up(books.databases.main, MAIN, "0021")
    event.remove(books.databases.main, "before_cursor_execute", record)
    assert altered[0] == "job_run"
    assert {"payout", "payee", "commission_hold"} < set(altered)


def test_an_upgrade_changes_no_word_and_nothing_that_is_decided(books: Books) -> None:
    hold_by_everything(books)
    seal(books, OCTOBER)
    books.sandbox.control.queue_fault("403_before")
    books.run(OCTOBER.payday).pay(books.brand_id)
    orders = ("cost", "own", "person", "carried", "declined", "dispute", "message")
    words = words_of(books, orders)
    payouts = [(each.state, each.reason) for each in payouts_of(books)]
    upgrade_again(books)
    assert words_of(books, orders) == words
    assert [(each.state, each.reason) for each in payouts_of(books)] == payouts
    books.dispute("dispute", "won", 10_00, "11-10")
    books.decide(release, "person", "11-10")
    books.run_jobs(at("11-11"))
    with pytest.raises(ValueError, match="not enough values"):
        open_hold(books, "dispute")


def words_of(books: Books, orders: tuple[str, ...]) -> list[list[str]]:
    """Of each order: why its commissions changed and are held, as `explain` shows it."""
    with read_session(books.databases.main) as session:
        found = [explain(session, books.brand_id, order)[0] for order in orders]
    return [
        [
            row["why"]
            for commission in each["commissions"]
            for row in (*commission["entries"], *commission["holds"])
        ]
        for each in found
    ]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("update commission_hold set placed_by = 'somebody'", "hold_placed_by_known"),
        ("update job_run set started_by = 'somebody'", "job_started_by_known"),
    ],
)
def test_the_database_refuses_unknown_origins(books: Books, change: str, rule: str) -> None:
    books.sale("S1", 100_00, SOLD)
    books.decide(hold, "S1", "10-02", reason="under_review")
    books.write(lambda s: claim(s, at("11-01"), "accrue", "10:00"))
    with pytest.raises(IntegrityError, match=rule):
        books.write(lambda s: s.execute(text(change)))
