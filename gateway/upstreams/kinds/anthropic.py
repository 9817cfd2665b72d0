"""Anthropic and hosts that speak its Messages API. https://docs.anthropic.com/en/api/messages

`anthropic-version: 2023-06-01` when translating: newer dates refuse temperature, top_p and top_k. In pass-through the
client's own version and betas go on.
"""

from __future__ import annotations

from types import MappingProxyType

from gateway.upstreams.upstream import Operation, Upstream

_PATHS: dict[str, str] = {"models": "/v1/models?limit=1000", "count": "/v1/messages/count_tokens"}


class Anthropic(Upstream):
    kind = "anthropic"
    provider = "anthropic"
    dialect = "anthropic"
    counts = True
    fetches = ("https://", "http://")
    families = ("claude-*",)
    request_headers = ("anthropic-*", "x-claude-code-*")
    response_headers = (*Upstream.response_headers, "anthropic-*")
    translated_headers = MappingProxyType({"anthropic-version": "2023-06-01"})

    def url(self, base: str, operation: Operation, model: str) -> str:
        path = _PATHS.get(operation, "/v1/messages")
        return f"{base}{path}&{model}" if operation == "models" and model else base + path

    def credentials(self, secret: str) -> dict[str, str]:
        return {"x-api-key": secret} if secret else {}


UPSTREAM = Anthropic
