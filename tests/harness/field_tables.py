"""The tables of fields in docs/sales.md. `python -m tests.harness.field_tables` rewrites them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from tests.harness import ROOT
from tracker.sales.integrations.csv_line import FIELDS
from tracker.sales.reports.declared_fields import DeclaredField, declared_fields
from tracker.sales.reports.parsing import BY_NAME, REPORT_TYPES

PAGE = ROOT / "docs" / "sales.md"
COMMAND = "python -m tests.harness.field_tables"

_TABLE = re.compile(r"(?<=<!-- fields: )(?P<name>[\w.]+) -->\n.*?(?=<!-- end of fields -->)", re.DOTALL)


def with_tables(page: str) -> str:
    """The page with the table of today's declarations after each comment `<!-- fields: NAME -->`.

    NAME is the type of a message, or `files`. The table ends at `<!-- end of fields -->`.
    """
    tables = {each.message: _report_table(each.message, each.report) for each in REPORT_TYPES}
    tables["files"] = _column_table()
    return _TABLE.sub(lambda found: f"{found['name']} -->\n\n{tables[found['name']]}\n", page)


def _report_table(message: str, report: type) -> str:
    rows = [f"| `{message}` | type | |", "|---|---|---|"]
    return "\n".join([*rows, *_rows(declared_fields(report))]) + "\n"


def _rows(fields: Sequence[DeclaredField], holder: str = "") -> Iterator[str]:
    for field in fields:
        optional = "" if field.is_required else ", optional"
        yield f"| `{holder}{field.name}` | {_type_name(field)}{optional} | {field.description} |"
        yield from _rows(field.parts, f"{field.name}[].")


def _type_name(field: DeclaredField) -> str:
    if not field.choices:
        return field.type.label
    *others, last = (f"`{each}`" for each in field.choices)
    return f"{', '.join(others)} or {last}"


def _column_table() -> str:
    """One row for the columns that the same types of lines need or may have."""
    columns: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in dict.fromkeys(field.name for fields in FIELDS.values() for field in fields):
        lines = {kind: field for kind, fields in FIELDS.items() for field in fields if field.name == name}
        required = _listed(kind for kind, field in lines.items() if field.is_required)
        optional = _listed(kind for kind, field in lines.items() if not field.is_required)
        columns[required, optional].append(f"`{name}`")
    rows = [f"| {', '.join(names)} | {' | '.join(kinds)} |" for kinds, names in columns.items()]
    return "\n".join(["| columns | required for | optional for |", "|---|---|---|", *rows]) + "\n"


def _listed(kinds: Iterable[str]) -> str:
    plurals = [BY_NAME[kind].plural for kind in kinds]
    return "all" if len(plurals) == len(REPORT_TYPES) else ", ".join(plurals) or "–"


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text()))
