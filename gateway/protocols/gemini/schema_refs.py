"""$ref, $defs and allOf taken out of a JSON Schema node, so that what is left stands for itself.

https://json-schema.org/draft/2020-12/json-schema-core
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

Seen = frozenset[str]
_DEFINITIONS = ("$defs", "definitions", "defs")


class References:
    """Resolves references in one document. Inner definitions count too: tools paste whole schemas in."""

    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._inner: dict[str, Any] = {}

    def flat(self, node: dict[str, Any], seen: Seen = frozenset()) -> tuple[dict[str, Any], Seen]:
        """The node without $ref and allOf, and the references it stands in.

        A reference back to one it already stands in is cut: an object (or whatever its target says it is)
        with nothing inside.
        """
        self._note(node)
        while isinstance(node.get("$ref"), str) or isinstance(node.get("ref"), str):
            ref = node.get("$ref") or node["ref"]
            beside = {key: value for key, value in node.items() if key not in ("$ref", "ref")}
            if ref in seen:
                return _cut(self._target(ref), beside), seen
            seen = seen | {ref}
            target = self._target(ref)
            if not isinstance(target, dict):
                return {"type": "string", **beside}, seen
            self._note(target)
            node = {**target, **beside}
        branches = node.get("allOf")
        if isinstance(branches, list):
            node = {key: value for key, value in node.items() if key != "allOf"}
            for branch in branches:
                if isinstance(branch, dict):
                    branch, seen = self.flat(branch, seen)
                    node = merged(node, branch)
        return node, seen

    def _note(self, node: dict[str, Any]) -> None:
        for key in _DEFINITIONS:
            found = node.get(key)
            if isinstance(found, dict):
                for name, value in found.items():
                    self._inner.setdefault(name, value)

    def _target(self, ref: str) -> Any:
        if not ref.startswith("#"):
            return self._inner.get(ref.rpartition("/")[2])
        place: Any = self._root
        steps = [unquote(step).replace("~1", "/").replace("~0", "~") for step in ref[1:].split("/") if step]
        for step in steps:
            if isinstance(place, dict) and step in place:
                place = place[step]
            elif isinstance(place, list) and step.isdigit() and int(step) < len(place):
                place = place[int(step)]
            else:
                return self._inner.get(steps[-1])
        return place


def _cut(target: Any, beside: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in beside.items() if key in ("title", "description")}
    if not isinstance(target, dict):
        return {"type": "object", **kept}
    kind = target.get("type")
    kept = {**{key: target[key] for key in ("title", "description") if key in target}, **kept}
    return {"type": kind if isinstance(kind, str) else "object", **kept}


def merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Both schemas at once (allOf); where they cannot be joined the first counts."""
    out = dict(first)
    for key, value in second.items():
        mine = out.get(key)
        if mine is None:
            out[key] = value
        elif key == "properties" and isinstance(mine, dict) and isinstance(value, dict):
            both = dict(mine)
            for name, schema in value.items():
                known = both.get(name)
                differs = name in both and known is not schema
                both[name] = {"allOf": [known, schema]} if differs else schema
            out[key] = both
        elif key == "required" and isinstance(mine, list) and isinstance(value, list):
            out[key] = [*mine, *(name for name in value if name not in mine)]
        elif key == "enum" and isinstance(mine, list) and isinstance(value, list):
            out[key] = [item for item in mine if item in value] or mine
        elif key == "description" and isinstance(mine, str) and isinstance(value, str) and value not in mine:
            out[key] = f"{mine} {value}"
    return out
