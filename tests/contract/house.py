"""One gateway with a provider of every dialect, as all contract tests see it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.contract.ask import Ask, Reply
from tests.contract.recorded import Recorded
from tests.contract.sdks.every import SDKS
from tests.contract.sdks.sdk import KEY
from tests.gateways import Provider, config_for
from tests.running import RunningGateway
from tests.scripted.answer import Answer
from tests.scripted.script import Script
from tests.scripted.upstream import ScriptedUpstream

MODELS = {"chat": "chat-model", "responses": "responses-model", "anthropic": "claude-model", "gemini": "gemini-model"}
WORN = {dialect: f"worn-{dialect}" for dialect in MODELS}
"""Models behind accounts that a test may have disabled: every 401 costs two of them."""
FAMILIES = (
    ("chat", "gpt-5-mini"),
    ("responses", "gpt-5.5"),
    ("anthropic", "claude-opus-4-7"),
    ("gemini", "gemini-2.5-flash"),
    ("gemini", "gemini-3-pro"),
)
"""Real names beside MODELS: the shipped facts about model families hold for them."""
MAPPED = {"gpt-4o": ["gemini-2.5-flash"]}


def config(up: ScriptedUpstream) -> str:
    """Two accounts and two attempts, so that one failure is not the end, and rests so short that no test waits."""
    served: dict[str, tuple[str, ...]] = {dialect: (model,) for dialect, model in MODELS.items()}
    for dialect, name in FAMILIES:
        served[dialect] = (*served[dialect], name)
    return config_for(
        *(Provider(up, each, models=names, keys=(f"{each}-1", f"{each}-2")) for each, names in served.items()),
        *(
            Provider(up, each, f"worn-{each}", (model,), tuple(f"worn-{each}-{n}" for n in range(40)))
            for each, model in WORN.items()
        ),
        chain=MAPPED,
        auth={"mode": "strict", "api_keys": [KEY]},
        routing={"max_attempts": 2, "cooldown_max_s": 0.001},
        server={"keepalive_s": 10},
    )


@dataclass
class House(Recorded):
    gateway: RunningGateway
    up: ScriptedUpstream

    @cached_property
    def sdks(self) -> dict[str, Any]:
        return {name: sdk(self.gateway.url) for name, sdk in SDKS.items()}

    def ask(self, sdk: str, provider: str, ask: Ask = Ask(), stream: bool = False, model: str = "") -> Reply:  # noqa: B008
        reply: Reply = self.sdks[sdk].ask(ask, model or MODELS[provider], stream)
        return reply

    def answers(self, answer: Answer, **more: Any) -> None:
        """Every provider says this from now on."""
        self.up.play(Script(answer=answer, **more))
