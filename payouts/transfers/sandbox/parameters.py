"""Parameters of requests: decoded from forms and JSON, then validated strictly, as Stripe does."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from payouts.transfers.sandbox.responses import ApiError, Json

Kind = Literal["string", "integer", "boolean", "strings", "metadata", "range", "object"]
_RANGE_KEYS = frozenset(("gt", "gte", "lt", "lte"))
_METADATA_KEYS, _METADATA_KEY_LENGTH, _METADATA_VALUE_LENGTH = 50, 40, 500


@dataclass(frozen=True)
class Field:
    """What one parameter may be. fields: those of an object. supported: False if only real Stripe has it."""

    kind: Kind
    required: bool = False
    choices: tuple[str, ...] = ()
    fields: "Mapping[str, Field] | None" = None
    minimum: int | None = None
    supported: bool = True


Fields = Mapping[str, Field]


def decode_form(pairs: Iterable[tuple[str, str]]) -> Json:
    """`metadata[a]=1&expand[0]=x&expand[]=y` to nested dictionaries; lists become dictionaries by index."""
    decoded: Json = {}
    for name, value in pairs:
        keys = [name.partition("[")[0], *re.findall(r"\[([^\]]*)\]", name)]
        place = decoded
        for key in keys[:-1]:
            place = place.setdefault(key, {})
            if not isinstance(place, dict):
                raise ApiError(f"Invalid parameter: {name}", code="parameter_invalid_string", param=name)
        place[keys[-1] or str(len(place))] = value
    return decoded


def validated(given: Any, fields: Fields, prefix: str = "") -> Json:
    """`given` with every value converted to its type. Raises ApiError at the first fault."""
    if not isinstance(given, Mapping):
        raise ApiError(f"Invalid object: {prefix}", code="parameter_invalid_object", param=prefix)
    for name in given:
        if name not in fields:
            path = _path(prefix, name)
            raise ApiError(f"Received unknown parameter: {path}", code="parameter_unknown", param=path)
    clean: Json = {}
    for name, field in fields.items():
        path = _path(prefix, name)
        if name in given:
            clean[name] = _value(given[name], field, path)
        elif field.required:
            raise ApiError(f"Missing required param: {path}.", code="parameter_missing", param=path)
    return clean


def _path(prefix: str, name: str) -> str:
    return f"{prefix}[{name}]" if prefix else name


def _value(raw: Any, field: Field, path: str) -> Any:
    if not field.supported:
        raise ApiError(
            f"The sandbox does not support {path}; Stripe does.", code="not_in_sandbox", param=path
        )
    if raw == "":
        raise ApiError(
            f"You passed an empty string for '{path}'.", code="parameter_invalid_empty", param=path
        )
    match field.kind:
        case "integer":
            return _integer(raw, path, field.minimum)
        case "boolean":
            return _boolean(raw, path)
        case "strings":
            return _string_list(raw, path, field.choices)
        case "metadata":
            return _metadata(raw, path)
        case "range":
            return _range(raw, path)
        case "object":
            return validated(raw, field.fields or {}, path)
        case _:
            return _string(raw, path, field.choices)


def _string(raw: Any, path: str, choices: tuple[str, ...] = ()) -> str:
    if not isinstance(raw, str):
        raise ApiError(f"Invalid string: {path}", code="parameter_invalid_string", param=path)
    if choices and raw not in choices:
        raise ApiError(f"Invalid {path}: must be one of {', '.join(choices)}", param=path)
    return raw


def _integer(raw: Any, path: str, minimum: int | None = None) -> int:
    if not re.fullmatch(r"-?\d{1,18}", str(raw)) or isinstance(raw, bool):
        raise ApiError(f"Invalid integer: {raw}", code="parameter_invalid_integer", param=path)
    number = int(raw)
    if minimum is not None and number < minimum:
        raise ApiError(f"{path} must be at least {minimum}", code="parameter_invalid_integer", param=path)
    return number


def _boolean(raw: Any, path: str) -> bool:
    if raw in (True, "true"):
        return True
    if raw in (False, "false"):
        return False
    raise ApiError(f"Invalid boolean: {raw}", code="parameter_invalid_boolean", param=path)


def _string_list(raw: Any, path: str, choices: tuple[str, ...]) -> list[str]:
    values = list(raw.values()) if isinstance(raw, Mapping) else raw
    if not isinstance(values, list):
        raise ApiError(f"Invalid array: {path}", code="parameter_invalid_array", param=path)
    return [_string(value, path, choices) for value in values]


def _metadata(raw: Any, path: str) -> dict[str, str]:
    if not isinstance(raw, Mapping):
        raise ApiError(f"Invalid object: {path}", code="parameter_invalid_object", param=path)
    for key, value in raw.items():
        _string(value, _path(path, key))
        if len(key) > _METADATA_KEY_LENGTH or len(value) > _METADATA_VALUE_LENGTH:
            raise ApiError(f"Metadata is too long: {key}", param=path)
    if len(raw) > _METADATA_KEYS:
        raise ApiError(f"Metadata may have at most {_METADATA_KEYS} keys", param=path)
    return {key: value for key, value in raw.items() if value != ""}


def _range(raw: Any, path: str) -> dict[str, int]:
    """`created=5` or `created[gte]=5`, as bounds."""
    if not isinstance(raw, Mapping):
        exact = _integer(raw, path)
        return {"gte": exact, "lte": exact}
    for name in raw:
        if name not in _RANGE_KEYS:
            unknown = _path(path, name)
            raise ApiError(f"Received unknown parameter: {unknown}", code="parameter_unknown", param=unknown)
    return {name: _integer(value, _path(path, name)) for name, value in raw.items()}
