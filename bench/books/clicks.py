"""Hourly totals of clicks, in bulk."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine

from bench.books.options import FillOptions
from bench.books.rows import RowWriter
from payouts.tables import CLICK_TABLES
from tracker.ids import uuid_of

HOUR = timedelta(hours=1)


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
