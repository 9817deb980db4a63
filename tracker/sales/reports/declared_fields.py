"""The declared fields of a report, for errors, files, postbacks and the tables of docs/sales.md."""

from collections.abc import Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo

from tracker.sales.reports.field_types import FieldType


@dataclass(frozen=True)
class DeclaredField:
    """A field of a message. `choices` are its only values, `parts` the fields of the objects in a list."""

    name: str
    type: FieldType
    is_required: bool
    description: str
    choices: tuple[str, ...] = ()
    parts: tuple["DeclaredField", ...] = ()


def declared_fields(report: type[Any]) -> tuple[DeclaredField, ...]:
    """The fields of a report class, or of a class of its parts, without those that no message can set."""
    hints = get_type_hints(report, include_extras=True)
    found = (_declared(field, *get_args(hints[field.name])) for field in fields(report))
    return tuple(field for field in found if field is not None)


def _declared(field: Field[Any], base: Any, *metadata: Any) -> DeclaredField | None:
    field_type = next((each for each in metadata if isinstance(each, FieldType)), None)
    if field_type is None:
        return None
    part = next(iter(get_args(base)), None)
    return DeclaredField(
        field.name,
        field_type,
        is_required=field.default is MISSING and field.default_factory is MISSING,
        description=_description(metadata) or field_type.description,
        choices=get_args(base) if get_origin(base) is Literal else (),
        parts=declared_fields(part) if isinstance(part, type) and is_dataclass(part) else (),
    )


def _description(metadata: Sequence[Any]) -> str:
    told = (each.description for each in metadata if isinstance(each, FieldInfo))
    return next((each for each in told if each), "")
