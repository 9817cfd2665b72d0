"""Which OAuth client a project logged in with. All of them are the operator's; the gateway has none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.accounts.oauth import Client
from gateway.config.placeholders import is_placeholder

Clients = Callable[[Any], list[Client]]
"""What a project's own `oauth_client` says -> the OAuth clients to try, the likeliest first."""


def known_clients(document: Callable[[], Any], configured: Client, default_url: str) -> Clients:
    """The operator's clients: a project's own, the configured one, `oauth_config` and `oauth_clients` of tokens.json.

    `document` is asked at the time of use, since the file may change. A project names its client by the client's id,
    by a name in `oauth_clients`, or holds it.
    """

    def clients(own: Any) -> list[Client]:
        now = document()
        found: list[Client] = []
        named: Mapping[str, Any] = {}
        if isinstance(now, Mapping):
            listed = now.get("oauth_clients")
            named = listed if isinstance(listed, Mapping) else {}
            found.append(_client(now.get("oauth_config"), default_url))
        found = [_filled(configured, found[0] if found else Client(""), default_url), *found]
        found += [_client(each, default_url) for each in named.values()]
        if isinstance(own, Mapping):
            found.insert(0, _client(own, default_url))
        elif isinstance(own, str) and own in named:
            found.insert(0, _client(named[own], default_url))
        elif isinstance(own, str):
            found.sort(key=lambda client: client.client_id != own)
        return [client for client in dict.fromkeys(found) if client.client_id]

    return clients


def _client(entry: Any, default_url: str) -> Client:
    if not isinstance(entry, Mapping):
        return Client("")
    values = [entry.get(name) for name in ("client_id", "client_secret", "token_url")]
    said = [value.strip() if isinstance(value, str) and not is_placeholder(value) else "" for value in values]
    return Client(said[0], said[1], said[2] or default_url)


def _filled(configured: Client, other: Client, default_url: str) -> Client:
    """The configured client; without an id of its own, oauth_config's with the configured token address."""
    base = configured if configured.client_id else other
    return Client(base.client_id, base.client_secret, configured.token_url or other.token_url or default_url)
