"""The request of a client whose dialect the provider speaks: handed on as bytes, with as little touched as can be."""

from __future__ import annotations

import re
from typing import Any

from gateway.canon.profile import Profile
from gateway.protocols.wire_json import dumps

_MODEL = re.compile(rb'"model"\s*:\s*"((?:[^"\\]|\\.)*)"')
_SPELT_OUT = re.compile(rb"\\u00[2-7]")
"""A character of ASCII written as an escape, as Go writes "<" in every text."""
_NAME = re.compile(rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)"\s*:')


def told_once(raw: bytes, body: dict[str, Any]) -> bytes:
    """`raw` where no field of any object in it stands twice or is spelt with escapes, else what was read of it.

    RFC 8259, section 4, leaves open which of two equal names counts. We take the last; a provider that takes the first
    would otherwise be told a model, a limit or an address that nobody has checked. Raises TooDeep.
    """
    read = dumps(body)
    if raw == read or (raw.count(b'"') == read.count(b'"') and not _spells_out(raw)):
        return raw
    return read


def _spells_out(raw: bytes) -> bool:
    """Whether a name, or a quotation mark, which would upset the count, is spelt with escapes."""
    if _SPELT_OUT.search(raw) is None:
        return False
    return b"\\u0022" in raw or any(_SPELT_OUT.search(found[1]) for found in _NAME.finditer(raw))


def with_model(raw: bytes, body: dict[str, Any], model: str) -> bytes:
    """`raw` with its top-level model replaced. All other bytes stay, unless several "model" fields, or one
    spelled with escapes, force a rewrite."""
    asked = body.get("model")
    if asked == model or not isinstance(asked, str):
        return raw
    found = _MODEL.findall(raw)
    if len(found) == 1 and found[0] == dumps(asked)[1:-1]:
        replacement = b'"model":' + dumps(model)
        return _MODEL.sub(lambda _: replacement, raw, count=1)
    return dumps({**body, "model": model})


def fitted(raw: bytes, body: dict[str, Any], profile: Profile) -> tuple[bytes, dict[str, Any]]:
    """`raw` and `body` without the top-level fields the model refuses, its limit under the name the model knows."""
    other = "max_tokens" if profile.max_tokens_field == "max_completion_tokens" else None
    if not (profile.drop or other) or not (any(name in body for name in profile.drop) or other in body):
        return raw, body
    changed = {name: value for name, value in body.items() if name not in profile.drop}
    if other is not None and other in changed:
        limit = changed.pop(other)
        changed.setdefault(profile.max_tokens_field, limit)
    return dumps(changed), changed


def with_stream_usage(raw: bytes, body: dict[str, Any]) -> bytes | None:
    """`raw` asking for streamed usage (chat's `stream_options`); None when the client asks for it already."""
    options = body.get("stream_options")
    if isinstance(options, dict):
        if options.get("include_usage"):
            return None
        return dumps({**body, "stream_options": {**options, "include_usage": True}})
    if "stream_options" in body:
        return dumps({**body, "stream_options": {"include_usage": True}})
    head, _, rest = raw.partition(b"{")
    return head + b'{"stream_options":{"include_usage":true},' + rest
