"""Rules that are judged on the living product: its routes and its tables."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import Constraint, Index, MetaData

LONGEST_NAME = 63
"""PostgreSQL cuts longer names, and then a rule can no longer be found by its name."""
FREE_METHODS = {"HEAD", "OPTIONS"}
"""HEAD goes where GET goes; Flask answers OPTIONS itself."""


def unguarded_routes(app: Flask) -> list[str]:
    """Routes, method by method, whose view does not say who may call it (see tracker/people/access.py)."""
    faults = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static" or rule.endpoint.endswith(".static"):
            continue
        for method in sorted((rule.methods or set()) - FREE_METHODS):
            if not _says_who(app.view_functions[rule.endpoint], method):
                faults.append(
                    f"{method} {rule.rule} ({rule.endpoint}): its view does not say who may call it"
                )
    return faults


def unnamed_constraints(*tables: MetaData) -> list[str]:
    """Constraints and indexes without a name, or with one that PostgreSQL would cut."""
    faults = []
    for metadata in tables:
        for table in metadata.tables.values():
            rules: list[Constraint | Index] = [*table.constraints, *table.indexes]
            for rule in rules:
                if not isinstance(rule.name, str) or not rule.name:
                    faults.append(f"{table.name}: a {type(rule).__name__} has no name")
                elif len(rule.name) > LONGEST_NAME:
                    faults.append(f"{table.name}: {rule.name} has more than {LONGEST_NAME} letters")
    return faults


def _says_who(view: Callable[..., Any], method: str) -> bool:
    view_class = getattr(view, "view_class", None)
    handler = getattr(view_class, method.lower(), None)
    return any(getattr(place, "__access__", None) for place in (view, view_class, handler))
