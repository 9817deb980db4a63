"""Public ids: a prefix for the kind of object, and a UUIDv7 that contains the time of creation."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import uuid_utils

from tracker.errors import Invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def new_uuid(now: datetime) -> UUID:
    """A UUIDv7 (RFC 9562) for the given time. UUIDs sort by time, to the millisecond."""
    return UUID(int=uuid_utils.uuid7(nanoseconds=_milliseconds(now) * 1_000_000).int)


def new_id(prefix: str, now: datetime) -> str:
    """A new public id. new_id("sal", now) -> "sal_01937c…": prefix, underscore, 32 hex digits."""
    return f"{prefix}_{uuid_utils.uuid7(nanoseconds=_milliseconds(now) * 1_000_000).hex}"


def public_id(prefix: str, uuid: UUID) -> str:
    return f"{prefix}_{uuid.hex}"


def is_id(identifier: str, prefix: str) -> bool:
    """Whether this is the id of an object of that kind, by its prefix alone."""
    return identifier.startswith(f"{prefix}_")


def uuid_of(identifier: str, prefix: str) -> UUID:
    """The UUID inside a public id. Raises Invalid when it is not an id of that kind."""
    head, _, tail = identifier.partition("_")
    try:
        if head != prefix or len(tail) != 32:
            raise ValueError
        return UUID(hex=tail)
    except ValueError:
        raise Invalid(f"{identifier!r} is not an id of the form {prefix}_ and 32 hex digits.") from None


def uuid_time(uuid: UUID) -> datetime:
    """The time inside a UUIDv7, to the millisecond."""
    milliseconds = uuid.int >> 80
    return datetime.fromtimestamp(milliseconds // 1000, UTC).replace(microsecond=milliseconds % 1000 * 1000)


def id_time(identifier: str) -> datetime:
    """The time inside a public id, to the millisecond."""
    return uuid_time(UUID(hex=identifier[-32:]))


def uuid_lower_bound(at: datetime) -> UUID:
    """The smallest UUIDv7 of that time, as the lower bound of range queries."""
    return UUID(int=_milliseconds(at) << 80)


def _milliseconds(now: datetime) -> int:
    return (now - _EPOCH) // _MILLISECOND
