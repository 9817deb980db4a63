"""API keys as JSON values."""

from typing import Any

from tracker.people.keys.models import ApiKey
from tracker.times import format_utc, optional_utc_text


def key_json(key: ApiKey) -> dict[str, Any]:
    """Without the secret, which is not stored, and without its hash."""
    return {
        "id": key.id,
        "brand": key.brand_id,
        "name": key.name,
        "scopes": key.scopes,
        "created_at": format_utc(key.created_at),
        "expires_at": optional_utc_text(key.expires_at),
        "revoked_at": optional_utc_text(key.revoked_at),
        "last_used_at": optional_utc_text(key.last_used_at),
    }
