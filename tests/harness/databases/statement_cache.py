"""One cache of compiled SQL for all engines of a test process; a quarter of the time of tests went into it.

Every test has databases, and so engines, of its own, and SQLAlchemy compiles each statement anew for each
engine. Nothing else about the dialects is changed, and processes that tests start do not know this module.
"""

from typing import Any, ClassVar

from sqlalchemy import Connection, Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

_COMPILED: dict[Any, Any] = {}


class _OneOfAKind:
    """Equal to every other of its class, because a dialect is a part of the key to what is compiled."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=_COMPILED)


class SharedSqlite(_OneOfAKind, SQLiteDialect_pysqlite):
    supports_statement_cache = True


class SharedPostgres(_OneOfAKind, PGDialect_psycopg):
    """Asks the server once what it can do, instead of five questions for each engine: all tests have one."""

    supports_statement_cache = True
    _learnt: ClassVar[dict[str, Any]] = {}

    def initialize(self, connection: Connection) -> None:
        if not self._learnt:
            before = dict(self.__dict__)
            super().initialize(connection)  # type: ignore[no-untyped-call]
            learnt = {name: value for name, value in self.__dict__.items() if before.get(name) is not value}
            SharedPostgres._learnt = learnt
        self.__dict__.update(self._learnt)


def share_compiled_statements() -> None:
    registry.register("sqlite", __name__, SharedSqlite.__name__)
    registry.register("sqlite.pysqlite", __name__, SharedSqlite.__name__)
    registry.register("postgresql.psycopg", __name__, SharedPostgres.__name__)
