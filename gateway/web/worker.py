"""Our worker: gunicorn's gevent worker, with what a public HTTP server owes its clients.

Native JSON for what is refused before the application, deadlines for heads and bodies, a close instead of swallowing
an unread body, a turn for everybody, and a drain that closes what is idle and lets answers end. HTTP/1 only;
gunicorn's access log and request hooks are not served: the gateway writes its own records.
"""

from __future__ import annotations

import errno
import logging
import signal
import socket
import time
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import gevent
from gevent.event import Event
from gevent.pool import Pool
from gevent.server import StreamServer
from gunicorn.http import wsgi
from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.sock import ssl_context
from gunicorn.util import http_date
from gunicorn.workers.ggevent import GeventWorker

from gateway.errors import BrokenOff
from gateway.web.worker_connection import Connection, Leaving, Overdue
from gateway.web.worker_errors import refuse

log = logging.getLogger("dragoman")

SWEEP_S = 0.5
DRAIN_POLL_S = 0.1
ANSWER_S = 5.0
JOINED_BYTES = 65536
HEADER_TIMEOUT_S = 20.0
BODY_TIMEOUT_S = 120.0

_GONE = (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN, errno.EBADF, errno.ETIMEDOUT)


@lru_cache(maxsize=2)
def _date(second: int) -> str:
    return str(http_date(second))


class Response(wsgi.Response):  # type: ignore[misc]
    """Says `Connection: close` when the request's body was not read to its end or the worker is going away.

    The head leaves with the first bytes of the body, each piece of the body in one send."""

    must_close: bool
    headers: list[tuple[str, str]]
    headers_sent: bool
    chunked: bool
    status: str

    def __init__(self, req: Any, sock: Any, cfg: Any, worker: GatewayWorker) -> None:
        super().__init__(req, sock, cfg)
        self._worker = worker
        self._head = b""

    def should_close(self) -> bool:
        if not self.must_close and not (self._worker.alive and self.req.settled()):
            self.must_close = True
        return bool(super().should_close())

    def send_headers(self) -> None:
        if not self.headers_sent:
            fields = [
                ("Server", self.version),
                ("Date", _date(int(time.time()))),
                ("Connection", "close" if self.should_close() else "keep-alive"),
                *([("Transfer-Encoding", "chunked")] if self.chunked else ()),
                *self.headers,
            ]
            head = "".join([f"{name}: {value}\r\n" for name, value in fields])
            major, minor = self.req.version
            self._head = f"HTTP/{major}.{minor} {self.status}\r\n{head}\r\n".encode("latin-1")
            self.headers_sent = True

    def can_sendfile(self) -> bool:
        """Files take the way of other bodies, behind their head."""
        return False

    def close(self) -> None:
        self.send_headers()
        head, self._head = self._head, b""
        last = head + b"0\r\n\r\n" if self.chunked else head
        if last:
            self._send(last)

    def _emit_body(self, data: bytes) -> None:
        head, self._head = self._head, b""
        if self.chunked:
            data = b"%b%X\r\n%b\r\n" % (head, len(data), data)
        elif len(data) < JOINED_BYTES:
            data = head + data
        elif head:
            self._send(head)
        self._send(data)

    def _send(self, data: bytes) -> None:
        # gevent's sendall asks the system for the size of its buffer before every send.
        sent = self.sock.send(data)
        if sent < len(data):
            self.sock.sendall(memoryview(data)[sent:])


class GatewayWorker(GeventWorker):  # type: ignore[misc]
    alive: bool
    retire: Callable[[], None] | None = None
    """Set by lifecycle.attach: called when the worker ends without a signal."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._connections: set[Connection] = set()
        self._head_s = HEADER_TIMEOUT_S
        self._body_s = BODY_TIMEOUT_S
        self._leaving: Event | None = None

    def init_signals(self) -> None:
        """A SIGHUP before the configuration has been read changes nothing; the default would end the process."""
        super().init_signals()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def run(self) -> None:
        leaving = self._leaving = Event()
        self._loop = gevent.get_hub().loop
        self._take_limits()
        tls = {"ssl_context": ssl_context(self.cfg)} if self.cfg.is_ssl else {}
        servers = []
        for listener in self.sockets:
            listener.setblocking(True)
            server = StreamServer(
                listener, handle=partial(self.handle, listener), spawn=Pool(self.worker_connections), **tls
            )
            if self.cfg.workers > 1:
                server.max_accept = 1
            server.start()
            servers.append(server)
        while self.alive:
            self.notify()
            self._take_limits()
            self._sweep()
            leaving.wait(SWEEP_S)
        self._drain(servers)

    def handle_exit(self, sig: Any, frame: Any) -> None:
        """SIGTERM. May run inside the hub, where nothing can wait."""
        super().handle_exit(sig, frame)
        if self._leaving is not None:
            self._leaving.set()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """One connection, from accept to close."""
        client.setblocking(True)
        connection = Connection(client, self.cfg, addr, self._head_s, self._body_s)
        self._connections.add(connection)
        try:
            self._serve(connection, listener.getsockname(), addr)
        except (Leaving, NoMoreData, StopIteration):
            pass
        except Overdue as overdue:
            if connection.head:
                self._refuse(connection, addr, overdue)
        except OSError as error:
            if error.errno not in _GONE:
                log.warning("a client's connection broke: %s", error)
        except ParseException as malformed:
            self._refuse(connection, addr, malformed)
        except Exception as error:
            log.exception("the server failed at a request")
            self._refuse(connection, addr, error)
        finally:
            self._connections.discard(connection)
            connection.close()

    def _serve(self, connection: Connection, listener_name: Any, addr: Any) -> None:
        parser, cfg, loop = connection.parser, self.cfg, self._loop
        idle_s = cfg.keepalive
        while True:
            req = next(parser)
            connection.head_is_whole()
            self.nr += 1
            if self.nr >= self.max_requests and self.alive:
                self.log.info("Autorestarting worker after current request.")
                self.alive = False
            resp, environ = wsgi.create(req, connection.client, addr, listener_name, cfg, Response, (self,))
            environ["wsgi.multithread"] = True
            if not idle_s:
                resp.force_close()
            self._answer(connection, resp, environ)
            if resp.should_close():
                if not req.settled():
                    connection.linger()
                return
            if loop.iteration == connection.iteration:
                # Nothing was waited for since the last answer: without this a client that is always ready
                # with its next request would keep the others from theirs.
                gevent.sleep(0)
            connection.iteration = loop.iteration
            connection.await_next(idle_s if self.alive else min(idle_s, 1))

    def _answer(self, connection: Connection, resp: Response, environ: dict[str, Any]) -> None:
        try:
            items = self.wsgi(environ, resp.start_response)
            try:
                if isinstance(items, environ["wsgi.file_wrapper"]):
                    resp.write_file(items)
                else:
                    for item in items:
                        resp.write(item)
                resp.close()
            finally:
                if hasattr(items, "close"):
                    items.close()
        except OSError:
            raise
        except BrokenOff:
            connection.client.shutdown(socket.SHUT_RDWR)
            raise StopIteration from None
        except Exception:
            if not resp.headers_sent:
                raise
            # An error document cannot follow what was sent: an end without the last chunk tells the client.
            log.exception("an answer broke after it had begun")
            connection.client.shutdown(socket.SHUT_RDWR)
            raise StopIteration from None

    def _refuse(self, connection: Connection, addr: Any, error: BaseException) -> None:
        from gateway.web.lifecycle import application_of

        try:
            connection.client.settimeout(ANSWER_S)
            refuse(connection.client, addr, error, connection.head, application_of(self))
        except OSError:
            return
        connection.linger()

    def _take_limits(self) -> None:
        """The configuration's, which a reload may change."""
        from gateway.web.lifecycle import application_of

        application = application_of(self)
        if application is not None:
            server = application.gateway.config.server
            self._head_s, self._body_s = server.header_timeout_s, server.body_timeout_s

    def _sweep(self) -> None:
        now = time.monotonic()
        for connection in self._connections:
            if connection.deadline < now:
                connection.wake(Overdue())

    def _drain(self, servers: list[StreamServer]) -> None:
        """The listeners close at once; running answers end (see lifecycle.py) within graceful_timeout."""
        for server in servers:
            server.close()
        if self.retire is not None:
            self.retire()
        for connection in list(self._connections):
            connection.leave()
        limit = time.monotonic() + self.cfg.graceful_timeout
        while self._connections and time.monotonic() < limit:
            self.notify()
            self._sweep()
            gevent.sleep(DRAIN_POLL_S)
        if self._connections:
            log.warning("%d connections are cut: they outlived graceful_timeout", len(self._connections))
            for server in servers:
                server.stop(timeout=1)
