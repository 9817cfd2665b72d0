"""JSON on the wire."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

loads = orjson.loads
JSONDecodeError = orjson.JSONDecodeError

_HALVES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)

_LINE_BREAKERS = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"), (b"\xc2\x85", b"\\u0085"))


NOT_JSON = object()
AT_ONCE = 16
"""JSON texts parsed together: many more alive at a time would wake the garbage collector for every burst."""


def loads_each(texts: list[bytes]) -> Iterator[Any]:
    """The values of many JSON texts; NOT_JSON in the place of one that is none."""
    for start in range(0, len(texts), AT_ONCE):
        batch = texts[start : start + AT_ONCE]
        try:
            found = loads(b"[" + b",".join(batch) + b"]")
        except (JSONDecodeError, RecursionError):
            found = ()
        yield from found if len(found) == len(batch) else map(_loads_or_not, batch)


def loads_told(text: bytes | bytearray | memoryview | str) -> Any:
    """`loads` for what a provider says: half a character (an emoji whose surrogates were cut apart, as some stream
    them) is U+FFFD instead of an error that would cost the answer."""
    try:
        return loads(text)
    except JSONDecodeError:
        raw = text.encode("utf-8", "replace") if isinstance(text, str) else bytes(text)
        mended = _HALVES.sub(lambda found: rb"\ufffd" if found["lone"] else found[0], raw)
        if mended == raw:
            raise
    return loads(mended)


def _loads_or_not(text: bytes) -> Any:
    try:
        return loads_told(text)
    except (JSONDecodeError, RecursionError):
        return NOT_JSON


class TooDeep(ValueError):
    """The value is nested deeper than JSON can be written here (254 levels; it is read up to 1024)."""


def dumps(value: Any) -> bytes:
    """Compact JSON. Lone surrogates (orjson refuses them) become U+FFFD; whole numbers beyond 64 bits become floats.

    Raises TooDeep.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    except TypeError as error:
        if "ecursion" in str(error):
            raise TooDeep("the JSON is nested too deeply") from None
    try:
        return orjson.dumps(_clean(value), option=orjson.OPT_NON_STR_KEYS)
    except (TypeError, RecursionError) as error:
        if "ecursion" in str(error):
            raise TooDeep("the JSON is nested too deeply") from None
        raise


def dumps_sse(value: Any) -> bytes:
    """Compact JSON for one SSE line: U+2028, U+2029 and U+0085 escaped.

    Clients that read lines with str.splitlines (google-genai, langchain-google, litellm) break on them raw.
    """
    return escape_sse(dumps(value))


def escape_sse(raw: bytes) -> bytes:
    if raw.isascii():
        return raw
    for found, escaped in _LINE_BREAKERS:
        if found in raw:
            raw = raw.replace(found, escaped)
    return raw


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        # By way of UTF-16 two halves that stand together become the one character they mean.
        return value if _encodable(value) else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**64:
        return float(value)
    return value


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
