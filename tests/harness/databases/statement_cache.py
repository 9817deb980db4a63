"""One cache of compiled SQL for all engines of a test process; compiling took a quarter of the time of tests.

Every test has its own databases and engines, and SQLAlchemy compiles each statement again for each engine.
Nothing else about the dialects is changed, and processes that tests start do not use this module.
"""

from typing import Any, ClassVar

from sqlalchemy import Connection, Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

_COMPILED: dict[Any, Any] = {}


class _SharedDialect:
    """Equal to every other instance of its class, because the dialect is a part of the cache key."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=_COMPILED)


class SharedSqlite(_SharedDialect, SQLiteDialect_pysqlite):
    supports_statement_cache = True


class SharedPostgres(_SharedDialect, PGDialect_psycopg):
    """Queries the capabilities of the server once, not five times per engine: all tests use one server."""

    supports_statement_cache = True
    _capabilities: ClassVar[dict[str, Any]] = {}

    def initialize(self, connection: Connection) -> None:
        if not self._capabilities:
            before = dict(self.__dict__)
            super().initialize(connection)  # type: ignore[no-untyped-call]
            SharedPostgres._capabilities = {
                name: value for name, value in self.__dict__.items() if before.get(name) is not value
            }
        self.__dict__.update(self._capabilities)


def share_compiled_statements() -> None:
    registry.register("sqlite", __name__, SharedSqlite.__name__)
    registry.register("sqlite.pysqlite", __name__, SharedSqlite.__name__)
    registry.register("postgresql.psycopg", __name__, SharedPostgres.__name__)
