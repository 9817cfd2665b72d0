"""Function calls whose arguments come piece by piece (Vertex, `streamFunctionCallArguments`).

https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling#streaming-fc
Each piece names a JSON path ("$.place.city", "$.items[0]") and a value; pieces of one string are appended.
"""

from __future__ import annotations

import re
from typing import Any

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]|\[['\"]([^'\"]*)['\"]\]")
_MAX_INDEX = 10_000


class PartialCall:
    def __init__(self, call: dict[str, Any], signature: Any) -> None:
        self.signature = signature
        self._call = call
        args = call.get("args")
        self._args: dict[str, Any] = dict(args) if isinstance(args, dict) else {}
        self.add(call)

    def add(self, call: dict[str, Any]) -> None:
        pieces = call.get("partialArgs")
        for piece in pieces if isinstance(pieces, list) else []:
            if isinstance(piece, dict) and isinstance(piece.get("jsonPath"), str):
                _put(self._args, _steps(piece["jsonPath"]), _value(piece))

    def whole(self) -> dict[str, Any]:
        return {"id": self._call.get("id"), "name": self._call.get("name"), "args": self._args}


def _value(piece: dict[str, Any]) -> Any:
    for key in ("stringValue", "numberValue", "boolValue"):
        if key in piece:
            return piece[key]
    return None


def _steps(path: str) -> list[str | int]:
    steps: list[str | int] = []
    for plain, number, quoted in _STEP.findall(path.removeprefix("$")):
        steps.append(int(number) if number else plain or quoted)
    return steps


def _put(root: dict[str, Any], steps: list[str | int], value: Any) -> None:
    place: Any = root
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        if isinstance(step, int):
            if not isinstance(place, list) or step > _MAX_INDEX:
                return
            place.extend([None] * (step + 1 - len(place)))
            now = place[step]
        elif isinstance(place, dict):
            now = place.get(step)
        else:
            return
        if following is None:
            both_text = isinstance(now, str) and isinstance(value, str)
            place[step] = now + value if both_text else value
        elif not isinstance(now, dict | list):
            now = place[step] = [] if isinstance(following, int) else {}
        place = now
