"""URLs of media in requests: those that name something on a server, or speak another protocol than the web's."""

from __future__ import annotations

import re

from gateway.canon.fault import Malformed

_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):")
_WEB = frozenset(("http", "https", "data", "gs"))


def check_media_url(url: str, path: str) -> None:
    """Raises Malformed for file:, gopher: and other schemes, drive letters and paths. Whether a web address may be
    fetched is decided where the provider is known; in pass-through that is the provider's own affair."""
    scheme = _SCHEME.match(url)
    local = scheme.group(1).lower() not in _WEB if scheme else url.lstrip()[:1] in ("/", "\\", "~", ".")
    if local:
        raise Malformed(path, "URL not allowed: send an http(s) URL, or the data itself as base64.", "url_not_allowed")
