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
from payouts.demo import creators as cast
from payouts.demo.seed import ProgressCallback, seed
from tracker.errors import Conflict
from tracker.people.accounts.models import Brand
from tracker.times import format_utc

FOLDER = "demo"
MARKER_FILE = "demo.json"
"""A file that marks the folder as the demo's; it contains whether the demo is complete, and its address."""


def demo_settings(bind: str | None = None) -> Settings:
    """The settings with the demo's own home folder. Raises SettingsError."""
    chosen = {} if bind is None else {"bind": bind, "edge_bind": _next_port(bind)}
    home = load_settings(demo=True, **chosen).home / FOLDER
    return load_settings(demo=True, home=home, **chosen)


def _next_port(bind: str) -> str:
    """The address of the links of a demo at `bind`; two demos on one machine must not share it."""
    host, _, port = bind.rpartition(":")
    return f"{host}:{int(port) + 1}" if port.isdigit() else bind


def reset(settings: Settings, on_progress: ProgressCallback) -> None:
    """Delete the demo's folder.

    Raises Conflict when the folder has data that the demo did not make, or the demo uses another database.
    """
    if settings.database_url:
        raise Conflict(
            "--reset deletes the demo's folder, not the database in LINKLEDGER_DATABASE_URL. Create an empty "
            "database and set the variable to it."
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
    """Migrate the demo's database, and seed it if it is empty.

    Raises Conflict when it has other data, which is not changed.
    """
    settings = clear_interrupted(settings, on_progress)
    databases = open_databases(settings)
    try:
        is_empty = _require_demo_database(databases, settings)
        upgrade(databases)
        if is_empty:
            _write_marker(settings, now, whole=False)
            on_progress("creating two months of history …")
            seed(databases, settings, now, on_progress)
            _write_marker(settings, now, whole=True)
    finally:
        databases.close()


def clear_interrupted(settings: Settings, on_progress: ProgressCallback) -> Settings:
    """Delete the demo if its creation was interrupted. Returns the settings, which may have a new secret key.

    Raises Conflict when the folder has data that the demo did not make.
    """
    marker = _read_marker(settings.home)
    if settings.database_url:
        return settings
    if marker is None and _has_data(settings.home):
        raise Conflict(
            f"{settings.home} contains data that the demo did not make. Choose another LINKLEDGER_HOME."
        )
    if marker is None or marker["whole"]:
        return settings
    on_progress("the last start was interrupted: creating the demo again")
    shutil.rmtree(settings.home)
    return settings.model_copy(update={"secret_key": load_settings(home=settings.home).secret_key})


def _require_demo_database(databases: Databases, settings: Settings) -> bool:
    """True when the database has no brands yet. Called before anything is changed, even the schema.

    Raises Conflict when the brands are not those of a complete demo at this address.
    """
    brands, marker = _brands(databases), _read_marker(settings.home)
    if not brands:
        return True
    if cast.BRAND not in brands or marker is None or not marker["whole"]:
        raise Conflict(
            "The database has brands that this demo did not make, or an incomplete demo. The demo needs its "
            "own empty database: unset LINKLEDGER_DATABASE_URL, or set it to another one."
        )
    if marker["address"] != settings.web_url:
        raise Conflict(
            f"This demo's links lead to {marker['address']}, not to {settings.web_url}. "
            "Start it there, or create it again with: linkledger demo --reset"
        )
    return False


def _brands(databases: Databases) -> list[str]:
    """The names of all brands, whatever version created the tables."""
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
