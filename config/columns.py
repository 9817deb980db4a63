"""Column types that hold the same value on SQLite (STRICT tables) and on PostgreSQL."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, DateTime, Integer, LargeBinary, Text, Uuid
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from config.canonical import CanonicalText, canonical_json, iso_text

BigInt = BigInteger().with_variant(Integer, "sqlite")
"""64 bits on both: SQLite's INTEGER already has 64, and STRICT tables do not accept the name BIGINT."""


class UtcTime(TypeDecorator[datetime]):
    """An aware time in UTC. A sortable string of fixed width on SQLite; timestamptz on PostgreSQL."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; times are stored in UTC")
        if dialect.name == "postgresql":
            return value
        return iso_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return datetime.fromisoformat(value)  # strptime takes fifty times as long


class UtcSeconds(TypeDecorator[str]):
    """A stored UtcTime that is read as text with seconds, such as 2026-11-01T10:00:02Z.

    For many rows that are only shown: it takes a tenth of the time of a datetime that is formatted again.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(Text())

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if isinstance(value, datetime):
            return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"
        return f"{value[:19]}Z"


class Flag(TypeDecorator[bool]):
    """True or false; an INTEGER on SQLite, because STRICT tables have no BOOLEAN."""

    impl = Boolean
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Boolean())
        return dialect.type_descriptor(Integer())

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> Any:
        return value if value is None or dialect.name == "postgresql" else int(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> bool | None:
        return None if value is None else bool(value)


class CanonicalJson(TypeDecorator[Any]):
    """Canonical JSON in a TEXT column: equal values are equal bytes, so the column can be hashed."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return str(value) if isinstance(value, CanonicalText) else canonical_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class Bytes(TypeDecorator[bytes]):
    """Raw bytes, returned as bytes by both drivers."""

    impl = LargeBinary
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:
        return None if value is None else bytes(value)


class Uuid16(TypeDecorator[UUID]):
    """A UUID: the native type on PostgreSQL, 16 bytes on SQLite. On both, UUIDv7 values sort by time."""

    impl = Uuid
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Uuid())
        return dialect.type_descriptor(LargeBinary())

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        return value if value is None or dialect.name == "postgresql" else value.bytes

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        return value if value is None or isinstance(value, UUID) else UUID(bytes=value)
