"""The queries of the pages, each called some times in a read of its own."""

import json
import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from bench.books.fill import FILLED
from bench.books.options import CURRENCY
from bench.costs.meter import backends_cpu_s
from config.database import Databases, read_session
from config.settings import Settings
from payouts.backoffice.held_now import held_now
from payouts.backoffice.latest_sales import latest_sales
from payouts.portal.home import creator_home
from payouts.portal.lines import lines_of_creator
from payouts.rollups.balances import owed_by_brand
from payouts.rollups.queries import sales_by_day, top_creators
from payouts.statements.models import Statement
from payouts.statements.rows.reading import rows_after, source_of
from tracker.clicks.counting.day_statistics import visits_by_day
from tracker.ids import uuid_of

CALLS = 20
YEAR, MONTH = timedelta(days=365), timedelta(days=28)
Query = Callable[[Session], Any]


def measure_pages(databases: Databases, settings: Settings, now: datetime) -> dict[str, Any]:
    """By query: median of the calls in ms, and CPU time of one call in ms, process and server."""
    filled = json.loads((settings.home / FILLED).read_text())
    found = {
        name: _measure(databases.main, query)
        for name, query in _queries(filled["brand_id"], filled["first_creator_id"], now).items()
    }
    if (statement_id := _with_rows(databases.main, filled["brand_id"])) is not None:
        creator_id = filled["first_creator_id"]
        for name, of in (("review of a statement's rows", ""), ("review of one creator's rows", creator_id)):
            found[name] = _measure(databases.main, partial(_review, statement_id=statement_id, creator_id=of))
    brand = uuid_of(filled["brand_id"], "brd")
    visits = partial(visits_by_day, brand_id=brand, first=f"{now - YEAR:%F}", last=f"{now:%F}")
    return found | {"visits by day": _measure(databases.clicks, visits)}


def _queries(brand_id: str, creator_id: str, now: datetime) -> dict[str, Query]:
    first, last, month = f"{now - YEAR:%F}", f"{now:%F}", f"{now - MONTH:%Y-%m}"

    def second_page(session: Session) -> Any:
        lines = lines_of_creator(session, creator_id)
        return lines_of_creator(session, creator_id, after=lines[-1].commission_id) if lines else []

    return {
        "latest sales": lambda s: latest_sales(s, brand_id),
        "held now": lambda s: held_now(s, brand_id),
        "creator's home": lambda s: creator_home(s, now, creator_id),
        "creator's lines": lambda s: lines_of_creator(s, creator_id),
        "creator's lines, two pages": second_page,
        "sales by day": lambda s: sales_by_day(s, brand_id, CURRENCY, first, last),
        "top creators": lambda s: top_creators(s, brand_id, CURRENCY, month),
        "owed in all": lambda s: owed_by_brand(s, brand_id),
    }


def _with_rows(engine: Engine, brand_id: str) -> str | None:
    """The youngest statement whose rows are written."""
    with read_session(engine) as session:
        return session.scalar(
            select(Statement.id)
            .where(Statement.brand_id == brand_id, Statement.rows_state == "ready")
            .order_by(Statement.id.desc())
            .limit(1)
        )


def _review(session: Session, *, statement_id: str, creator_id: str) -> Any:
    """The first page of lines, of all creators or of one."""
    statement = session.get_one(Statement, statement_id)
    return rows_after(session, source_of(session, statement), "lines", (), creator_id)


def _measure(engine: Engine, query: Query) -> dict[str, Any]:
    rows, times = 0, []
    with read_session(engine) as session:
        query(session)
    server_s, began_s = backends_cpu_s(engine), time.process_time()
    for _ in range(CALLS):
        called_s = time.perf_counter()
        with read_session(engine) as session:
            rows = len(query(session))
        times.append(time.perf_counter() - called_s)
    cpu_s = time.process_time() - began_s
    server_s = backends_cpu_s(engine) - server_s
    return {
        "median_ms": round(statistics.median(times) * 1000, 2),
        "longest_ms": round(max(times) * 1000, 2),
        "cpu_ms": round((cpu_s + server_s) / CALLS * 1000, 2),
        "rows": rows,
    }
