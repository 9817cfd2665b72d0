"""A loopback server that does on each connection exactly what its script says, byte by byte."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable

Script = Callable[["Peer"], None]


class Peer:
    """One accepted connection."""

    def __init__(self, sock: socket.socket, server: Scripted) -> None:
        self.sock = sock
        self.server = server
        self._held = b""

    def request(self) -> tuple[str, bytes]:
        """Read one whole request: head as text, body. EOFError when the client closed."""
        while b"\r\n\r\n" not in self._held:
            self._held += self._recv()
        head, _, rest = self._held.partition(b"\r\n\r\n")
        text = head.decode("latin-1")
        length = 0
        for line in text.split("\r\n")[1:]:
            name, _, value = line.partition(":")
            if name.lower() == "content-length":
                length = int(value)
        parts, size = [rest], len(rest)
        while size < length:
            part = self._recv()
            parts.append(part)
            size += len(part)
        body = b"".join(parts)
        self._held = body[length:]
        self.server.requests.append((text, body[:length]))
        return text, body[:length]

    def _recv(self) -> bytes:
        data = self.sock.recv(1 << 20)
        if not data:
            raise EOFError
        return data

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.sock.sendall(piece)

    def gone(self, timeout: float = 5.0) -> bool:
        """Whether the client closes within ``timeout`` seconds."""
        self.sock.settimeout(timeout)
        try:
            return self.sock.recv(1) == b""
        except TimeoutError:
            return False
        except OSError:
            return True

    def pause(self, seconds: float) -> None:
        self.server.stopped.wait(seconds)

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class Scripted:
    """Connection n runs script n, the last one again for all later ones. ``requests`` is what was asked."""

    def __init__(self, scripts: tuple[Script, ...], context: ssl.SSLContext | None = None, host: str = "127.0.0.1"):
        self._scripts = scripts
        self._context = context
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[tuple[str, bytes]] = []
        self.connections = 0
        self.stopped = threading.Event()
        self._socks: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        scheme = "https" if self._context else "http"
        return f"{scheme}://{host}:{self.port}{path}"

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self.connections += 1
            threading.Thread(target=self._run, args=(sock, script), daemon=True).start()

    def _run(self, sock: socket.socket, script: Script) -> None:
        with contextlib.suppress(OSError, EOFError, ssl.SSLError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(15)
            if self._context:
                sock = self._context.wrap_socket(sock, server_side=True)
            self._socks.append(sock)
            script(Peer(sock, self))
        with contextlib.suppress(OSError):
            sock.close()

    def stop(self) -> None:
        self.stopped.set()
        for sock in self._socks:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def answers(*blobs: bytes) -> Script:
    """A script that answers request after request with the blobs, the last one again and again."""

    def script(peer: Peer) -> None:
        number = 0
        while True:
            peer.request()
            peer.send(blobs[min(number, len(blobs) - 1)])
            number += 1

    return script


def ok(body: bytes, *headers: str) -> bytes:
    """A 200 with Content-Length."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunked(*chunks: bytes, headers: str = "", trailers: bytes = b"") -> bytes:
    """A 200 with a chunked body."""
    return (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
        + headers.encode()
        + b"\r\n"
        + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
        + b"0\r\n"
        + trailers
        + b"\r\n"
    )
