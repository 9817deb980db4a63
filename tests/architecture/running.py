"""Rules that are checked on the loaded product: its routes and its tables."""

import re
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import Constraint, Index, MetaData

from tracker.http.access import Access
from tracker.people.keys.rules import SCOPES

MAX_NAME_LENGTH = 63
"""PostgreSQL truncates longer names, so the constraint could not be found by its name."""
UNAUTHORIZED = 401
IGNORED_METHODS = {"HEAD", "OPTIONS"}
"""HEAD uses the view of GET; Flask handles OPTIONS itself."""


def unguarded_routes(app: Flask) -> list[str]:
    """Routes and methods whose view does not declare its access (tracker/http/access.py)."""
    faults = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static" or rule.endpoint.endswith(".static"):
            continue
        for method in sorted((rule.methods or set()) - IGNORED_METHODS):
            if not _declares_access(app.view_functions[rule.endpoint], method):
                faults.append(f"{method} {rule.rule} ({rule.endpoint}): its view does not declare its access")
    return faults


def access_of(app: Flask, endpoint: str) -> Access | None:
    found: Access | None = getattr(app.view_functions[endpoint], "__access__", None)
    return found


def unlocked_routes(app: Flask) -> list[str]:
    """Routes that declare a key but accept requests without one, or declare an unknown scope.

    Also API routes other than GET that declare no key.
    """
    faults, client = [], app.test_client()
    for rule in app.url_map.iter_rules():
        access = access_of(app, rule.endpoint)
        for method in sorted((rule.methods or set()) - IGNORED_METHODS):
            place = f"{method} {rule.rule} ({rule.endpoint})"
            if access is None or access.kind != "keyed":
                if rule.rule.startswith("/api/") and method != "GET":
                    faults.append(f"{place}: changes something and needs no key")
                continue
            if access.scope not in SCOPES:
                faults.append(f"{place}: {access.scope} is not a scope")
            path = re.sub(r"<[^>]+>", "1", rule.rule)
            if client.open(path, method=method).status_code != UNAUTHORIZED:
                faults.append(f"{place}: accepts a request without a key")
    return faults


def unnamed_constraints(*tables: MetaData) -> list[str]:
    """Constraints and indexes without a name, or with a name that PostgreSQL would truncate."""
    faults = []
    for metadata in tables:
        for table in metadata.tables.values():
            rules: list[Constraint | Index] = [*table.constraints, *table.indexes]
            for rule in rules:
                if not isinstance(rule.name, str) or not rule.name:
                    faults.append(f"{table.name}: a {type(rule).__name__} has no name")
                elif len(rule.name) > MAX_NAME_LENGTH:
                    faults.append(f"{table.name}: {rule.name} has more than {MAX_NAME_LENGTH} characters")
    return faults


def _declares_access(view: Callable[..., Any], method: str) -> bool:
    view_class = getattr(view, "view_class", None)
    handler = getattr(view_class, method.lower(), None)
    return any(getattr(place, "__access__", None) for place in (view, view_class, handler))
