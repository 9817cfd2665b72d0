"""JSON Schema to Gemini's Schema: upper-case types, no references, only the keywords Gemini knows.

https://ai.google.dev/api/caching#Schema. Only keywords count: a property may be called "format".
What Gemini has no keyword for is said in the description. Depth and size are bounded; recursion is cut.
"""

from __future__ import annotations

from typing import Any

from gateway.protocols.gemini.schema_refs import References, Seen, merged
from gateway.protocols.wire_json import dumps

MAX_DEPTH = 24
MAX_NODES = 8_000

_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
_FORMATS = {"STRING": ("date-time", "enum"), "NUMBER": ("float", "double"), "INTEGER": ("int32", "int64")}
_KEPT = {
    "STRING": ("minLength", "maxLength", "pattern"),
    "NUMBER": ("minimum", "maximum"),
    "INTEGER": ("minimum", "maximum"),
    "ARRAY": ("minItems", "maxItems"),
    "OBJECT": ("minProperties", "maxProperties", "propertyOrdering"),
}
_SAID = (
    "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "uniqueItems", "contentEncoding",
    "contentMediaType",
)  # fmt: skip
_HINTS = (
    ("OBJECT", ("properties", "required", "additionalProperties", "patternProperties", "minProperties")),
    ("ARRAY", ("items", "prefixItems", "minItems", "maxItems", "uniqueItems")),
    ("STRING", ("minLength", "maxLength", "pattern", "format")),
    ("NUMBER", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
)
_LOOKAROUND = ("(?=", "(?!", "(?<")


def to_gemini(schema: Any) -> dict[str, Any]:
    """Any JSON Schema, as a response schema."""
    if not isinstance(schema, dict):
        return {"type": "STRING"}
    return _Reduction(schema).node(schema, frozenset(), 0)


def parameters_to_gemini(schema: Any) -> dict[str, Any] | None:
    """A function's parameters: always an object; None for none (Gemini refuses an empty OBJECT there)."""
    if not isinstance(schema, dict) or not schema:
        return None
    reduction = _Reduction(schema)
    reduced = reduction.node(*reduction.one_object(schema), 0)
    if reduced.get("type") != "OBJECT" or not reduced.get("properties"):
        return None
    reduced.pop("nullable", None)
    return reduced


class _Reduction:
    def __init__(self, root: dict[str, Any]) -> None:
        self._references = References(root)
        self._nodes = 0

    def one_object(self, schema: dict[str, Any]) -> tuple[dict[str, Any], Seen]:
        """Alternatives at the top as one object with the properties of all, required what all require."""
        flat, seen = self._references.flat(schema)
        branches = flat.get("anyOf") or flat.get("oneOf")
        if not isinstance(branches, list):
            return flat, seen
        rest = {key: value for key, value in flat.items() if key not in ("anyOf", "oneOf")}
        objects = [self._references.flat(branch)[0] for branch in branches if isinstance(branch, dict)]
        objects = [branch for branch in objects if isinstance(branch.get("properties"), dict)]
        if not objects:
            return rest, seen
        properties: dict[str, Any] = dict(rest.get("properties") or {})
        for branch in objects:
            for name, item in branch["properties"].items():
                known = properties.setdefault(name, item)
                if known is not item:
                    properties[name] = {"anyOf": [known, item]}
        needed = set.intersection(*(set(map(str, branch.get("required") or [])) for branch in objects))
        required = [*(rest.get("required") or []), *(name for name in properties if name in needed)]
        return {**rest, "type": "object", "properties": properties, "required": required}, seen

    def node(self, schema: Any, seen: Seen, depth: int) -> dict[str, Any]:
        if not isinstance(schema, dict) or not schema:
            return {"type": "STRING"}
        self._nodes += 1
        flat, seen = self._references.flat(schema, seen)
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            flat = {key: flat[key] for key in ("type", "description", "title") if key in flat}
        kinds, nullable = _kinds(flat)
        alternatives = self._alternatives(flat, kinds)
        if alternatives is not None:
            branches, null_branch = alternatives
            return self._any_of(flat, branches, nullable or null_branch, seen, depth)
        if len(kinds) > 1:
            branches = [{**_only(flat, kind), "type": kind} for kind in kinds]
            return self._any_of({"description": flat.get("description")}, branches, nullable, seen, depth)
        out = self._plain(flat, (kinds[0] if kinds else _inferred(flat)).upper(), seen, depth)
        if nullable:
            out["nullable"] = True
        return out

    def _alternatives(self, flat: dict[str, Any], kinds: list[str]) -> tuple[list[dict[str, Any]], bool] | None:
        """The branches of anyOf/oneOf that say what a value is; None where they only constrain."""
        listed = flat.get("anyOf") or flat.get("oneOf")
        if not isinstance(listed, list):
            return None
        branches = [branch for branch in listed if isinstance(branch, dict) and branch]
        real = [branch for branch in branches if branch.get("type") != "null" and branch.get("enum") != [None]]
        null = len(real) < len(branches)
        base = {key: value for key, value in flat.items() if key not in ("anyOf", "oneOf")}
        if kinds or "properties" in flat:
            real = [branch for branch in real if any(key in branch for key in _SHAPES)]
            real = [merged(base, branch) for branch in real]
        return (real, null) if real else None

    def _any_of(
        self, flat: dict[str, Any], branches: list[dict[str, Any]], nullable: bool, seen: Seen, depth: int
    ) -> dict[str, Any]:
        """Gemini allows no other field beside anyOf: what stands beside it goes into every branch."""
        reduced: list[dict[str, Any]] = []
        for branch in branches:
            one = self.node(branch, seen, depth + 1)
            for inner in one.get("anyOf", [one]):
                if inner not in reduced:
                    reduced.append(inner)
        about = flat.get("description")
        for one in reduced:
            if nullable:
                one["nullable"] = True
            said = one.get("description")
            if isinstance(about, str) and about and about != said:
                one["description"] = f"{about} {said}" if said else about
        if len(reduced) == 1:
            if isinstance(flat.get("title"), str):
                reduced[0].setdefault("title", flat["title"])
            return reduced[0]
        return {"anyOf": reduced}

    def _plain(self, flat: dict[str, Any], kind: str, seen: Seen, depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {"type": kind}
        hints: list[str] = []
        if isinstance(flat.get("title"), str):
            out["title"] = flat["title"]
        for key in ("default", "example"):
            if flat.get(key) is not None:
                out[key] = flat[key]
        self._enum(flat, kind, out, hints)
        if flat.get("format") in _FORMATS.get(kind, ()):
            out["format"] = flat["format"]
        for key in _KEPT.get(kind, ()):
            value = flat.get(key)
            if value is not None and not (key == "pattern" and any(mark in str(value) for mark in _LOOKAROUND)):
                out[key] = value
        hints += [f"{key}: {_word(flat[key])}" for key in _SAID if _scalar(flat.get(key)) and key not in out]
        if kind == "OBJECT":
            self._object(flat, out, hints, seen, depth)
        elif kind == "ARRAY":
            out["items"] = self._items(flat, seen, depth)
        about = flat.get("description")
        about = about if isinstance(about, str) else ""
        if hints:
            about = f"{about} ({', '.join(hints)})".lstrip()
        if about:
            out["description"] = about
        return out

    def _enum(self, flat: dict[str, Any], kind: str, out: dict[str, Any], hints: list[str]) -> None:
        values = [flat["const"]] if "const" in flat else flat.get("enum")
        if not isinstance(values, list):
            return
        values = [value for value in values if value is not None]
        if not values:
            return
        if kind == "STRING":
            words = list(dict.fromkeys(_word(value) for value in values))
            if "" in words:
                # "enum[0]: cannot be empty" is a 400, and an enum of the others would forbid the empty one.
                hints.append(f"one of: {', '.join(dumps(word).decode() for word in words)}")
            else:
                out["enum"] = words
        elif kind in ("NUMBER", "INTEGER", "BOOLEAN"):
            # "enum: only allowed for STRING type" is a 400, and STRING would change the argument's type.
            hints.append(f"one of: {', '.join(_word(value) for value in values)}")

    def _object(self, flat: dict[str, Any], out: dict[str, Any], hints: list[str], seen: Seen, depth: int) -> None:
        listed = flat.get("properties")
        properties = {
            str(name): self.node(item, seen, depth + 1)
            for name, item in (listed.items() if isinstance(listed, dict) else ())
            if isinstance(item, dict) or item is True
        }
        if properties:
            out["properties"] = properties
        required = flat.get("required")
        if isinstance(required, list):
            needed = [name for name in dict.fromkeys(map(str, required)) if name in properties]
            if needed:
                out["required"] = needed
        if "propertyOrdering" in out:
            order = out["propertyOrdering"] if isinstance(out["propertyOrdering"], list) else []
            out["propertyOrdering"] = [name for name in order if name in properties]
        values = flat.get("additionalProperties")
        if isinstance(values, dict) and isinstance(values.get("type"), str) and not properties:
            hints.append(f"values: {values['type'].lower()}")

    def _items(self, flat: dict[str, Any], seen: Seen, depth: int) -> dict[str, Any]:
        items = flat.get("items")
        listed = flat.get("prefixItems") or (items if isinstance(items, list) else None)
        if isinstance(listed, list):
            branches = [item for item in listed if isinstance(item, dict)]
            if isinstance(items, dict):
                branches.append(items)
            return self._any_of({}, branches, False, seen, depth) if branches else {"type": "STRING"}
        return self.node(items, seen, depth + 1)


_SHAPES = ("type", "properties", "items", "enum", "const", "$ref", "allOf", "anyOf", "oneOf")


def _kinds(flat: dict[str, Any]) -> tuple[list[str], bool]:
    """The types that are named, without null, and whether null is allowed."""
    named = flat.get("type")
    listed = named if isinstance(named, list) else [named]
    kinds = [kind.lower() for kind in listed if isinstance(kind, str) and kind.lower() in _TYPES]
    nullable = flat.get("nullable") is True or ("null" in kinds and len(kinds) > 1)
    enum = flat.get("enum")
    nullable = nullable or (isinstance(enum, list) and None in enum and len(enum) > 1)
    return [kind for kind in dict.fromkeys(kinds) if kind != "null" or len(kinds) == 1], nullable


def _inferred(flat: dict[str, Any]) -> str:
    values = [flat["const"]] if "const" in flat else flat.get("enum")
    if isinstance(values, list) and values:
        known = {bool: "BOOLEAN", int: "INTEGER", float: "NUMBER"}
        kinds = {known.get(type(value), "STRING") for value in values if value is not None}
        return "NUMBER" if kinds == {"INTEGER", "NUMBER"} else kinds.pop() if len(kinds) == 1 else "STRING"
    for kind, keys in _HINTS:
        if any(key in flat for key in keys):
            return kind
    return "STRING"


def _only(flat: dict[str, Any], kind: str) -> dict[str, Any]:
    """The keywords that mean something for one of several types."""
    mine = {
        "object": ("properties", "required", "additionalProperties"),
        "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems"),
        "string": ("enum", "minLength", "maxLength", "pattern", "format"),
        "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    }.get(kind, ())
    return {key: flat[key] for key in mine if key in flat}


def _scalar(value: Any) -> bool:
    return isinstance(value, str | int | float) and value is not False and value != ""


def _word(value: Any) -> str:
    return value if isinstance(value, str) else dumps(value).decode()
