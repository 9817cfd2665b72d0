"""thoughtSignature: Gemini's own byte for byte, another author's sealed and made base64.

The field is `bytes` in Google's API, and google-genai refuses a response whose value is not base64, so a seal
(gateway.protocols.sealing), which holds ":" and "+", travels in base64 here.
https://ai.google.dev/gemini-api/docs/thought-signatures
"""

from __future__ import annotations

import base64
import binascii

from gateway.canon.parts import Signature, Thinking
from gateway.protocols.sealing import seal, unseal

AUTHOR = "gemini"
SKIP_VALIDATOR = "skip_thought_signature_validator"
"""What Google documents for calls that no Gemini model signed (history from another model)."""

_SEALED = base64.b64encode(b"dragoman+").decode()
_REDACTED = "redacted:"


def to_wire(signature: Signature, *, redacted: bool = False) -> str:
    if signature.author == AUTHOR:
        return signature.value
    marked = Signature(signature.author, _REDACTED + signature.value) if redacted else signature
    return base64.urlsafe_b64encode(seal(marked, AUTHOR).encode("utf-8", "replace")).decode()


def from_wire(value: str) -> tuple[Signature, bool]:
    """The signature, and whether it is a redacted block (Anthropic's redacted_thinking) of its author."""
    sealed = value
    if value.startswith(_SEALED):
        try:
            padded = value + "=" * (-len(value) % 4)
            sealed = base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True).decode()
        except (binascii.Error, ValueError):
            return Signature(AUTHOR, value), False
    signature = unseal(sealed, AUTHOR)
    if signature.author != AUTHOR and signature.value.startswith(_REDACTED):
        return Signature(signature.author, signature.value[len(_REDACTED) :]), True
    return (Signature(AUTHOR, value), False) if signature.author == AUTHOR else (signature, False)


def thinking_signed(text: str, value: str) -> Thinking:
    """A thought part with its signature."""
    signature, redacted = from_wire(value)
    return Thinking(text, redacted=signature) if redacted else Thinking(text, signature)
