"""Carrying a provider's signature through a client that speaks another provider's protocol.

A signature goes to a client of its own author's protocol as it is, and to any other with a prefix that names its
author, so that it can be given back to that author alone. Nothing is invented: what carries no known prefix belongs
to the protocol it came in.
"""

from __future__ import annotations

from gateway.canon.parts import Signature

_PREFIX = "dragoman+"
AUTHORS = ("anthropic", "gemini", "openai")


def seal(signature: Signature, native: str) -> str:
    """The text a client of the protocol whose own author is `native` is given."""
    if signature.author == native:
        return signature.value
    return f"{_PREFIX}{signature.author}:{signature.value}"


def unseal(value: str, native: str) -> Signature:
    """The signature a client sent back."""
    if value.startswith(_PREFIX):
        author, colon, rest = value[len(_PREFIX) :].partition(":")
        if colon and author in AUTHORS:
            return Signature(author, rest)
    return Signature(native, value)
