"""JSON on the wire."""

from __future__ import annotations

from typing import Any

import orjson

loads = orjson.loads
JSONDecodeError = orjson.JSONDecodeError

_LINE_BREAKERS = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"), (b"\xc2\x85", b"\\u0085"))


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
        return orjson.dumps(_clean(value), option=orjson.OPT_NON_STR_KEYS)


def dumps_sse(value: Any) -> bytes:
    """Compact JSON for one SSE line: U+2028, U+2029 and U+0085 escaped.

    Clients that read lines with str.splitlines (google-genai, langchain-google, litellm) break on them raw.
    """
    return escape_sse(dumps(value))


def escape_sse(raw: bytes) -> bytes:
    for found, escaped in _LINE_BREAKERS:
        if found in raw:
            raw = raw.replace(found, escaped)
    return raw


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8") if not _encodable(value) else value
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
