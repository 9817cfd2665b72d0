"""Signatures in `encrypted_content`, the one field a Responses client gives back untouched.

OpenAI's own value goes bare. Another provider's goes with sealing's prefix that names its author, and behind
it a word saying what it sealed, since a reasoning item can only stand for reasoning:
`call:<quoted call id>:<value>` a signature of that tool call, `redacted:<value>` a redacted thinking block.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote

from gateway.canon.parts import Signature, Thinking
from gateway.protocols.sealing import seal, unseal

AUTHOR = "openai"


@dataclass(slots=True, frozen=True)
class Carried:
    """`encrypted_content` holds: a seal on thinking, a redacted block or (`call_id`) a seal on a call."""

    signature: Signature
    redacted: bool = False
    call_id: str | None = None


def carry_thinking(part: Thinking) -> str | None:
    if part.signature is not None:
        return seal(part.signature, AUTHOR)
    if part.redacted is None:
        return None
    if part.redacted.author == AUTHOR:
        return part.redacted.value
    return seal(Signature(part.redacted.author, f"redacted:{part.redacted.value}"), AUTHOR)


def carry_call(signature: Signature, call_id: str) -> str | None:
    """None for OpenAI's own author: its calls are not signed."""
    if signature.author == AUTHOR:
        return None
    return seal(Signature(signature.author, f"call:{quote(call_id, safe='')}:{signature.value}"), AUTHOR)


def uncarry(value: str) -> Carried:
    signature = unseal(value, AUTHOR)
    if signature.author == AUTHOR:
        return Carried(signature)
    if signature.value.startswith("redacted:"):
        return Carried(Signature(signature.author, signature.value[9:]), redacted=True)
    if signature.value.startswith("call:"):
        call_id, _, rest = signature.value[5:].partition(":")
        return Carried(Signature(signature.author, rest), call_id=unquote(call_id))
    return Carried(signature)
