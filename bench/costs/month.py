"""One month with all its sales: it is closed and sealed beside its floor, exported, and reviewed."""

from datetime import timedelta

from bench.costs import table
from bench.costs.place import Figures, Place
from bench.costs.year import Note
from tracker.times import format_utc, parse_utc

FILL = {"months": 1, "hold_days": 14, "open_month": True}
HOUR = timedelta(hours=1)


def measure_month(place: Place, sales: int, note: Note) -> dict[str, Figures]:
    """The place is filled with FILL: its month has ended and is not closed."""
    plain, other = place.copy("plain"), place.copy("other")
    now = format_utc(parse_utc(place.filled["until"]) + HOUR)
    at_once = other.measure("close-at-once", now)
    note(table.rows(place.database, sales, at_once))
    close = place.measure("close", now)
    pages = place.measure("pages", now)
    seal = place.measure("seal", now)
    floor = plain.floor_of_month(place)
    note(table.month(place.database, sales, close, seal, floor))
    exports = place.measure("exports", now)
    for kind, each in exports.items():
        note(table.export(place.database, sales, kind, each))
    review = {name: page for name, page in pages.items() if name.startswith("review")}
    for name, page in review.items():
        note(table.page(place.database, sales, name, page))
    return {
        "close": close,
        "close-at-once": at_once,
        "seal": seal,
        "floor": floor,
        "exports": exports,
        "pages": review,
    }
