"""Whether the gateway may listen where it was told to: asked before anything else is started."""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any

PATIENCE_S = 1.0
"""A predecessor that was told to stop lets its socket go within this time."""

_WHY = {
    errno.EADDRINUSE: ("another program listens there", "Stop that one, or take another port"),
    errno.EACCES: ("only root may listen on a port that low", "Take a port above 1023, with nginx in front of it"),
    errno.EADDRNOTAVAIL: ("this machine has no such address", 'Take one it has: "127.0.0.1", or "0.0.0.0" for all'),
}


def inherited(environ: Mapping[str, str]) -> bool:
    """True where sockets come from systemd (sd_listen_fds(3)) or from the master that gunicorn is upgraded from."""
    return "GUNICORN_PID" in environ or environ.get("LISTEN_PID") == str(os.getpid())


def refused(addresses: list[Any], patience_s: float = PATIENCE_S) -> str | None:
    """Why one of gunicorn's `addresses` cannot be listened on, and the remedy; None when all can. Unix sockets are
    not looked at: gunicorn replaces what a dead process left there."""
    for address in addresses:
        if isinstance(address, tuple) and (error := _tried(address, patience_s)) is not None:
            host, port = address[:2]
            where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            number = errno.EADDRNOTAVAIL if isinstance(error, socket.gaierror) else error.errno
            why, remedy = _WHY.get(number or 0, (error.strerror or str(error), "Take another address"))
            return f"{where} cannot be listened on: {why}. {remedy} ([server] host and port, or HOST and PORT)"
    return None


def _tried(address: tuple[Any, ...], patience_s: float) -> OSError | None:
    until = time.monotonic() + patience_s
    while True:
        try:
            with closing(socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
                # Linux lets two sockets be bound to one port by SO_REUSEADDR as long as neither listens.
                probe.listen(1)
                return None
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > until:
                return error
            time.sleep(0.1)
