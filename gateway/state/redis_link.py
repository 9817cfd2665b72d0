"""The one connection that tells whether Redis is there, and what other processes change in it.

It is subscribed to the announcements of all writers. While it is silent it is pinged; when it breaks, everybody else
of this process stops asking Redis at once, and only this thread tries again, every RETRY_S. So a server that is gone
or hangs costs at most the requests of that moment TIMEOUT_S, once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from gateway.config.redis_url import RedisUrl
from gateway.state.redis_layout import Layout
from gateway.state.store import Key

if TYPE_CHECKING:
    import redis

log = logging.getLogger("dragoman")

TIMEOUT_S = 0.5
RETRY_S = 0.5
BEAT_S = 0.25
PING_AFTER_S = 0.75
GONE_AFTER_S = 1.5
FIRST_S = 1.5
"""How long the first question of a process waits for the first connection."""
RENEW_S = 60.0
"""What changed without an announcement (by hand, by eviction) is noticed after so long."""
CONNECTIONS = 16
FORMAT = 1


class NewerFormat(Exception):
    """A newer Dragoman wrote there."""


class Link:
    """`heard(keys)` is called for what others have changed, `came_up()` whenever Redis can be asked (again).

    What was read counts while `epoch` is what it was then. `why` tells in words why Redis cannot be asked, `remedy`
    what to do about it.
    """

    def __init__(
        self, url: RedisUrl, layout: Layout, heard: Callable[[Iterable[Key]], None], came_up: Callable[[], None]
    ) -> None:
        self.up = False
        self.remedy = ""
        self._said = ""
        self.epoch = 1
        self._url = url
        self._layout = layout
        self._heard = heard
        self._came_up = came_up
        self._client: redis.Redis | None = None
        self._lock = threading.Lock()
        self._tried = threading.Event()
        self._wake = threading.Event()
        self._doubt: Exception | None = None
        self._closed = False

    @property
    def why(self) -> str:
        if self._said or self._doubt is None:
            return self._said
        return f"Redis at {self._url.shown} does not answer"

    @property
    def client(self) -> Any:
        """For commands, by any thread. Only to be used after `ready`."""
        return self._client

    def ready(self) -> bool:
        """Whether Redis can be asked. Waits only in the first moments of the process."""
        if self._client is None:
            self._start()
        if not self._tried.is_set():
            self._tried.wait(FIRST_S)
        return self.up

    def lost(self, error: Exception) -> None:
        """A command failed by the connection: nobody asks until the link has made sure."""
        self.up = False
        self._doubt = error

    def close(self) -> None:
        self._closed, self.up = True, False
        self._wake.set()
        self._tried.set()
        client, self._client = self._client, None
        if client is not None:
            client.connection_pool.disconnect()

    def _start(self) -> None:
        with self._lock:
            if self._client is None and not self._closed:
                self._client = _client(self._url)
                threading.Thread(target=self._run, name="redis", daemon=True).start()

    def _run(self) -> None:
        while not self._closed:
            try:
                self._listen()
            except Exception as error:  # whatever it is, the house goes on without Redis
                self._down(error)
            self._tried.set()
            self._wake.wait(RETRY_S)

    def _listen(self) -> None:
        client = self._client
        if client is None:
            return
        pool = client.connection_pool
        connection = pool.connection_class(**pool.connection_kwargs)
        try:
            connection.connect()
            self._agree(client)
            connection.send_command("SUBSCRIBE", self._layout.channel)
            connection.read_response()
            self._up()
            self._follow(connection)
        finally:
            connection.disconnect()

    def _agree(self, client: Any) -> None:
        if not client.set(self._layout.format, FORMAT, nx=True):
            found = client.get(self._layout.format)
            if found is not None and not (found.isdigit() and int(found) <= FORMAT):
                raise NewerFormat(
                    "a newer version of Dragoman uses it: update this one, or give it a ?prefix= of its own"
                )

    def _follow(self, connection: Any) -> None:
        heard = renewed = time.monotonic()
        pinged = False
        while not self._closed:
            doubt, self._doubt = self._doubt, None
            if doubt is not None:
                raise doubt
            if time.monotonic() - renewed > RENEW_S:
                self.epoch, renewed = self.epoch + 1, time.monotonic()
            if connection.can_read(timeout=BEAT_S):
                kind, *words = connection.read_response()
                heard, pinged = time.monotonic(), False
                if kind == b"message" and (keys := self._layout.heard(words[-1])):
                    self._heard(keys)
                continue
            now = time.monotonic()
            if now - heard > GONE_AFTER_S:
                raise TimeoutError("it does not answer")
            if now - heard > PING_AFTER_S and not pinged:
                connection.send_command("PING")
                pinged = True

    def _up(self) -> None:
        assert self._client is not None
        self._client.connection_pool.disconnect(inuse_connections=False)
        self._doubt = None
        self.epoch += 1
        self.up = True
        self._tried.set()
        if self._said:
            self._said = ""
            log.info("state: Redis at %s is back: workers and machines agree again", self._url.shown)
        self._came_up()

    def _down(self, error: Exception) -> None:
        self.up = False
        self._doubt = None
        if self._said or self._closed:
            return
        self.remedy = _remedy(error, self._url)
        self._said = f"Redis at {self._url.shown} cannot be used ({words_of(error, self._url)})"
        log.warning(
            "state: %s: this process goes on with what it knows, and writes what it learns when Redis is back. %s",
            self._said,
            self.remedy,
        )


def words_of(error: Exception, url: RedisUrl) -> str:
    """What the server or the system said, without a value or a password."""
    text = str(error) or type(error).__name__
    text = text.rsplit(" caused error: ", 1)[-1]  # redis-py quotes the command of a pipeline, value and all
    for secret in (url.password, url.username):
        if secret:
            text = text.replace(secret, "***")
    return text.strip().rstrip(".")


def _client(url: RedisUrl) -> redis.Redis:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    kinds: dict[str, Any] = {"connection_class": redis.Connection, "host": url.host, "port": url.port}
    if url.path:
        kinds = {"connection_class": redis.UnixDomainSocketConnection, "path": url.path}
    elif url.tls:
        kinds["connection_class"] = redis.SSLConnection
        if url.ca_file:
            kinds["ssl_ca_certs"] = url.ca_file
    pool: Any = redis.BlockingConnectionPool(  # type: ignore[no-untyped-call]
        max_connections=CONNECTIONS,
        timeout=TIMEOUT_S,
        db=url.db,
        username=url.username or None,
        password=url.password or None,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        driver_info=None,
        **kinds,
    )
    return redis.Redis(connection_pool=pool)


def _remedy(error: Exception, url: RedisUrl) -> str:
    text = f"{type(error).__name__} {error}".lower()
    if any(word in text for word in ("authentication", "noauth", "wrongpass", "username-password")):
        return "Put the right user and password into [state] url: redis://user:password@host:6379/0"
    if "noperm" in text or "no permission" in text:
        return f"Allow its user ~{url.prefix}* &{url.prefix}* +@all -@admin -@dangerous (ACL SETUSER)"
    if "db index" in text:
        return "The server has fewer databases than the number at the end of [state] url says"
    if "certificate" in text or "ssl" in text:
        return "Name the authority that signed its certificate: ?ca_file=/path/ca.pem in [state] url"
    if isinstance(error, NewerFormat):
        return ""
    return "Is it running, and can this machine reach it?"
