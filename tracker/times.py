"""Times as strings at the entry points: ISO 8601 in UTC."""

from datetime import UTC, datetime

from tracker.errors import Invalid


def format_utc(at: datetime) -> str:
    """A string with seconds, such as 2026-11-01T10:00:02Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_utc(text: str) -> datetime:
    """The time of an ISO 8601 time or date; one without a time zone is read as UTC. Raises Invalid."""
    try:
        at = datetime.fromisoformat(text.strip())
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):  # OverflowError near the years 1 and 9999
        raise Invalid(f"{text!r} is not a time; write it as in 2026-11-01T10:00:00Z.") from None


def optional_utc_text(at: datetime | None) -> str | None:
    return None if at is None else format_utc(at)
