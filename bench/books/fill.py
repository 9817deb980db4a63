"""Writes a brand with its books: `python -m bench.books.fill HOME --sales 1000000 --creators 10000`.

`linkledger check` accepts the books. Everything follows from the seed; ids contain the times of the history.
`HOME/filled.json` says what was written, also the secret with which hooks are signed.
"""

import argparse
import json
import random
import resource
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, exists, func, insert, select, text, update
from sqlalchemy.orm import Session

from bench.books.clicks import fill_click_days, fill_click_totals
from bench.books.history import CLOSED_AFTER, History
from bench.books.options import ZONE, FillOptions, SeededIds
from bench.books.people import make_people
from bench.books.rows import RowWriter
from config.database import Databases, open_databases, transact
from config.migrate import upgrade
from config.settings import load_settings
from payouts.commissions.models import Commission, Hold
from payouts.ledger.calendar import span_of
from payouts.ledger.models import Chain, Period, Posting
from payouts.tables import MAIN_TABLES
from tracker.times import format_utc, parse_utc

FOUNDED_BEFORE = timedelta(days=10)
FILLED = "filled.json"


@dataclass(frozen=True)
class Filled:
    """What was written. `until` is the end of the history; jobs run as of then have what the options say."""

    brand_id: str
    program_id: str
    source_id: str
    secret: str
    first_creator_id: str
    """Has a tenth of the sales."""
    started_at: str
    until: str
    sales: int
    creators: int
    counts: dict[str, int]
    transactions: int
    payouts: int
    rows: int
    click_totals: int
    click_days: int
    cpu_s: float
    peak_mb: float


def fill(options: FillOptions) -> Filled:
    """Migrate the databases, write everything, and return what was written."""
    databases = open_databases(options.settings)
    upgrade(databases)
    began_cpu_s = time.process_time()
    options, started_at = _dated(options)
    ids = SeededIds(random.Random(f"ids {options.seed}"))
    writer = RowWriter(databases.main, MAIN_TABLES, _forget_done_work)
    people = make_people(databases, options, writer, ids, started_at - FOUNDED_BEFORE)
    history = History(options, writer, ids, people, _last_posting_id(databases))
    history.play(started_at)
    writer.close()
    transact(databases.main, lambda session: _finish(session, options, history, people.brand_id))
    links = [member.link_id for member in people.members]
    click_totals = fill_click_totals(databases.clicks, options, links, started_at)
    click_days = fill_click_days(databases.clicks, options, people.brand_id)
    filled = Filled(
        brand_id=people.brand_id,
        program_id=people.program_id,
        source_id=people.source_id,
        secret=people.secret,
        first_creator_id=people.members[0].creator_id,
        started_at=format_utc(started_at),
        until=format_utc(options.until),
        sales=options.sales,
        creators=options.creators,
        counts=history.counts,
        transactions=history.ledger.head[0],
        payouts=history.payments.paid,
        rows=writer.written,
        click_totals=click_totals,
        click_days=click_days,
        cpu_s=round(time.process_time() - began_cpu_s, 1),
        peak_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    )
    databases.close()
    (options.settings.home / FILLED).write_text(json.dumps(asdict(filled), indent=2) + "\n")
    return filled


def _dated(options: FillOptions) -> tuple[FillOptions, datetime]:
    """The options with their last time, and the first: the start of a month."""
    month = span_of(options.until, "month", ZONE)
    until = month.starts_at + CLOSED_AFTER / 2 if options.open_month else options.until
    started_at = month.starts_at
    for _ in range(options.months):
        started_at = span_of(started_at - timedelta(days=1), "month", ZONE).starts_at
    return FillOptions(**{**vars(options), "until": until}), started_at


def _last_posting_id(databases: Databases) -> int:
    with databases.main.connect() as connection:
        return connection.scalar(select(func.max(Posting.id))) or 0


def _finish(session: Session, options: FillOptions, history: History, brand_id: str) -> None:
    """The rows that change: the chain, closed months, commissions that are due; and derived rows."""
    seq, head_hash = history.ledger.head
    session.execute(insert(Chain).values(brand_id=brand_id, seq=seq, head_hash=head_hash))
    for month in history.ledger.months:
        if month.closed_at is not None:
            closed = {"state": "closed", "closed_at": month.closed_at}
            session.execute(update(Period).where(Period.id == month.id).values(**closed))
    if options.due:
        _make_due(session, options, brand_id)
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            text("select setval(pg_get_serial_sequence('ledger_posting', 'id'), :last)"),
            {"last": max(history.ledger.last_posting_id, 1)},
        )
    session.execute(text("analyze"))


def _forget_done_work(connection: Connection) -> None:
    """Delete what triggers noted as to be booked, and the history has booked."""
    for statement in _DONE_WORK:
        connection.execute(text(statement))


_DONE_WORK = (
    """
    delete from booking_work where kind = 'attribution' and (
        exists (select 1 from attribution where id = cause_id and enrollment_id is null)
        or exists (select 1 from commission where commission.sale_id = booking_work.sale_id))
    """,
    """
    delete from booking_work where kind <> 'attribution' and exists (
        select 1 from commission join commission_entry on commission_id = commission.id
        where commission.sale_id = booking_work.sale_id and commission_entry.cause_id = booking_work.cause_id)
    """,
)


def _make_due(session: Session, options: FillOptions, brand_id: str) -> None:
    """Let the release date of commissions come that would be released later."""
    due_at = options.until - timedelta(minutes=1)
    held = exists().where(Hold.commission_id == Commission.id, Hold.lifted_at.is_(None))
    waiting = (
        select(Commission.id)
        .where(Commission.brand_id == brand_id, Commission.release_at > due_at, ~held)
        .order_by(Commission.release_at)
        .limit(options.due)
    )
    become_due = update(Commission).where(Commission.id.in_(waiting.scalar_subquery()))
    session.execute(become_due.values(release_at=due_at))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path, help="the folder of the databases and keys")
    parser.add_argument("--postgresql", metavar="URL", default="", help="instead of SQLite")
    parser.add_argument("--sales", type=int, default=10_000)
    parser.add_argument("--creators", type=int, default=1_000)
    parser.add_argument("--months", type=int, default=12, help="whole months before that of --until")
    parser.add_argument("--hold-days", type=int, default=30)
    parser.add_argument("--until", metavar="TIME", help="the end of the history; by default now")
    parser.add_argument("--seed", type=int, default=1, help="another one adds another brand")
    parser.add_argument("--unaccrued", type=int, default=0, metavar="N", help="sales without a commission")
    parser.add_argument("--due", type=int, default=0, metavar="N", help="commissions to release")
    parser.add_argument("--unadjusted", type=int, default=0, metavar="N", help="refunds to enter")
    parser.add_argument(
        "--open-month", action="store_true", help="end when the last month has ended and is not closed"
    )
    parser.add_argument("--click-totals", type=int, default=0, metavar="N", help="rows of hourly totals")
    parser.add_argument("--click-days", type=int, default=0, metavar="N", help="rows of visits by day")
    return parser


def main() -> None:
    given: dict[str, Any] = vars(_parser().parse_args())
    settings = load_settings(home=given.pop("home"), database_url=given.pop("postgresql"))
    settings.home.mkdir(parents=True, exist_ok=True)
    until = given.pop("until")
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    filled = fill(FillOptions(settings=settings, until=parse_utc(until) if until else now, **given))
    sys.stdout.write(json.dumps(asdict(filled), indent=2) + "\n")


if __name__ == "__main__":
    main()
