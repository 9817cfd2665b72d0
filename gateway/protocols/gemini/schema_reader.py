"""Gemini's Schema (a subset of OpenAPI 3.0 with upper-case types) to JSON Schema.

https://ai.google.dev/api/caching#Schema
"""

from __future__ import annotations

from typing import Any

from gateway.protocols.gemini import spelling
from gateway.protocols.gemini.spelling import spelled

MAX_DEPTH = 64


class AsJsonSchema(dict[str, Any]):
    """A schema that came in a JSON Schema field (responseJsonSchema) and goes back in one, untouched."""


def to_json_schema(schema: Any, depth: int = 0) -> Any:
    """Types in lower case, `nullable` as a type list; int64 limits (strings in protobuf) as numbers."""
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return schema if not isinstance(schema, dict) else {}
    schema = spelled(schema, spelling.SCHEMA)
    out: dict[str, Any] = {}
    for key, value in schema.items():
        if value is None and key not in ("default", "example"):
            continue
        if key == "type" and isinstance(value, str):
            if value.upper() != "TYPE_UNSPECIFIED":
                out[key] = value.lower()
        elif key == "properties" and isinstance(value, dict):
            out[key] = {name: to_json_schema(item, depth + 1) for name, item in value.items()}
        elif key in ("items", "additionalProperties"):
            out[key] = to_json_schema(value, depth + 1)
        elif key == "anyOf" and isinstance(value, list):
            out[key] = [to_json_schema(item, depth + 1) for item in value]
        elif key in _COUNTS and isinstance(value, str) and value.isdigit():
            out[key] = int(value)
        elif key != "nullable":
            out[key] = value
    if schema.get("nullable") is True:
        _allow_null(out)
    return out


_COUNTS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})


def _allow_null(schema: dict[str, Any]) -> None:
    kind = schema.get("type")
    if isinstance(kind, str) and kind != "null":
        schema["type"] = [kind, "null"]
    elif isinstance(schema.get("anyOf"), list):
        schema["anyOf"] = [*schema["anyOf"], {"type": "null"}]
    enum = schema.get("enum")
    if isinstance(enum, list) and None not in enum:
        schema["enum"] = [*enum, None]
