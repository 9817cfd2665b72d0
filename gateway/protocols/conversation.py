"""What tells conversations apart, whatever the dialect: the names a client gives them, else what they open with.

A client that sends its history again may move its cache marks, or write a text once as a string and once as a list of
parts: neither makes another conversation. https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.protocols.wire_json import TooDeep, dumps

LONGEST = 64 * 1024
"""Of a longer piece (a picture, mostly) its length and both ends stand for it."""
DEEPEST = 5
"""Further inside a value is taken as it is."""
_CACHE_MARK = re.compile(rb'"cache_control":(?:null|\{[^{}]*\}),?')


@dataclass(slots=True)
class Conversation:
    """`session` is the client's own name for it as (field, value), None where it has none. `begun`: the model has
    spoken in it. `opening` is everything before that: system texts, tools, the first turns of the user. `previous` is
    the id of the stored answer it goes on from."""

    session: tuple[str, str] | None
    begun: bool
    opening: tuple[Any, ...]
    previous: str = ""

    def opened(self) -> bytes:
        """`opening` as bytes that stay the same from turn to turn."""
        pieces: list[bytes] = []
        for value in self.opening:
            _gather(value, pieces, 0)
        return b"\0".join(pieces)


def session_of(*fields: tuple[str, Any]) -> tuple[str, str] | None:
    """The first of (field, value) that says something."""
    for field in fields:
        if field[1] and isinstance(field[1], str):
            return field
    return None


def member(value: Any, name: str) -> Any:
    """`value[name]` of an object, None where it has none."""
    return value.get(name) if isinstance(value, dict) else None


def split(turns: Any, spoken: Callable[[dict[str, Any]], bool]) -> tuple[bool, list[Any]]:
    """(whether one of `turns` is the model's, those before the first such)."""
    if not isinstance(turns, list):
        return False, [turns]
    ahead: list[Any] = []
    for turn in turns:
        if isinstance(turn, dict) and spoken(turn):
            return True, ahead
        ahead.append(turn)
    return False, ahead


def _gather(value: Any, pieces: list[bytes], deep: int) -> None:
    if isinstance(value, str):
        pieces.append(_text(value))
    elif isinstance(value, list) and deep < DEEPEST:
        for each in value:
            _gather(each, pieces, deep + 1)
    elif isinstance(value, dict) and deep < DEEPEST:
        said = value.get("content")
        if said is None:
            said = value.get("parts")
        if said is not None:
            pieces.append(_text(f"{value.get('role') or 'user'}:"))
            _gather(said, pieces, deep + 1)
        elif isinstance(text := value.get("text"), str) and value.get("thought") is not True:
            pieces.append(_text(text))
        else:
            pieces.append(_json(value))
    elif value is not None:
        pieces.append(_json(value))


def _text(text: str) -> bytes:
    if len(text) > LONGEST:
        text = f"{len(text)}:{text[: LONGEST // 2]}{text[-LONGEST // 2 :]}"
    return text.encode("utf-8", "surrogatepass")


def _json(value: Any) -> bytes:
    try:
        data = dumps(value)
    except TooDeep:
        return b""
    if b'"cache_control":' in data:
        data = _CACHE_MARK.sub(b"", data).replace(b",}", b"}")
    if len(data) > LONGEST:
        data = b"%d:%s%s" % (len(data), data[: LONGEST // 2], data[-LONGEST // 2 :])
    return data
