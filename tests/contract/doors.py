"""Requests as they stand on the wire, to a provider of every dialect: what no SDK would send."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.contract.parameters.probe import DOORS, MODELS
from tests.contract.recorded import Recorded
from tests.gateways import InProcess, Reply
from tests.scripted.told import path
from tests.scripted.upstream import ScriptedUpstream

PAIRS = [(protocol, provider) for protocol in MODELS for provider in MODELS if protocol != provider]
"""Every client's protocol with every other provider's."""


@dataclass
class Doors(Recorded):
    """`MODELS[dialect]` is the model at the provider that speaks it."""

    up: ScriptedUpstream
    lenient: InProcess
    strict: InProcess

    def send(self, protocol: str, provider: str, raw: bytes, *, strict: bool = False, stream: bool = False) -> Reply:
        self.up.requests.clear()
        target = path(DOORS[protocol], MODELS[provider], stream)
        gateway = self.strict if strict else self.lenient
        return gateway.post(target, raw, protocol=DOORS[protocol]).reply()

    def ask(self, protocol: str, provider: str, body: dict[str, Any], **more: Any) -> Reply:
        """`body` without its model."""
        named = body if protocol == "gemini" else {"model": MODELS[provider], **body}
        if protocol == "anthropic":
            named.setdefault("max_tokens", 100)
        if more.get("stream") and protocol != "gemini":
            named["stream"] = True
        return self.send(protocol, provider, json.dumps(named).encode(), **more)
