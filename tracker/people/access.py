"""Who may call a view. Every view says it; a test refuses one that does not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Access:
    """`kind` is "public" or "signed"; `reason` says why that is right."""

    kind: str
    reason: str


def public(reason: str) -> Callable[[View], View]:
    """Anybody may call this view."""
    return _marked(Access("public", reason))


def signed(reason: str) -> Callable[[View], View]:
    """The view itself verifies a signature over the raw request before it does anything."""
    return _marked(Access("signed", reason))


def _marked(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.__access__ = access  # type: ignore[attr-defined]
        return view

    return mark
