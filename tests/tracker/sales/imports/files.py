"""Builds and reads CSV files of sales for tests."""

import io
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from config.database import read_session
from tests.cast.shop import Shop
from tracker.sales.imports.columns import Line, ReadOptions
from tracker.sales.imports.table import RejectedLine, open_table
from tracker.sales.inbox.queries import list_events
from tracker.sales.orders.queries import list_sales

NOW = datetime.fromisoformat("2025-11-20T10:00:00+00:00")
SALES = "order_id,occurred_at,currency,total,tax,shipping"
REFUNDS = "order_id,refund_id,occurred_at,currency,amount"
TIME = "2025-11-01T10:00:00Z"


def sale_line(order_id: str, total: str = "119.00") -> str:
    return f"{order_id},{TIME},EUR,{total},19.00,5.00"


def text(*lines: str, header: str = SALES) -> str:
    return "".join(f"{line}\r\n" for line in (header, *lines))


def read(content: str | bytes | BinaryIO, options: ReadOptions = ReadOptions()) -> list[Line | RejectedLine]:  # noqa: B008
    if isinstance(content, str):
        content = content.encode()
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    return list(open_table(file, options.kind).lines(options, NOW))


def rejections(lines: Iterable[Line | RejectedLine]) -> list[tuple[int, str]]:
    return [(line.number, line.reason) for line in lines if isinstance(line, RejectedLine)]


def valid_lines(lines: Iterable[Line | RejectedLine]) -> list[Line]:
    return [line for line in lines if isinstance(line, Line)]


def write_file(folder: Path, content: str, name: str = "sales.csv") -> str:
    path = folder / name
    path.write_bytes(content.encode())
    return str(path)


def orders(shop: Shop) -> dict[str, int]:
    with read_session(shop.databases.main) as session:
        return {sale.order_id: sale.total_minor for sale in list_sales(session, shop.brand_id, 10_000)}


def number_of_events(shop: Shop) -> int:
    with read_session(shop.databases.main) as session:
        return len(list_events(session, brand_id=shop.brand_id, limit=10_000))
