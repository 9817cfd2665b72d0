"""What a machine had by itself, brought into the store it now shares with others."""

from __future__ import annotations

import hashlib
import logging
import socket
from collections.abc import Mapping
from pathlib import Path

from gateway.state.sqlite import SqliteStore
from gateway.state.store import Store

log = logging.getLogger("dragoman")

SPACE = "adopted"
FLUSH_S = 2.0


def adopt(file: Path, store: Store, spaces: Mapping[str, float | None]) -> None:
    """Copies `spaces` (name -> seconds to live there, None for ever) of the SQLite store at `file` into `store`, once
    for each file. What `store` has already counts more. The file stays as it is."""
    if not file.exists():
        return
    name = hashlib.sha256(f"{socket.gethostname()}\0{file.resolve()}".encode()).hexdigest()[:16]
    if store.get(SPACE, name) is not None or store.why:
        return
    old, count = SqliteStore(file), 0
    try:
        for space, ttl_s in spaces.items():
            for key, value in old.scan(space):
                if store.get(space, key) is None:
                    store.put(space, key, value, ttl_s)
                    count += 1
    finally:
        old.close()
    if store.flush(FLUSH_S):
        store.put(SPACE, name, b"1")
    if count:
        log.info("%d entries of %s (keys, limits, accounts' health) are in the shared state now", count, file.name)
