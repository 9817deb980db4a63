"""Rules that are judged on the living product: its routes and its tables."""

import re
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import Constraint, Index, MetaData

from tracker.people.access.guards import Access
from tracker.people.keys.rules import SCOPES

LONGEST_NAME = 63
"""PostgreSQL cuts longer names, and then a rule can no longer be found by its name."""
UNAUTHORIZED = 401
FREE_METHODS = {"HEAD", "OPTIONS"}
"""HEAD goes where GET goes; Flask answers OPTIONS itself."""


def unguarded_routes(app: Flask) -> list[str]:
    """Routes, method by method, whose view does not say who may call it (tracker/people/access/guards.py)."""
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


def access_of(app: Flask, endpoint: str) -> Access | None:
    found: Access | None = getattr(app.view_functions[endpoint], "__access__", None)
    return found


def unlocked_routes(app: Flask) -> list[str]:
    """Routes that say that they need a key and let somebody in without one, or need one for what is no scope.

    And those of the API that need none: there only what is public to read may do without.
    """
    faults, client = [], app.test_client()
    for rule in app.url_map.iter_rules():
        access = access_of(app, rule.endpoint)
        for method in sorted((rule.methods or set()) - FREE_METHODS):
            place = f"{method} {rule.rule} ({rule.endpoint})"
            if access is None or access.kind != "keyed":
                if rule.rule.startswith("/api/") and method != "GET":
                    faults.append(f"{place}: changes something and needs no key")
                continue
            if access.scope not in SCOPES:
                faults.append(f"{place}: {access.scope} is no scope")
            path = re.sub(r"<[^>]+>", "1", rule.rule)
            if client.open(path, method=method).status_code != UNAUTHORIZED:
                faults.append(f"{place}: is answered without a key")
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
