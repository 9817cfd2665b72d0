"""One agent at its door: who may use it, and what its requests become.

Private: only its own tokens let in. Public: its own tokens or any client key. A token is needed for both, whatever
`[auth] mode` says.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Protocol

from gateway.config.model import Agent
from gateway.errors import Unauthorized
from gateway.relay.preset import Preset
from gateway.web.keys import ClientKeys, presented

MISSING = "This agent needs a token and none was sent. Send it as 'Authorization: Bearer TOKEN'."
WRONG = (
    "The token that was sent is not one of this agent's. The operator finds them under [[agents]] in the configuration."
)


class Desk(Protocol):
    """Who lets a request in instead of the client keys, and what it becomes."""

    @property
    def preset(self) -> Preset | None: ...

    def check(self, environ: Mapping[str, Any], *, query: bool = False) -> str: ...

    def fitted(self, body: dict[str, Any]) -> dict[str, Any]: ...


class AgentDesk:
    """`check` is ClientKeys.check of one agent."""

    def __init__(self, agent: Agent, keys: ClientKeys) -> None:
        self.id = agent.id
        self.preset = Preset(agent)
        self._tokens = [hashlib.sha256(token.encode()).hexdigest() for token in agent.tokens if token]
        self._keys = keys if agent.visibility == "public" else None

    def check(self, environ: Mapping[str, Any], *, query: bool = False) -> str:
        """The name for the record. Raises Unauthorized."""
        found = presented(environ, query)
        digests = [hashlib.sha256(key).hexdigest() for key in found]
        if any([hmac.compare_digest(token, digest) for token in self._tokens for digest in digests]):
            return f"agent:{self.id}"
        if not found:
            raise Unauthorized(MISSING)
        if self._keys is None:
            raise Unauthorized(WRONG)
        return self._keys.holder(environ, query=query)

    def fitted(self, body: dict[str, Any]) -> dict[str, Any]:
        """The client's body with the agent's model, whatever the client named."""
        return {**body, "model": self.preset.asked}
