"""Every secret a configuration holds, for places where none may turn up."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.config.model import Config

_SECRET_NAME = re.compile(r"auth|key|token|secret|cookie", re.IGNORECASE)


def secrets_of(config: Config) -> Iterator[str]:
    """Keys of clients, operators, agents and accounts as they were configured; not those of tokens.json, which come
    and go while the gateway runs."""
    yield from config.auth.api_keys
    yield config.auth.admin_key
    yield config.notify.url
    for agent in config.agents:
        yield from agent.tokens
    for upstream in config.upstreams:
        yield upstream.oauth.client_secret
        yield from (value for name, value in upstream.headers.items() if _SECRET_NAME.search(name))
        for account in upstream.accounts:
            yield account.api_key
            yield account.refresh_token
