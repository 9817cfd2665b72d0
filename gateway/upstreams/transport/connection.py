"""One TCP or TLS connection: connecting, sending and receiving without ever blocking inside the socket."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import time
from collections.abc import Callable

from gateway.upstreams.transport.call import Call, wake
from gateway.upstreams.transport.faults import (
    Aborted,
    ConnectFault,
    ConnectTimeout,
    ForbiddenAddress,
    HeadTimeout,
    Silence,
)
from gateway.upstreams.transport.target import Target
from gateway.upstreams.transport.wait import READ, WRITE, Waiter

RECV_SIZE = 65536
_JOIN_BELOW = 65536
_BREATHE_EVERY = 32
_AGAIN = (BlockingIOError, ssl.SSLWantReadError)
_CONNECTING = (errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", errno.EINPROGRESS))

_REFUSALS = (b"3", b"4", b"5")

MakeWaiter = Callable[[int], Waiter]
Allowed = Callable[[str], bool]
"""Whether an IP address, in text, may be connected to."""


class Connection:
    """A connected, non-blocking socket. One exchange owns it at a time; only the owner reads, writes or
    closes.
    """

    __slots__ = ("_closing", "_eager", "_empty", "_waiter", "_waiting", "call", "idle_since", "key", "secure", "sock")

    def __init__(self, sock: socket.socket, waiter: Waiter, key: tuple[str, str, int]) -> None:
        self.sock = sock
        self.key = key
        self.secure = isinstance(sock, ssl.SSLSocket)
        self.idle_since = 0.0
        self.call: Call | None = None
        """Whose waiting is counted."""
        self._waiter = waiter
        self._waiting = False
        self._closing = False
        self._eager = 0
        self._empty = True

    def wait(self, events: int, timeout: float | None) -> bool:
        """Ready for READ or WRITE within ``timeout`` seconds."""
        if self._closing:
            raise Aborted("the exchange was closed")
        self._waiting = True
        began = time.monotonic()
        try:
            return self._waiter.wait(events, timeout)
        finally:
            self._waiting = False
            if self.call is not None:
                self.call.waited += time.monotonic() - began
            self._close_if_asked()

    def recv(self, timeout: float | None) -> bytes:
        """What one recv brings (TLS: all records at hand, about 64 KB); b"" when the peer closed. Raises
        Silence, OSError.
        """
        deadline: float | None = None
        while True:
            if self._closing:
                raise Aborted("the exchange was closed")
            need = READ
            if self._empty:
                # The last recv took all there was: asking again at once would nearly always be in vain.
                self._empty = False
            else:
                try:
                    data = self.sock.recv(RECV_SIZE)
                except _AGAIN:
                    self._eager = 0
                except ssl.SSLWantWriteError:
                    need = WRITE
                else:
                    self._eager += 1
                    if self._eager >= _BREATHE_EVERY:
                        self._eager = 0
                        self._waiter.breathe()
                    if self.secure and data:
                        data = self._rest(data)
                    self._empty = 0 < len(data) < RECV_SIZE
                    return data
            if timeout is not None:
                now = time.monotonic()
                if deadline is None:
                    deadline = now + timeout
                left = deadline - now
            else:
                left = None
            if not self.wait(need, left):
                raise Silence("the upstream sent nothing for the time given")

    def _rest(self, data: bytes) -> bytes:
        assert isinstance(self.sock, ssl.SSLSocket)
        if not self.sock.pending():
            return data
        parts, size = [data], len(data)
        while size < RECV_SIZE and self.sock.pending():
            try:
                part = self.sock.recv(RECV_SIZE - size)
            except _AGAIN:
                break
            parts.append(part)
            size += len(part)
        return b"".join(parts)

    def send(self, head: bytes, body: bytes | memoryview, deadline: float) -> bytes:
        """Send a request. Returns bytes that came before it was all sent (normally none); a refusal
        (3xx-5xx) among them ends the sending. ``deadline`` is time.monotonic().

        Raises HeadTimeout, OSError."""
        self._empty = True
        size = len(body)
        if size <= _JOIN_BELOW:
            block = b"".join((head, body)) if size else head
            return self._send_all(memoryview(block), deadline)
        sent = 0
        if not self.secure and hasattr(self.sock, "sendmsg"):
            try:
                sent = self.sock.sendmsg([head, body])
            except BlockingIOError:
                sent = 0
        early = b""
        if sent < len(head):
            early = self._send_all(memoryview(head)[sent:], deadline)
            sent = len(head)
            if early[9:10] in _REFUSALS:
                return early
        return early + self._send_all(memoryview(body)[sent - len(head) :], deadline, early)

    def _send_all(self, view: memoryview, deadline: float, early: bytes = b"") -> bytes:
        # Where SSLSocket.send would block, gevent's returns 0 and does not say why; write says it in both.
        send = self.sock.write if isinstance(self.sock, ssl.SSLSocket) else self.sock.send
        came = b""
        while len(view):
            try:
                view = view[send(view) :]
                continue
            except (BlockingIOError, ssl.SSLWantWriteError):
                events = WRITE if early or came else READ | WRITE
            except ssl.SSLWantReadError:
                events = READ
            if not self.wait(events, deadline - time.monotonic()):
                raise HeadTimeout("the upstream did not take the request in time")
            if events & READ and not came:
                # A server that refuses a large body answers before it has read it all (413, 401) and then
                # closes.
                try:
                    came = self.sock.recv(RECV_SIZE)
                except (*_AGAIN, ssl.SSLWantWriteError):
                    continue
                if not came or came[9:10] in _REFUSALS:
                    return came
        return came

    def is_fresh(self) -> bool:
        """Whether an idle connection is still open and silent; anything readable on it is an end or
        poison.
        """
        try:
            socket.socket.recv(self.sock, 1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        """Close. When another greenlet or thread still waits here, it is woken and closes instead.
        Idempotent.
        """
        if self._closing:
            return
        self._closing = True
        if self._waiting:
            wake(self.sock)
        else:
            self._really_close()

    def _close_if_asked(self) -> None:
        if self._closing:
            self._really_close()

    def _really_close(self) -> None:
        self._waiter.close()
        self.sock.close()


def connect(
    target: Target,
    timeout: float,
    call: Call,
    make_waiter: MakeWaiter,
    tls: Callable[[], ssl.SSLContext],
    allowed: Allowed | None = None,
) -> Connection:
    """A new connection; every address of the host is tried in turn within ``timeout`` seconds, TLS included.

    With ``allowed`` all of them must pass; the name is resolved once, so that what was checked is what is
    connected to. Raises ConnectFault (also ForbiddenAddress), ConnectTimeout, Aborted.
    """
    scheme, host, port = target.key
    deadline = time.monotonic() + timeout
    try:
        addresses = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, socket.gaierror) else "the name is not valid"
        raise ConnectFault(f"cannot resolve {target.place}: {why}") from None
    if allowed is not None and not all(allowed(str(address[0])) for *_, address in addresses):
        raise ForbiddenAddress(f"{target.place} is not a public address")
    fault: ConnectFault | ConnectTimeout = ConnectFault(f"{target.place} has no address")
    for number, (family, kind, proto, _, address) in enumerate(addresses):
        call.check()
        left = deadline - time.monotonic()
        if left <= 0:
            fault = ConnectTimeout(f"no connection to {target.place} in time")
            break
        share = left / (len(addresses) - number)
        try:
            sock = socket.socket(family, kind, proto)
        except OSError as error:
            fault = ConnectFault(f"cannot connect to {target.place}: {_words(error)}")
            continue
        waiter = make_waiter(sock.fileno())
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            call.attach(sock)
            _reach(sock, waiter, address, share, target)
            call.check()
            if scheme == "https":
                sock = _handshake(sock, waiter, host, deadline, target, call, tls())
                call.check()
            return Connection(sock, waiter, target.key)
        except BaseException as error:
            call.detach()
            waiter.close()
            sock.close()
            call.check()
            if isinstance(error, (ConnectFault, ConnectTimeout)):
                fault = error
            elif isinstance(error, OSError):
                fault = ConnectFault(f"cannot connect to {target.place}: {_words(error)}")
            else:
                raise
    raise fault from None


def _reach(sock: socket.socket, waiter: Waiter, address: tuple[object, ...], timeout: float, target: Target) -> None:
    code = sock.connect_ex(address)
    if code in _CONNECTING:
        if not waiter.wait(WRITE, timeout):
            raise ConnectTimeout(f"no connection to {target.place} in time")
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))


def _handshake(
    sock: socket.socket,
    waiter: Waiter,
    host: str,
    deadline: float,
    target: Target,
    call: Call,
    context: ssl.SSLContext,
) -> socket.socket:
    # Without the peer's close_notify an answer that ends with the connection could have been cut by anyone
    # on the way.
    secure = context.wrap_socket(
        sock,
        server_hostname=host.partition("%")[0],
        do_handshake_on_connect=False,
        suppress_ragged_eofs=False,
    )
    try:
        call.attach(secure)
        while True:
            try:
                secure.do_handshake()
                return secure
            except ssl.SSLWantReadError:
                events = READ
            except ssl.SSLWantWriteError:
                events = WRITE
            if not waiter.wait(events, deadline - time.monotonic()):
                raise ConnectTimeout(f"no TLS handshake with {target.place} in time")
            call.check()
    except BaseException:
        call.detach()
        waiter.close()
        secure.close()
        raise


def _words(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its TLS certificate is refused ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({error.reason or 'the connection was closed'})"
    return error.strerror or type(error).__name__
