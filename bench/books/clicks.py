"""Hourly totals of clicks, in bulk."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine

from bench.books.options import FillOptions
from bench.books.rows import RowWriter
from payouts.tables import CLICK_TABLES
from tracker.clicks.models import DayScope
from tracker.ids import uuid_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAYS = 366


def fill_click_totals(
    engine: Engine, options: FillOptions, link_ids: Sequence[str], started_at: datetime
) -> int:
    """Write totals of each link for the latest hours, as many as fit into the number. Returns how many."""
    if not options.click_totals:
        return 0
    chance = random.Random(f"clicks {options.seed}")
    writer = RowWriter(engine, CLICK_TABLES)
    total = writer.table(
        "click_total", "link_id", "hour", "persons", "repeats", "floods", "unconfirmed", "crawlers",
        "previews", "prefetches", "embedded", "heads",
    )  # fmt: skip
    counted = writer.table("click_hour", "hour", "counted", "closed")
    end = options.until.replace(minute=0, second=0, microsecond=0)
    hours = min(options.click_totals // max(len(link_ids), 1), (end - started_at) // HOUR)
    for number in range(hours, 0, -1):
        hour = end - number * HOUR
        rows = 0
        for link_id in link_ids:
            persons, crawlers = chance.randrange(20), chance.randrange(5)
            total((uuid_of(link_id, "lnk"), hour, persons, 1, 0, 0, crawlers, 1, 0, 0, 0))
            rows += persons + crawlers + 2
        counted((hour, rows, True))
        writer.flush_when_full()
    writer.close()
    return hours * len(link_ids)


def fill_click_days(engine: Engine, options: FillOptions, brand_id: str) -> int:
    """Write visits of the latest year: each day one row of the brand, the others of links, in all as many as
    asked for. Returns how many. The links are nobody's: pages that read a brand's days meet many rows."""
    chance = random.Random(f"click days {options.seed}")
    writer, brand = RowWriter(engine, CLICK_TABLES), uuid_of(brand_id, "brd")
    add = writer.table("click_day", "brand_id", "scope", "subject_id", "day", "creator_id", "persons")
    links = max(options.click_days // DAYS - 1, 0) if options.click_days else -1
    for number in range(DAYS if links >= 0 else 0):
        day = f"{options.until - number * DAY:%Y-%m-%d}"
        add((brand, DayScope.BRAND.value, brand, day, None, chance.randrange(10_000)))
        for link in range(links):
            add((brand, DayScope.LINK.value, UUID(int=link + 1), day, None, chance.randrange(20)))
        writer.flush_when_full()
    writer.close()
    return writer.written
