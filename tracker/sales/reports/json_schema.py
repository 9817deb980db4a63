"""The JSON schemas of reports, for the OpenAPI document."""

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import DataclassSchema, NullableSchema, WithDefaultSchema


def report_schema(report: type[Any]) -> dict[str, Any]:
    """The JSON schema of the data of a message, without references. Like the API, it allows other fields."""
    schema = TypeAdapter(report).json_schema(schema_generator=_ReportSchema, ref_template="{model}")
    parts = schema.pop("$defs", {})
    found: dict[str, Any] = _with_parts(schema, parts)
    return found


class _ReportSchema(GenerateJsonSchema):
    """Without what describes our classes and not the messages; optional fields may be null."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def dataclass_schema(self, schema: DataclassSchema) -> JsonSchemaValue:
        written = super().dataclass_schema(schema)
        return {name: value for name, value in written.items() if name not in ("title", "description")}

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        return _nullable(self.generate_inner(schema["schema"]))

    def nullable_schema(self, schema: NullableSchema) -> JsonSchemaValue:
        return _nullable(self.generate_inner(schema["schema"]))


def _nullable(schema: JsonSchemaValue) -> JsonSchemaValue:
    name = schema["type"]
    return schema if isinstance(name, list) else schema | {"type": [name, "null"]}


def _with_parts(schema: Any, parts: dict[str, Any]) -> Any:
    """The schema with each reference to a part replaced by its schema."""
    if isinstance(schema, list):
        return [_with_parts(each, parts) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _with_parts(parts[schema["$ref"]], parts)
    return {name: _with_parts(value, parts) for name, value in schema.items()}
