"""API keys as JSON values."""

from datetime import datetime
from typing import Any

from tracker.people.keys.models import ApiKey
from tracker.times import utc_text


def key_answer(key: ApiKey) -> dict[str, Any]:
    """Without its secret, which is kept nowhere, and the hash of it, which is nobody's business."""
    return {
        "id": key.id,
        "brand": key.brand_id,
        "name": key.name,
        "scopes": key.scopes,
        "created_at": utc_text(key.created_at),
        "expires_at": _time(key.expires_at),
        "revoked_at": _time(key.revoked_at),
        "last_used_at": _time(key.last_used_at),
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else utc_text(at)
