"""The demo's folder: created completely or not at all, never mixed with real data."""

import json
import shutil
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from config.database import Databases, open_databases, read_session
from config.migrate import upgrade
from config.schema import schema_states
from config.settings import Settings, load_settings
from payouts.demo import cast
from payouts.demo.seed import ProgressCallback, seed
from tracker.errors import Conflict
from tracker.people.accounts.models import Brand
from tracker.times import format_utc

FOLDER = "demo"
MARKER_FILE = "demo.json"
"""Says that the folder is the demo's, whether it is whole, and which address its links lead to."""


def demo_settings(bind: str | None = None) -> Settings:
    """The settings with a home of the demo's own. Raises SettingsError."""
    chosen = {} if bind is None else {"bind": bind, "edge_bind": _next_port(bind)}
    home = load_settings(demo=True, **chosen).home / FOLDER
    return load_settings(demo=True, home=home, **chosen)


def _next_port(bind: str) -> str:
    """Where the links of a demo at `bind` are; two demos on one machine must not share it."""
    host, _, port = bind.rpartition(":")
    return f"{host}:{int(port) + 1}" if port.isdigit() else bind


def reset(settings: Settings, on_progress: ProgressCallback) -> None:
    """Delete the demo's folder. Raises Conflict when it is not the demo's, or holds only a part of it."""
    if settings.database_url:
        raise Conflict(
            "--reset deletes the demo's folder, not what is in LINKLEDGER_DATABASE_URL. Make an empty "
            "database and name that one."
        )
    if _read_marker(settings.home) is None:
        if _has_data(settings.home):
            raise Conflict(
                f"{settings.home} was not made by the demo (it has no {MARKER_FILE}); nothing was deleted."
            )
        return
    shutil.rmtree(settings.home)
    on_progress(f"deleted {settings.home}")


def prepare(settings: Settings, now: datetime, on_progress: ProgressCallback) -> None:
    """Migrate, and seed what is empty. Raises Conflict when something else is there; it stays as it is."""
    settings = clear_interrupted(settings, on_progress)
    databases = open_databases(settings)
    try:
        is_empty = _require_demo_database(databases, settings)
        upgrade(databases)
        if is_empty:
            _write_marker(settings, now, whole=False)
            on_progress("making two months of history …")
            seed(databases, settings, now, on_progress)
            _write_marker(settings, now, whole=True)
    finally:
        databases.close()


def clear_interrupted(settings: Settings, on_progress: ProgressCallback) -> Settings:
    """Throw away what a start left that was interrupted. The settings to go on with: the key may be new.

    Raises Conflict when the folder has data that the demo did not make.
    """
    marker = _read_marker(settings.home)
    if settings.database_url:
        return settings
    if marker is None and _has_data(settings.home):
        raise Conflict(
            f"{settings.home} holds data that the demo did not make. Name another LINKLEDGER_HOME."
        )
    if marker is None or marker["whole"]:
        return settings
    on_progress("the last start was interrupted: making the demo anew")
    shutil.rmtree(settings.home)
    return settings.model_copy(update={"secret_key": load_settings(home=settings.home).secret_key})


def _require_demo_database(databases: Databases, settings: Settings) -> bool:
    """Before anything is changed, not even the schema. True when nothing is there yet; raises Conflict."""
    brands, marker = _brands(databases), _read_marker(settings.home)
    if not brands:
        return True
    if cast.BRAND not in brands or marker is None or not marker["whole"]:
        raise Conflict(
            "The database has brands that this demo did not make, or only a part of it. The demo needs an "
            "empty database of its own: leave LINKLEDGER_DATABASE_URL out, or name another one."
        )
    if marker["address"] != settings.web_url:
        raise Conflict(
            f"This demo's links lead to {marker['address']}, not to {settings.web_url}. "
            "Start it there, or make it anew with: linkledger demo --reset"
        )
    return False


def _brands(databases: Databases) -> list[str]:
    """Their names, whichever version made the tables."""
    if all(state.current is None for state in schema_states(databases)):
        return []
    with read_session(databases.main) as session:
        return list(session.scalars(select(Brand.name)))


def _read_marker(home: Path) -> dict[str, object] | None:
    try:
        found = json.loads((home / MARKER_FILE).read_text())
    except (FileNotFoundError, ValueError):
        return None
    return found if isinstance(found, dict) and {"whole", "address"} <= found.keys() else None


def _write_marker(settings: Settings, now: datetime, *, whole: bool) -> None:
    marker = {"whole": whole, "address": settings.web_url, "made_at": format_utc(now)}
    (settings.home / MARKER_FILE).write_text(json.dumps(marker))


def _has_data(home: Path) -> bool:
    return any(home.glob("*.db"))
