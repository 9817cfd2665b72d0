"""Tool names where a dialect forbids characters or length: mapped for one request, and mapped back."""

from __future__ import annotations

import hashlib
import re


class NameMap:
    """`forbidden` matches one character a wire name may not hold, `first` what its first character must match.

    Two names never share a wire name: a changed one carries six hex digits of its hash where it would collide
    or had to be cut. The same names give the same wire names in every turn (prompt caches depend on it).
    """

    def __init__(self, forbidden: str, max_length: int, first: str = "") -> None:
        self._forbidden = re.compile(forbidden)
        self._first = re.compile(first) if first else None
        self._max = max_length
        self._wire: dict[str, str] = {}
        self._original: dict[str, str] = {}

    def to_wire(self, name: str) -> str:
        known = self._wire.get(name)
        if known is not None:
            return known
        wire = self._forbidden.sub("_", name) or "_"
        if self._first is not None and not self._first.match(wire):
            wire = "_" + wire
        if len(wire) > self._max or self._original.get(wire, name) != name:
            digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:6]
            wire = f"{wire[: self._max - 7]}_{digest}"
        self._wire[name] = wire
        self._original[wire] = name
        return wire

    def from_wire(self, wire: str) -> str:
        """The client's own name, or `wire` itself when it was never mapped."""
        return self._original.get(wire, wire)

    @property
    def changed(self) -> bool:
        return any(name != wire for name, wire in self._wire.items())
