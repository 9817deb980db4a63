"""Looks up the kinds of `tracker/sales/integrations/registry.py`, by name or by what they declare."""

from collections.abc import Callable

from tracker.errors import Invalid
from tracker.reasons import ReasonTexts
from tracker.sales.integrations import registry
from tracker.sales.integrations.kind import Kind

_KINDS = {kind.name: kind for kind in vars(registry).values() if isinstance(kind, Kind)}

KINDS = tuple(_KINDS)
"""The names of all kinds."""


def kind_of(name: str) -> Kind:
    """The kind with this name. Raises Invalid when there is none."""
    if name in _KINDS:
        return _KINDS[name]
    raise Invalid(f"{name!r} is not a kind of source; the kinds are {', '.join(KINDS)}.")


def kinds_where(condition: Callable[[Kind], bool]) -> tuple[Kind, ...]:
    """The kinds for which `condition` holds."""
    return tuple(filter(condition, _KINDS.values()))


def names_where(condition: Callable[[Kind], bool]) -> tuple[str, ...]:
    """The names of the kinds for which `condition` holds, for conditions in SQL and for messages."""
    return tuple(kind.name for kind in kinds_where(condition))


def reasons_of_kinds() -> tuple[ReasonTexts, ...]:
    """The codes that the kinds declare for reasons of their own, with their texts."""
    return tuple(kind.reasons for kind in _KINDS.values() if kind.reasons is not None)


def is_payment_name(name: str) -> bool:
    """Whether it is the id of a payment at a payment provider, which no two orders share."""
    return any(kind.is_payment_name(name) for kind in _KINDS.values())
