"""JSON Schema to Gemini's subset: meaning kept where it can be, no keyword Gemini refuses, bounded."""

import json
import time

import pytest

from gateway.protocols.gemini.schema import parameters_to_gemini, to_gemini
from gateway.protocols.gemini.schema_reader import to_json_schema

ALLOWED = {
    "type",
    "format",
    "title",
    "description",
    "nullable",
    "enum",
    "maxItems",
    "minItems",
    "properties",
    "required",
    "minProperties",
    "maxProperties",
    "minLength",
    "maxLength",
    "pattern",
    "example",
    "anyOf",
    "propertyOrdering",
    "default",
    "items",
    "minimum",
    "maximum",
}


def assert_legal(node):
    assert set(node) <= ALLOWED, set(node) - ALLOWED
    if "anyOf" in node:
        assert set(node) == {"anyOf"} and len(node["anyOf"]) > 1
    else:
        assert node["type"] in {"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"}
        assert (node["type"] == "ARRAY") == ("items" in node)
        assert "enum" not in node or node["type"] == "STRING"
    for child in [
        *node.get("properties", {}).values(),
        *node.get("anyOf", []),
        *filter(None, [node.get("items")]),
    ]:
        assert_legal(child)
    assert set(node.get("required", [])) <= set(node.get("properties", {}))


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, {"type": "STRING"}),
        (True, {"type": "STRING"}),
        ({"const": "x"}, {"type": "STRING", "enum": ["x"]}),
        ({"enum": ["a", 1, None]}, {"type": "STRING", "enum": ["a", "1"], "nullable": True}),
        ({"type": "integer", "enum": [1, 2]}, {"type": "INTEGER", "description": "(one of: 1, 2)"}),
        (
            {"type": ["string", "null"], "description": "d"},
            {"type": "STRING", "description": "d", "nullable": True},
        ),
        (
            {"type": ["string", "integer"], "minimum": 1},
            {"anyOf": [{"type": "STRING"}, {"type": "INTEGER", "minimum": 1}]},
        ),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "d"},
            {"type": "STRING", "nullable": True, "description": "d"},
        ),
        (
            {
                "oneOf": [{"type": "string"}, {"type": "object", "properties": {"a": True}}],
                "description": "d",
            },
            {
                "anyOf": [
                    {"type": "STRING", "description": "d"},
                    {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "description": "d"},
                ]
            },
        ),
        ({"type": "array"}, {"type": "ARRAY", "items": {"type": "STRING"}}),
        (
            {"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}]},
            {"type": "ARRAY", "items": {"anyOf": [{"type": "STRING"}, {"type": "NUMBER"}]}},
        ),
        (
            {"type": "string", "format": "uri", "minLength": 2},
            {"type": "STRING", "minLength": 2, "description": "(format: uri)"},
        ),
        (
            {"type": "number", "exclusiveMinimum": 0, "description": "d"},
            {"type": "NUMBER", "description": "d (exclusiveMinimum: 0)"},
        ),
        ({"type": "string", "pattern": "^(?!x)"}, {"type": "STRING", "description": "(pattern: ^(?!x))"}),
        (
            {"properties": {"a": {"type": "string"}, "b": False, "c": 5}, "required": ["a", "b", "zz"]},
            {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "required": ["a"]},
        ),
        (
            {
                "allOf": [
                    {"properties": {"a": {"type": "string"}}, "required": ["a"]},
                    {"properties": {"b": {"type": "integer"}}},
                ]
            },
            {
                "type": "OBJECT",
                "properties": {"a": {"type": "STRING"}, "b": {"type": "INTEGER"}},
                "required": ["a"],
            },
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
            },
            {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}},
        ),
        (
            {"type": "object", "additionalProperties": {"type": "number"}},
            {"type": "OBJECT", "description": "(values: number)"},
        ),
        ({"$ref": "https://elsewhere/x"}, {"type": "STRING"}),
    ],
)
def test_reduction(schema, expected):
    reduced = to_gemini(schema)
    assert reduced == expected
    assert_legal(reduced)


def test_properties_may_be_called_like_keywords():
    names = [
        "format",
        "title",
        "const",
        "anyOf",
        "$ref",
        "type",
        "items",
        "required",
        "properties",
        "enum",
        "default",
    ]
    schema = {
        "type": "object",
        "properties": {name: {"type": "string", "title": "T"} for name in names},
        "required": names,
    }
    reduced = parameters_to_gemini(schema)
    assert list(reduced["properties"]) == names and reduced["required"] == names
    assert all(item == {"type": "STRING", "title": "T"} for item in reduced["properties"].values())


def test_references_at_any_depth():
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "array", "items": {"$ref": "#/$defs/A~1x", "description": "mine"}},
            "b": {
                "type": "object",
                "properties": {"c": {"$ref": "#/definitions/C"}},
                "definitions": {"C": {"type": "boolean"}},
            },
        },
        "$defs": {
            "A/x": {"type": "object", "description": "theirs", "properties": {"n": {"$ref": "#/$defs/N"}}},
            "N": {"type": "number"},
        },
    }
    reduced = parameters_to_gemini(schema)
    item = reduced["properties"]["a"]["items"]
    assert item == {"type": "OBJECT", "properties": {"n": {"type": "NUMBER"}}, "description": "mine"}
    assert reduced["properties"]["b"]["properties"]["c"] == {"type": "BOOLEAN"}
    assert_legal(reduced)


def test_recursion_is_cut():
    node = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
        },
    }
    reduced = parameters_to_gemini({"$ref": "#/$defs/Node", "$defs": {"Node": node}})
    assert reduced["properties"]["children"]["items"] == {"type": "OBJECT"}
    assert to_gemini({"$ref": "#"})["type"] == "OBJECT"
    assert to_gemini({"allOf": [{"$ref": "#"}]})["type"] == "OBJECT"
    mutual = {
        "$ref": "#/$defs/A",
        "$defs": {
            "A": {"anyOf": [{"$ref": "#/$defs/B"}, {"type": "string"}]},
            "B": {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "number"}]},
        },
    }
    assert_legal(to_gemini(mutual))


def test_bounded():
    begin = time.perf_counter()
    wide = {
        "type": "object",
        "properties": {f"p{n}": {"type": ["string", "null"], "format": "uri"} for n in range(2000)},
    }
    reduced = parameters_to_gemini(wide)
    assert len(reduced["properties"]) == 2000
    deep = {"type": "string"}
    for _ in range(5000):
        deep = {"type": "object", "properties": {"a": deep}}
    assert len(json.dumps(to_gemini(deep))) < 5000
    bomb = {
        "$defs": {
            f"d{n}": {
                "type": "object",
                "properties": {side: {"$ref": f"#/$defs/d{n + 1}"} for side in "abcd"},
            }
            for n in range(30)
        }
    }
    assert_legal(to_gemini({**bomb, "$ref": "#/$defs/d0"}))
    alternatives = {"type": "string"}
    for _ in range(40):
        alternatives = {"anyOf": [alternatives, alternatives, {"type": "number"}]}
    assert_legal(to_gemini(alternatives))
    chain = {
        "$defs": {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"}]} for n in range(40)}
    }
    assert_legal(to_gemini({**chain, "$ref": "#/$defs/d0"}))
    assert time.perf_counter() - begin < 10


def test_parameters_are_an_object_or_nothing():
    for nothing in (
        None,
        {},
        True,
        {"type": "object"},
        {"type": "string"},
        {"type": "object", "properties": {}},
    ):
        assert parameters_to_gemini(nothing) is None
    merged = parameters_to_gemini(
        {
            "anyOf": [
                {
                    "type": "object",
                    "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                    "required": ["a", "b"],
                },
                {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]},
            ]
        }
    )
    assert merged == {
        "type": "OBJECT",
        "properties": {"a": {"anyOf": [{"type": "STRING"}, {"type": "NUMBER"}]}, "b": {"type": "STRING"}},
        "required": ["a"],
    }


def test_an_enum_with_an_empty_word_is_said_in_the_description():
    """Gemini: "parameters.properties[action].enum[1]: cannot be empty", 400."""
    reduced = to_gemini({"type": "string", "enum": ["list", ""], "description": "What to do"})
    assert reduced == {"type": "STRING", "description": 'What to do (one of: "list", "")'}


def test_there_and_back():
    schema = {
        "type": "OBJECT",
        "properties": {
            "a": {"type": "ARRAY", "items": {"type": "STRING", "nullable": True}, "maxItems": 3},
            "b": {"anyOf": [{"type": "STRING"}, {"type": "NUMBER"}]},
        },
        "required": ["a"],
    }
    plain = to_json_schema(schema)
    assert plain["properties"]["a"]["items"]["type"] == ["string", "null"]
    assert to_gemini(plain) == schema


def test_the_source_is_not_touched():
    schema = {
        "type": "object",
        "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "d"}},
        "required": ["a"],
    }
    before = json.dumps(schema)
    parameters_to_gemini(schema)
    assert json.dumps(schema) == before
