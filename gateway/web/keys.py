"""Client keys: who may come in. Constant time, and never a word about what was presented.

Keys are read from Authorization (Bearer or bare), x-api-key, x-goog-api-key, and `?key=` on Gemini routes; any
presented key that is valid lets in.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import math
import threading
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

from gateway.config import generated_key
from gateway.config.model import AuthKey, Config
from gateway.errors import Unauthorized
from gateway.keys.issued import IssuedKeys
from gateway.keys.secret import HASH_PREFIX, digest_of

OURS = (".localhost", ".internal")
"""Names that nobody can own in the public DNS: RFC 6761, and ICANN's for private use (host.docker.internal)."""
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")
MISSING = (
    "This gateway needs a key and none was sent. Send it as 'Authorization: Bearer KEY' (OpenAI SDKs, curl), "
    "'x-api-key' (Anthropic) or 'x-goog-api-key' (Gemini)."
)
EXPIRED = "The key that was sent has expired. The operator can give out a new one: dragoman keys add NAME."
WRONG = (
    "The key that was sent is not one of this gateway's keys. "
    "The operator finds them under [auth] in the configuration and in the file client_key of the data folder, "
    "or gives out another: dragoman keys add NAME."
)

log = logging.getLogger("dragoman")


class ClientKeys:
    """`check` lets a request in or raises Unauthorized. `local_only` says that every listener is loopback or unix;
    `issued` are the keys `dragoman keys` gave out; the configuration wins where a name is in both."""

    def __init__(self, config: Config, *, local_only: bool, issued: IssuedKeys | None = None) -> None:
        auth = config.auth
        self._mode = auth.mode
        self._data_dir = config.data_dir
        self._issued = issued
        self._names = {digest_of(key.encode()): "" for key in auth.api_keys if key}
        self._names.update({key.key_hash.removeprefix(HASH_PREFIX).lower(): key.name for key in auth.keys})
        self._named = {key.name: key for key in auth.keys}
        self._expiries = {key.name: moment for key in auth.keys if (moment := key.expires_at) is not None}
        self._generated = False
        self._generating = threading.Lock()
        self._open = auth.mode == "off"
        self._open_when_direct = auth.mode == "auto" and local_only and not auth.auth_from_env
        if auth.mode == "auto" and not self._open_when_direct:
            self._need_key()

    def check(self, environ: Mapping[str, Any], *, health: bool = False, query: bool = False) -> str:
        """The name of the key that was presented ("" for an unnamed one or none). Raises Unauthorized."""
        if self._open or (self._open_when_direct and _direct(environ)):
            return next((name for name, until in self._known(environ, query) if time.time() < until), "")
        if health and self._mode != "strict":
            return ""
        if self._mode == "auto":
            self._need_key()
        return self.holder(environ, query=query)

    def holder(self, environ: Mapping[str, Any], *, query: bool = False) -> str:
        """The name of a key that was presented, needed whatever the mode is. Raises Unauthorized."""
        known = self._known(environ, query)
        if not known:
            raise Unauthorized(WRONG if presented(environ, query) else MISSING)
        now = time.time()
        for name, until in known:
            if now < until:
                return name
        raise Unauthorized(EXPIRED)

    def named(self, name: str) -> AuthKey | None:
        """The key of this name, with its limits; None for those without."""
        return self._named.get(name) or (self._issued.named(name) if self._issued is not None else None)

    def owner(self, environ: Mapping[str, Any], *, query: bool = False) -> str:
        """Whose things a request that was let in may see: a word for its key that stays the same, "" without one."""
        now = time.time()
        for key in presented(environ, query):
            for name, until in self._matching(key):
                if now < until:
                    return self._owner(name) if name else f"key:{digest_of(key)}"
        return ""

    def _owner(self, name: str) -> str:
        if self._issued is None or name in self._named:
            return f"name:{name}"
        return f"name:{name}@{self._issued.created(name)!r}"

    def _known(self, environ: Mapping[str, Any], query: bool) -> list[tuple[str, float]]:
        """(name, until when it counts) of those presented keys that are ours."""
        return [found for key in presented(environ, query) for found in self._matching(key)]

    def _matching(self, key: bytes) -> list[tuple[str, float]]:
        """Issued keys are looked up by their hash: how long that takes tells nothing about the key."""
        digest = digest_of(key)
        ours = [name for known, name in self._names.items() if hmac.compare_digest(known, digest)]
        found = [(name, self._expiries.get(name, math.inf)) for name in ours]
        if not ours and self._issued is not None and (issued := self._issued.find(digest)) is not None:
            until = issued.expires_at
            found.append((issued.name, math.inf if until is None else until))
        return found

    def _need_key(self) -> None:
        """A key is needed and the configuration has none: the one in the data folder counts. Where no key was given
        out either, it is made and said once."""
        if self._names or self._generated or (self._issued is not None and self._issued.any() and not self._kept()):
            return
        with self._generating:
            if not self._generated:
                self._generate()
                self._generated = True

    def _kept(self) -> bool:
        return (self._data_dir / generated_key.FILE_NAME).exists()

    def _generate(self) -> None:
        try:
            key, created = generated_key.load_or_create(self._data_dir)
        except OSError as error:
            log.error(
                "no client key is configured and none can be stored in %s (%s): all requests are denied",
                self._data_dir,
                error.strerror,
            )
            return
        self._names = {digest_of(key.encode()): ""}
        if created:
            log.warning(
                "no client key was configured; this one was made and stored in %s:\n\n    %s\n",
                self._data_dir / generated_key.FILE_NAME,
                key,
            )


def key_in_query(environ: Mapping[str, Any]) -> str:
    """What a Gemini request presents as `?key=`, "" when it has none."""
    query = environ.get("QUERY_STRING") or ""
    return parse_qs(query).get("key", [""])[0] if "key=" in query else ""


def _forwarded(environ: Mapping[str, Any]) -> bool:
    """Whether the request came through somebody: a proxy in front makes a loopback listener reachable from outside."""
    return any(name in environ for name in FORWARDED) or any(name.startswith("HTTP_X_FORWARDED_") for name in environ)


def _direct(environ: Mapping[str, Any]) -> bool:
    """Whether a program on this machine asks, as itself. A web page under a name whose owner leads it to this machine
    (DNS rebinding) is same-origin with us and may read our answers; only the Host it asks for tells."""
    return not _forwarded(environ) and not _ownable(environ.get("HTTP_HOST", ""))


@lru_cache(maxsize=64)
def _ownable(host: str) -> bool:
    """Whether a Host can be a name of the public DNS."""
    name = host.partition(":")[0].lower().rstrip(".")
    if "." not in name or host.startswith("[") or name.endswith(OURS):
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return True
    return False


def presented(environ: Mapping[str, Any], query: bool) -> list[bytes]:
    """Every key the request carries, as bytes of UTF-8 (WSGI gives header bytes as Latin-1). An empty one is none."""
    keys = []
    authorization = environ.get("HTTP_AUTHORIZATION", "").strip()
    if authorization:
        scheme, _, rest = authorization.partition(" ")
        keys.append(rest.strip() if scheme.lower() == "bearer" else authorization)
    keys += [environ.get("HTTP_X_API_KEY", "").strip(), environ.get("HTTP_X_GOOG_API_KEY", "").strip()]
    found = [key.encode("latin-1", "replace") for key in keys if key]
    if query and environ.get("QUERY_STRING"):
        found += [key.encode("utf-8", "replace") for key in parse_qs(environ["QUERY_STRING"]).get("key", []) if key]
    return found
