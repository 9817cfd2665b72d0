"""One call's off switch: what ``on_open`` receives and what wakes a blocked reader."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Protocol

from gateway.upstreams.transport.faults import Aborted


class Abortable(Protocol):
    """Something that can be ended from another greenlet, thread or a hub callback."""

    def abort(self) -> None:
        """End it; the greenlet or thread that waits on it gets Aborted within milliseconds. Idempotent,
        never waits.
        """


class Call:
    """Knows the socket the call waits on right now. It only ever shuts that socket down; its owner closes it.

    Once detached (the connection went back to the pool) abort() can no longer reach the socket,
    which by then may carry somebody else's request.
    """

    __slots__ = ("_lock", "_sock", "aborted", "tells", "waited")

    def __init__(self) -> None:
        self.aborted = False
        self.waited = 0.0
        """Seconds spent waiting for the other side so far, where it `tells`."""
        self.tells = True
        self._sock: socket.socket | None = None
        self._lock = threading.Lock()

    def attach(self, sock: socket.socket) -> None:
        """From here on abort() wakes whoever waits on ``sock``. Raises Aborted when abort() came first."""
        with self._lock:
            if self.aborted:
                raise Aborted("the call was aborted")
            self._sock = sock

    def detach(self) -> None:
        """abort() has no effect on the socket any more."""
        with self._lock:
            self._sock = None

    def abort(self) -> None:
        with self._lock:
            self.aborted = True
            if self._sock is not None:
                wake(self._sock)

    def check(self) -> None:
        """Raises Aborted after abort()."""
        if self.aborted:
            raise Aborted("the call was aborted")


def wake(sock: socket.socket) -> None:
    """Shut the connection down below TLS, so that a waiter on it wakes and the SSL object is left alone."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
