"""Noticing that a client has left while nothing is being written to it.

Under gevent a bare io watcher on the client's socket (about 1 us a request); under threads one thread that polls all
of them. A half-closed client counts as gone. Bytes of a pipelined next request end the watch.
"""

from __future__ import annotations

import _socket
import os
import select
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol


class Watch(Protocol):
    def stop(self) -> None: ...


class _Nothing:
    def stop(self) -> None:
        pass


def watch(client: Any, gone: Callable[[], None]) -> Watch:
    """Calls `gone` once (from the hub or another thread) when `client`, a connected socket, is closed by its peer."""
    if not isinstance(client, socket.socket) or client.fileno() < 0 or hasattr(client, "cipher"):
        return _Nothing()
    if _cooperative():
        return _HubWatch(client, gone)
    return _poller().add(client, gone)


def _cooperative() -> bool:
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("socket"))


class _HubWatch:
    __slots__ = ("_client", "_gone", "_watcher")

    def __init__(self, client: socket.socket, gone: Callable[[], None]) -> None:
        from gevent import get_hub

        self._client = client
        self._gone = gone
        self._watcher = get_hub().loop.io(client.fileno(), 1)
        self._watcher.start(self._readable)

    def _readable(self) -> None:
        # In the hub nothing may wait: gevent's recv would, so the bare fd is asked.
        left = _fd_left(self._client.fileno())
        if left is None:
            return
        self.stop()
        if left:
            self._gone()

    def stop(self) -> None:
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.stop()
            watcher.close()


def nothing_to_read(fd: int) -> bool:
    """True while the peer is there and has sent nothing; never waits."""
    return _fd_left(fd) is None


def _fd_left(fd: int) -> bool | None:
    if fd < 0:
        return True
    try:
        bare = _socket.socket(fileno=fd)
    except OSError:
        return True
    try:
        return not bare.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:
        return True
    finally:
        bare.detach()


class _Poller(threading.Thread):
    """One thread for all waiting requests of a threaded worker."""

    def __init__(self) -> None:
        super().__init__(name="client-watch", daemon=True)
        self._poll = select.poll()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        self._watched: dict[int, Callable[[], None]] = {}
        self._lock = threading.Lock()
        self._poll.register(self._wake_read, select.POLLIN)

    def add(self, client: socket.socket, gone: Callable[[], None]) -> Watch:
        fd = client.fileno()
        with self._lock:
            self._watched[fd] = gone
            self._poll.register(fd, select.POLLIN | select.POLLRDHUP)
        os.write(self._wake_write, b"x")
        return _PolledWatch(self, fd)

    def drop(self, fd: int) -> None:
        with self._lock:
            if self._watched.pop(fd, None) is not None:
                self._poll.unregister(fd)

    def run(self) -> None:
        while True:
            for fd, _ in self._poll.poll():
                if fd == self._wake_read:
                    self._drain()
                else:
                    self._readable(fd)

    def _drain(self) -> None:
        try:
            os.read(self._wake_read, 4096)
        except BlockingIOError:
            pass

    def _readable(self, fd: int) -> None:
        with self._lock:
            # Once a watch was stopped its number may be closed, or belong to another connection.
            if fd not in self._watched or (left := _fd_left(fd)) is None:
                return
            gone = self._watched.pop(fd)
            self._poll.unregister(fd)
        if left:
            gone()


class _PolledWatch:
    def __init__(self, poller: _Poller, fd: int) -> None:
        self._poller, self._fd = poller, fd

    def stop(self) -> None:
        self._poller.drop(self._fd)


_shared: _Poller | None = None
_shared_lock = threading.Lock()


def _poller() -> _Poller:
    global _shared
    with _shared_lock:
        if _shared is None:
            _shared = _Poller()
            _shared.start()
        return _shared
