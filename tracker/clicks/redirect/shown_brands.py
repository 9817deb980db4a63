"""Whose page a shopper sees at an inactive link: the brand's name, colour and logo, kept for a minute."""

import base64
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, case, func, select
from sqlalchemy.exc import SQLAlchemyError

from config.database import read_connection
from tracker.people.accounts.models import Brand
from tracker.people.looks.models import BrandLook

KEPT_S = 60.0
MAX_BRANDS = 1_000
MAX_LOGO_BYTES = 32 * 1024
"""A larger logo is left out: it is part of the page, which has to be small."""


@dataclass(frozen=True)
class ShownBrand:
    """`logo` is a data URL."""

    name: str
    colour: str | None
    logo: str | None


class ShownBrands:
    """For any thread. Without a database, a page is the product's: a shopper never waits for a logo."""

    def __init__(self, read: Callable[[str], ShownBrand | None]) -> None:
        self._read = read
        self._known: dict[str, tuple[float, ShownBrand | None]] = {}
        self._lock = threading.Lock()

    def is_known(self, brand_id: str) -> bool:
        """Whether `find` answers from memory."""
        found = self._known.get(brand_id)
        return found is not None and time.monotonic() < found[0]

    def find(self, brand_id: str) -> ShownBrand | None:
        """What is shown of a brand; None if there is none or it cannot be read."""
        found = self._known.get(brand_id)
        if found is not None and time.monotonic() < found[0]:
            return found[1]
        try:
            brand = self._read(brand_id)
        except SQLAlchemyError:
            brand = None if found is None else found[1]
        with self._lock:
            if len(self._known) >= MAX_BRANDS:
                self._known.clear()
            self._known[brand_id] = (time.monotonic() + KEPT_S, brand)
        return brand


def shown_brands_of(engine: Engine) -> ShownBrands:
    def read(brand_id: str) -> ShownBrand | None:
        with read_connection(engine) as connection:
            return read_shown_brand(connection, brand_id)

    return ShownBrands(read)


def read_shown_brand(connection: Connection, brand_id: str) -> ShownBrand | None:
    logo = case((func.length(BrandLook.logo) <= MAX_LOGO_BYTES, BrandLook.logo))
    columns = select(Brand.name, BrandLook.colour, BrandLook.logo_type, logo.label("logo"))
    joined = columns.outerjoin(BrandLook, BrandLook.brand_id == Brand.id).where(Brand.id == brand_id)
    row = connection.execute(joined).one_or_none()
    if row is None:
        return None
    content = None if row.logo is None else base64.b64encode(row.logo).decode("ascii")
    return ShownBrand(row.name, row.colour, content and f"data:{row.logo_type};base64,{content}")
