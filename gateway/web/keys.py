"""Client keys: who may come in. Constant time, and never a word about what was presented.

Keys are read from Authorization (Bearer or bare), x-api-key, x-goog-api-key, and `?key=` on Gemini routes; any
presented key that is valid lets in.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from gateway.config import generated_key
from gateway.config.model import Config
from gateway.errors import Unauthorized

FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO", "HTTP_X_REAL_IP",
             "HTTP_VIA")
MISSING = (
    "This gateway needs a key and none was sent. Send it as 'Authorization: Bearer KEY' (OpenAI SDKs, curl), "
    "'x-api-key' (Anthropic) or 'x-goog-api-key' (Gemini)."
)
WRONG = "The key that was sent is not one of this gateway's keys. The operator finds them under [auth] in the configuration."

log = logging.getLogger("dragoman")


class ClientKeys:
    """`check` lets a request in or raises Unauthorized. `local_only` says that every listener is loopback or unix."""

    def __init__(self, config: Config, *, local_only: bool) -> None:
        auth = config.auth
        self._mode = auth.mode
        self._data_dir = config.data_dir
        self._names = {hashlib.sha256(key.encode()).hexdigest(): "" for key in auth.api_keys}
        self._names.update({key.key_hash.removeprefix("sha256:"): key.name for key in auth.keys})
        self._generated = False
        self._open = auth.mode == "off"
        self._open_when_direct = auth.mode == "auto" and local_only and not auth.auth_from_env
        if auth.mode == "auto" and not self._open_when_direct:
            self._need_key()

    def check(self, environ: Mapping[str, Any], *, health: bool = False, query: bool = False) -> str:
        """The name of the key that was presented ("" for an unnamed one or none). Raises Unauthorized."""
        if self._open:
            return self._identify(environ, query) or ""
        if self._open_when_direct and not any(header in environ for header in FORWARDED):
            return self._identify(environ, query) or ""
        if health and self._mode != "strict":
            return ""
        if self._mode == "auto":
            self._need_key()
        name = self._identify(environ, query)
        if name is None:
            raise Unauthorized(WRONG if _presented(environ, query) else MISSING)
        return name

    def _identify(self, environ: Mapping[str, Any], query: bool) -> str | None:
        found: str | None = None
        for key in _presented(environ, query):
            digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
            for known, name in self._names.items():
                if hmac.compare_digest(known, digest):
                    found = name
        return found

    def _need_key(self) -> None:
        """A key is needed and none is known: one is made, kept in the data folder and said once."""
        if self._names or self._generated:
            return
        self._generated = True
        try:
            key, created = generated_key.load_or_create(self._data_dir)
        except OSError as error:
            log.error("no client key is configured and none can be stored in %s (%s): all requests are denied",
                      self._data_dir, error.strerror)
            return
        self._names[hashlib.sha256(key.encode()).hexdigest()] = ""
        if created:
            log.warning("no client key was configured; this one was made and stored in %s:\n\n    %s\n",
                        self._data_dir / generated_key.FILE_NAME, key)


def _presented(environ: Mapping[str, Any], query: bool) -> list[str]:
    """Every key the request carries. An empty one is none."""
    keys = []
    authorization = environ.get("HTTP_AUTHORIZATION", "").strip()
    if authorization:
        scheme, _, rest = authorization.partition(" ")
        keys.append(rest.strip() if scheme.lower() == "bearer" else authorization)
    keys += [environ.get("HTTP_X_API_KEY", "").strip(), environ.get("HTTP_X_GOOG_API_KEY", "").strip()]
    if query and environ.get("QUERY_STRING"):
        keys += parse_qs(environ["QUERY_STRING"]).get("key", [])
    return [key for key in keys if key]
