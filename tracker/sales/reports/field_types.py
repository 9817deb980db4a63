"""The types of the fields of reports, as type hints for pydantic: how each is read, and how it is described.

A report is a dataclass whose hints are these types (normal.py). Nothing is converted: "1", true and 1.0 are
not the integer 1. All optional fields may be null, which is the same as absent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    PlainValidator,
    Strict,
    ValidationInfo,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue, SkipJsonSchema
from pydantic_core import CoreSchema, PydanticUseDefault

from tracker.money import MAX_MINOR
from tracker.sales.reports.fields import (
    AN_AMOUNT,
    MAX_ENTRIES,
    MAX_TEXT_LENGTH,
    WANTED_AMOUNT,
    read_currency,
    read_list,
    read_names,
    read_optional_id,
    read_optional_text,
    read_reported_time,
    read_text,
    read_token,
    read_tokens,
)


@dataclass(frozen=True, eq=False)
class FieldType:
    """What people and programs are told about a type of field.

    `label` is its name in tables, `must_be` completes "must be …", `wanted` completes "is missing; give …".
    `description` is that of fields without one of their own. `json_schema` is for types that are read by a
    function; of the others pydantic knows the schema.
    """

    label: str
    must_be: str
    wanted: str
    description: str = ""
    json_schema: Mapping[str, Any] | None = None

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return (handler(core_schema) if self.json_schema is None else {}) | self.schema()

    def schema(self, description: str = "") -> dict[str, Any]:
        """The JSON schema of a field of this type, as far as no limits belong to it."""
        text = description or self.description
        return {**(self.json_schema or {}), **({"description": text} if text else {})}


def about(description: str) -> FieldInfo:
    """The description of a field, instead of that of its type."""
    info: FieldInfo = Field(description=description)
    return info


def _time(value: object, info: ValidationInfo) -> datetime:
    return read_reported_time(value, info.context["received_at"])  # type: ignore[index]


def _optional_time(value: object, info: ValidationInfo) -> datetime | None:
    return None if value is None or value == "" else _time(value, info)


def _default_if_null(value: object) -> object:
    if value is None:
        raise PydanticUseDefault
    return value


def _list_or_default(value: object) -> object:
    return read_list(_default_if_null(value))


def _absent(_value: object) -> None:
    """Whatever a message says about the field is ignored."""


_Part = TypeVar("_Part")

_TEXT = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT_LENGTH}
_SHORT_TEXT = {"type": "string", "maxLength": MAX_TEXT_LENGTH}
_ID = {"type": ["string", "integer", "null"], "maxLength": MAX_TEXT_LENGTH, "minimum": 1}
_TEXTS = {"type": "array", "items": {"type": "string"}, "maxItems": MAX_ENTRIES}
_DATE_TIME = {"type": "string", "format": "date-time"}

TEXT = FieldType("text", "a text", "a text", json_schema=_TEXT)
OPTIONAL_TEXT = FieldType("text", "a text", "a text", json_schema=_SHORT_TEXT)
OPTIONAL_ID = FieldType("text or whole number above 0", "a text", "a text", json_schema=_ID)
TOKEN = FieldType("token", "a click token", "a click token", json_schema={"type": "string"})
TOKENS = FieldType("list of tokens", "a list", "a list of click tokens", json_schema=_TEXTS)
NAMES = FieldType("list of texts", "a list", "a list of texts", json_schema=_TEXTS)
CURRENCY = FieldType(
    "currency",
    "a text",
    "a text",
    "ISO 4217 code, in upper case.",
    {"type": "string", "pattern": "^[A-Z]{3}$"},
)
TIME = FieldType(
    "time",
    "a text",
    "a text",
    "RFC 3339 with a zone, such as 2026-11-01T10:00:00Z; at most one day in the future.",
    _DATE_TIME,
)
AMOUNT = FieldType(
    "amount",
    AN_AMOUNT,
    WANTED_AMOUNT,
    "In minor units of the currency: 1190 is 11.90 EUR, and 1190 JPY.",
)
POSITIVE_AMOUNT = FieldType("amount above 0", AMOUNT.must_be, AMOUNT.wanted, AMOUNT.description)
COUNT = FieldType("whole number above 0", "a whole number", "a whole number, at least 1")
CHOICE = FieldType("one of several", "a text", "a text")
FLAG = FieldType("true or false", "true or false", "true or false")
OBJECTS = FieldType("list of objects", "a list", "a list of objects")

AMOUNT_TYPES = (AMOUNT, POSITIVE_AMOUNT)

Text = Annotated[str, PlainValidator(read_text), TEXT]
OptionalText = Annotated[str | None, PlainValidator(read_optional_text), OPTIONAL_TEXT]
OptionalId = Annotated[str | None, PlainValidator(read_optional_id), OPTIONAL_ID]
Token = Annotated[str | None, PlainValidator(read_token), TOKEN]
Tokens = Annotated[tuple[str, ...], PlainValidator(read_tokens), TOKENS]
Names = Annotated[tuple[str, ...], PlainValidator(read_names), NAMES]
Currency = Annotated[str, PlainValidator(read_currency), CURRENCY]
Time = Annotated[datetime, PlainValidator(_time), TIME]
OptionalTime = Annotated[datetime | None, PlainValidator(_optional_time), TIME]

_Minor = Annotated[int, Strict(), Field(ge=0, le=MAX_MINOR)]
_PositiveInteger = Annotated[int, Strict(), Field(ge=1, le=MAX_MINOR)]

Amount = Annotated[_Minor, AMOUNT]
PositiveAmount = Annotated[_PositiveInteger, POSITIVE_AMOUNT]
OptionalAmount = Annotated[_Minor | None, AMOUNT]
Count = Annotated[_PositiveInteger, COUNT]
Flag = Annotated[bool, Strict(), FLAG]

NULL_IS_DEFAULT = BeforeValidator(_default_if_null)
"""For optional fields whose default is not None."""

ListOf = Annotated[
    tuple[_Part, ...], Field(max_length=MAX_ENTRIES), BeforeValidator(_list_or_default), OBJECTS
]
"""An optional list of objects, of at most 100."""

NotReported = Annotated[str | None, PlainValidator(_absent), SkipJsonSchema()]
"""A fact that only translators know: what a message says under this name is ignored."""
