"""Validates the data of a message against the declared fields of a report. Errors are our own sentences."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from tracker.errors import Invalid
from tracker.sales.reports.declared_fields import DeclaredField, declared_fields
from tracker.sales.reports.fields import WrongValue, describe, wrong_integer

_Report = TypeVar("_Report")


class Validator(Generic[_Report]):
    """Makes reports of one class from the data of messages."""

    def __init__(self, report: type[_Report]) -> None:
        self._class = report
        self._declared = declared_fields(report)

    @cached_property
    def _adapter(self) -> TypeAdapter[_Report]:
        """Built when it is first used, because that takes some hundredths of a second."""
        return TypeAdapter(self._class)

    def report(self, data: Mapping[str, Any], received_at: datetime, path: str) -> _Report:
        """The report in `data`, an object at the place `path` of a message. Unknown fields are ignored.

        Raises Invalid, naming the first invalid field in the order of declaration, and what would be valid.
        """
        try:
            return self._adapter.validate_python(data, context={"received_at": received_at})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
        # Outside the except clause: pydantic's error, which contains the data, is not the cause of this one.
        raise _invalid(self._declared, first, path)


def _invalid(declared: Sequence[DeclaredField], error: ErrorDetails, path: str) -> Invalid:
    place, what = _place(error, path), _what(_field(declared, error), error)
    return Invalid(f"{place} {what}.", place)


def _place(error: ErrorDetails, path: str) -> str:
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error["loc"])
    cause = error.get("ctx", {}).get("error")
    return f"{path}{steps}{cause.index if isinstance(cause, WrongValue) else ''}".removeprefix(".")


def _field(declared: Sequence[DeclaredField], error: ErrorDetails) -> DeclaredField:
    """The field that is invalid; the list, if one of its entries is no object."""
    [first, *more] = [step for step in error["loc"] if isinstance(step, str)]
    field = _named(declared, first)
    for name in more:
        field = _named(field.parts, name)
    return field


def _named(declared: Sequence[DeclaredField], name: str) -> DeclaredField:
    return next(field for field in declared if field.name == name)


def _what(field: DeclaredField, error: ErrorDetails) -> str:
    """What is wrong, as the end of a sentence that begins with the field's name."""
    kind, value, limits = error["type"], error["input"], error.get("ctx", {})
    if isinstance(limits.get("error"), WrongValue):
        return str(limits["error"].what)
    if kind == "missing":
        return f"is missing; give {field.type.wanted}"
    if kind == "dataclass_type":
        return f"must be an object, not {describe(value)}"
    if value is None or (field.choices and value == ""):
        return f"is empty; give {field.type.wanted}"
    if kind in ("int_type", "greater_than_equal", "less_than_equal"):
        return wrong_integer(value, limits.get("ge", 0), field.type.must_be)
    if field.choices and isinstance(value, str):
        return f"must be one of {', '.join(field.choices)}"
    return f"must be {field.type.must_be}, not {describe(value)}"
