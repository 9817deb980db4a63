"""Declarations of access: every view says who may call it, and a test enforces it.

Here are the declarations that need no account; guards that look for a key or a person are in
tracker/people/access.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Access:
    """The declared access of a view; `reason` justifies it.

    `kind` is "public", "signed" or "keyed", or says who has to be signed in: "person" (anybody), "brand" (a
    member of the brand in the path, with one of `roles`), "creator" or "operator".
    """

    kind: str
    reason: str
    scope: str | None = None
    roles: tuple[str, ...] = ()
    stepped_up: bool = False
    """Whether the person has to have proven who they are within the last minutes."""


def public(reason: str) -> Callable[[View], View]:
    """Everyone may call this view."""
    return with_access(Access("public", reason))


def signed(reason: str) -> Callable[[View], View]:
    """The view itself verifies a signature over the raw request before it does anything."""
    return with_access(Access("signed", reason))


def with_access(access: Access) -> Callable[[View], View]:
    """Declare `access` for a view; it does not check anything."""

    def decorate_view(view: View) -> View:
        view.__access__ = access  # type: ignore[attr-defined]
        return view

    return decorate_view
