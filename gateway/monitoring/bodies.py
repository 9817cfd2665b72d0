"""What was asked and answered, word by word, for operators who switch that on ([records] bodies)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field

TAKEN = 256 * 1024
"""Bytes of a body that are looked at."""
KEPT = 64 * 1024
"""Characters of it that are kept."""
CUT = "[... cut]"
GONE = "[redacted]"
_MARGIN = 512
"""At the end of what was looked at the first half of a secret could stand."""

_MEDIA = re.compile(r"(data:[\w.+-]+/[\w.+-]+(?:;[\w=.+-]+)*;base64,)[A-Za-z0-9+/_=-]{64,}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{1024,}={0,2}")
_FIELDS = re.compile(
    r'("[\w-]*(?:api_?key|authorization|access_?token|refresh_?token|client_?secret|password|private_?key)"\s*:\s*")'
    r'(?:[^"\\]|\\.)*"',
    re.IGNORECASE,
)
_KEYS = re.compile(
    r"\b(?:sk-[\w-]{16,}|AIza[\w-]{20,}|ya29\.[\w.-]{16,}|1//0[\w-]{20,}|gh[pousr]_\w{20,}|xox[a-z]-[\w-]{10,}|AKIA[A-Z0-9]{12,}"
    r"|eyJ[\w-]{16,}\.[\w-]{16,}\.[\w-]{16,})|(?<=Bearer )[\w.~+/=-]{16,}"
)


@dataclass(slots=True)
class Bodies:
    """Of one request: its record's id, unix time, and the first TAKEN bytes each way; `*_size` is what there was;
    `keys` those the client presented."""

    id: str
    at: float
    request: bytes
    request_size: int
    answer: bytes
    answer_size: int
    keys: tuple[str, ...] = field(default=(), repr=False)

    def texts(self, secrets: Iterable[str]) -> tuple[str, str]:
        """(request, answer) as they are kept."""
        known = [secret for secret in (*secrets, *self.keys) if len(secret) >= 8]
        return (
            redacted(self.request, self.request_size > len(self.request), known),
            redacted(self.answer, self.answer_size > len(self.answer), known),
        )


def redacted(raw: bytes, cut: bool, secrets: Iterable[str]) -> str:
    """The text without credentials, media shortened, at most KEPT characters. `secrets` go wherever they stand."""
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(raw, TAKEN)
        except zlib.error:
            return f"[{len(raw)} compressed bytes]"
    text = raw.decode("utf-8", "replace")
    for secret in secrets:
        text = text.replace(secret, GONE)
    text = _MEDIA.sub(lambda found: f"{found[1]}[{len(found[0]) - len(found[1])} characters]", text)
    text = _BASE64.sub(lambda found: f"[{len(found[0])} characters of base64]", text)
    text = _KEYS.sub(GONE, _FIELDS.sub(rf'\1{GONE}"', text))
    if cut:
        text = text[:-_MARGIN]
    return text if len(text) <= KEPT and not cut else text[:KEPT] + CUT
