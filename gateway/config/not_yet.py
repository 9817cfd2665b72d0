"""Keys of the contract that are read and checked, but that this version does not act on yet."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.config.model import Config

_WORD = "is read and checked, but this version does not act on it yet"


def not_yet(config: Config) -> Iterator[str]:
    """A warning for every such key that is set to something else than its default."""
    if config.server.stream_relay:
        yield f"server.stream_relay {_WORD}"
