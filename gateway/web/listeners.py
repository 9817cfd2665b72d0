"""Who can reach a listening socket."""

from __future__ import annotations

import socket
from typing import Any

from gateway.config.model import is_loopback_host


def local(listener: Any) -> bool:
    """Whether only this machine can: loopback and Unix sockets. `listener` is a socket or gunicorn's wrapper of one."""
    listener = getattr(listener, "sock", listener)
    if listener.family == socket.AF_UNIX:
        return True
    return is_loopback_host(str(listener.getsockname()[0]))
