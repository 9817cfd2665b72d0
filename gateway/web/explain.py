"""Explains a request to operators: `dragoman explain --request FILE` and the admin page ask here."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from gateway.canon.fault import Malformed
from gateway.errors import BadRequest, NotFound
from gateway.protocols.wire_json import JSONDecodeError, TooDeep, loads
from gateway.relay.explained import Explanation
from gateway.relay.preset import Preset
from gateway.web.checked import checked_call
from gateway.web.gateway import Gateway
from schemas.chat import CHAT, COMPLETION
from schemas.generate import GENERATE
from schemas.messages import MESSAGES
from schemas.responses import RESPONSES

PROTOCOLS = {
    "openai": ("chat", CHAT),
    "completions": ("completions", COMPLETION),
    "responses": ("responses", RESPONSES),
    "anthropic": ("anthropic", MESSAGES),
    "gemini": ("gemini", GENERATE),
}
"""The operator's word -> (dialect, schema of the body)."""


def protocol_of(body: Mapping[str, Any]) -> str:
    """Whose request this looks like. An Anthropic body that looks like a chat body is taken for one."""
    if "contents" in body:
        return "gemini"
    if "input" in body:
        return "responses"
    if "prompt" in body and "messages" not in body:
        return "completions"
    return "anthropic" if "system" in body else "openai"


def explain_request(
    gateway: Gateway,
    raw: bytes,
    *,
    protocol: str = "",
    model: str = "",
    stream: bool | None = None,
    mount: str = "",
    agent: str = "",
    headers: Mapping[str, str] | None = None,
) -> Explanation:
    """What would become of the body `raw`, asked as a client of `protocol` ("": told by the body).

    `model` and `stream` are what Gemini's clients say in the URL; elsewhere they win over the body's. `mount` is the
    URL prefix ("/openai", ...), `agent` the id of an agent, `headers` the client's, lower-case names. Raises
    GatewayError for what the client would be refused.
    """
    body = _read(raw)
    protocol = protocol or protocol_of(body)
    dialect, schema = PROTOCOLS[protocol]
    preset = _preset(gateway, agent) if agent else None
    if preset is not None:
        body = {**body, "model": preset.asked}
    try:
        call = checked_call(
            gateway.dialects[dialect],
            schema,
            raw,
            body,
            model=(preset.asked if preset is not None else model) or None,
            stream=stream if stream is not None or dialect != "gemini" else False,
            mount=mount,
            framing="sse",
            headers=headers or {},
            request_id="explained",
            started=time.monotonic(),
            timeout_s=gateway.config.server.request_timeout_s,
            preset=preset,
        )
    except Malformed as malformed:
        raise BadRequest.of(malformed) from None
    found = gateway.relay.explainer.explained(call)
    found.protocol = protocol
    return found


def _read(raw: bytes) -> dict[str, Any]:
    try:
        body = loads(raw)
    except (JSONDecodeError, TooDeep, RecursionError) as error:
        raise BadRequest(f"the request is not valid JSON: {error}") from None
    if not isinstance(body, dict):
        raise BadRequest("the request must be a JSON object")
    return body


def _preset(gateway: Gateway, agent: str) -> Preset:
    for each in gateway.config.agents:
        if each.id == agent:
            return Preset(each)
    raise NotFound(f"there is no agent {agent!r} here", code="agent_not_found")
