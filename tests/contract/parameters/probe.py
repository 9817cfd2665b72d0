"""Asks with one parameter and without it, and compares what the provider got."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.contract.parameters import anthropic, chat, gemini, responses
from tests.contract.parameters.parameter import Parameter
from tests.gateways import InProcess, Provider, config_for
from tests.scripted.told import path
from tests.scripted.upstream import Request, ScriptedUpstream

PARAMETERS: dict[str, tuple[Parameter, ...]] = {
    "chat": chat.PARAMETERS,
    "responses": responses.PARAMETERS,
    "anthropic": anthropic.PARAMETERS,
    "gemini": gemini.PARAMETERS,
}
MODELS = {
    "chat": "gpt-oss-120b",
    "responses": "openai/gpt-oss-120b",
    "anthropic": "claude-sonnet-4-5",
    "gemini": "gemini-2.5-flash",
}
"""Models that take sampling settings and thinking alike, so that the table is about protocols and not about models."""
DOORS = {"chat": "chat", "responses": "responses", "anthropic": "messages", "gemini": "gemini"}


@dataclass(frozen=True, slots=True)
class Found:
    """Where the provider's body changed (dotted paths), what the loss report named besides, the status."""

    status: int
    carried: tuple[str, ...]
    lossy: tuple[str, ...]
    same_bytes: bool

    def outcome(self, parameter: Parameter) -> str:
        """In words for the table; "" when the parameter went nowhere without a word."""
        if self.status == 400 and parameter.refused:
            return "400"
        if self.status != 200:
            return ""
        named = parameter.named_in(set(self.lossy))
        if self.carried:
            where = ", ".join(f"`{each}`" for each in self.carried[:2]) + (", ..." if len(self.carried) > 2 else "")
            return f"{where} (in part)" if named else where
        if named:
            return "reported"
        return "gateway" if parameter.gateway else "needless" if parameter.needless else ""


class Prober:
    def __init__(self) -> None:
        self.up = ScriptedUpstream()
        providers = [Provider(self.up, each, models=(model,)) for each, model in MODELS.items()]
        self.gateway = InProcess(config_for(*providers, server={"strict": False}))

    def close(self) -> None:
        self.gateway.stop()
        self.up.stop()

    def __enter__(self) -> Prober:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def probe(self, protocol: str, parameter: Parameter, provider: str) -> Found:
        before, told_before, _, _ = self._ask(protocol, parameter.beside, provider, False)
        streamed = parameter.name.startswith("stream") and protocol == "gemini"
        body, told, status, same = self._ask(protocol, parameter.given, provider, streamed)
        if body is None or before is None:
            return Found(status, (), (), False)
        return Found(status, tuple(sorted(set(changed(before, body)))), tuple(sorted(told - told_before)), same)

    def _ask(
        self, protocol: str, fields: Mapping[str, Any], provider: str, stream: bool
    ) -> tuple[Any, set[str], int, bool]:
        self.up.requests.clear()
        raw = json.dumps({**_body(protocol, MODELS[provider]), **fields}).encode()
        target = path(DOORS[protocol], MODELS[provider], stream)
        reply = self.gateway.post(target, raw, protocol=DOORS[protocol]).reply()
        told = {each for each in reply.headers.get("x-gateway-lossy", "").split(", ") if each}
        asked: list[Request] = self.up.asked()
        return (asked[-1].body if asked else None), told, reply.status, bool(asked) and asked[-1].raw == raw


def _body(protocol: str, model: str) -> dict[str, Any]:
    match protocol:
        case "gemini":
            return {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
        case "responses":
            return {"model": model, "input": "hello", "store": True}
        case "anthropic":
            return {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": "hello"}]}
        case _:
            return {"model": model, "messages": [{"role": "user", "content": "hello"}]}


def changed(before: Any, after: Any, at: str = "") -> Iterator[str]:
    """The dotted paths at which the two differ; of what is new or gone, its root."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before.keys() | after.keys():
            inner = f"{at}.{key}" if at else key
            if key in before and key in after:
                yield from changed(before[key], after[key], inner)
            else:
                yield inner
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for old, new in zip(before, after, strict=True):
            yield from changed(old, new, f"{at}[]")
    elif before != after:
        yield at
