"""Sources as JSON values, without their secrets."""

from typing import Any

from tracker.sales.integrations.kinds import kind_of
from tracker.sales.sources.models import Source
from tracker.times import format_utc, optional_utc_text


def source_json(source: Source, web_url: str) -> dict[str, Any]:
    return {
        "id": source.id,
        "brand": source.brand_id,
        "kind": source.kind,
        "namespace": source.namespace,
        "supports": source.supports_id,
        "hook_url": hook_url(source.id, web_url) if kind_of(source.kind).has_hook else None,
        "created_at": format_utc(source.created_at),
        "deleted_at": optional_utc_text(source.deleted_at),
    }


def hook_url(source_id: str, web_url: str) -> str:
    """The URL to which the shop sends its messages."""
    return f"{web_url}/hooks/{source_id}"
