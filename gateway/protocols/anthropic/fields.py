"""What the readers keep beside the canon for this dialect's own writer.

`extras["anthropic"]` of a turn, part or tool holds the wire fields no canon value says (cache_control, ...)
and marks of ours: `attribution` (Claude Code's billing text, no prompt) and names that begin with "~".
A dialogue that came in this dialect always has the key, be it empty: that is how the writer knows it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from gateway.canon.parts import Extras

NAME = "anthropic"
AUTHOR = "anthropic"
ATTRIBUTION = "attribution"
ATTRIBUTION_TEXT = "x-anthropic-billing-header:"
AS_BLOCKS = "~blocks"
"""The client wrote a lone plain text as a list of one block."""
CALL_SEAL = "call:"
"""Begins a foreign signature that belongs to the tool call after its empty thinking block."""
LATE_SEAL = "called:"
"""The same, for the tool call before it."""
IN_MESSAGES = "~in_messages"
"""A system turn that stood inside `messages`."""


def rest(block: dict[str, Any], known: Collection[str]) -> dict[str, Any]:
    """The fields of `block` that are not known."""
    return {field: value for field, value in block.items() if field not in known}


def kept(fields: dict[str, Any]) -> Extras:
    """Extras holding `fields`, or none."""
    return {NAME: fields} if fields else {}


def own(extras: Extras) -> dict[str, Any]:
    """The wire fields kept in `extras`, without our marks."""
    fields = extras.get(NAME)
    if not fields:
        return {}
    return {name: value for name, value in fields.items() if name != ATTRIBUTION and not name.startswith("~")}


def marked(extras: Extras, mark: str) -> bool:
    fields = extras.get(NAME)
    return fields is not None and bool(fields.get(mark))
