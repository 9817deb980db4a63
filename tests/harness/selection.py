"""A pytest plugin that marks the tests that `make quick` leaves out, so that no one has to mark them by hand.

`processes`: the test starts processes, because its file imports a module that does, or through a fixture.
`campaign`: the test runs many variants of one property, or plays whole payout runs, months or backups.
"""

import subprocess
from pathlib import Path
from types import ModuleType

import pytest

STARTERS = "tests.harness.processes."
THREADS = STARTERS + "threads"
FIXTURES = frozenset(("browser", "page", "seeded_home", "server"))
"""Fixtures of conftest files that start gunicorn, a browser or the demo."""
CAMPAIGN_FOLDERS = ("scenarios", "runs", "backup")
CAMPAIGN_FILES = ("_crashes", "_property", "_in_any_order", "_order_of_events", "test_totals", "test_owners")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    starting = {item.path: _starts_processes(getattr(item, "module", None)) for item in items}
    for item in items:
        if starting[item.path] or FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.processes)
        if _is_campaign(item.path):
            item.add_marker(pytest.mark.campaign)


def _starts_processes(module: ModuleType | None) -> bool:
    origins = [getattr(value, "__module__", None) or "" for value in vars(module).values()] if module else []
    imports_starter = any(each.startswith(STARTERS) and each != THREADS for each in origins)
    return imports_starter or getattr(module, "subprocess", None) is subprocess


def _is_campaign(path: Path) -> bool:
    return path.parent.name in CAMPAIGN_FOLDERS or any(name in path.stem for name in CAMPAIGN_FILES)
