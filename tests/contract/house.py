"""One gateway with a provider of every dialect, and one of Code Assist, as all contract tests see it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.assist_house import assist_toml, project, write_tokens
from tests.contract.ask import Ask, Reply
from tests.contract.recorded import Recorded
from tests.contract.sdks.every import SDKS
from tests.contract.sdks.sdk import KEY
from tests.gateways import Provider, config_for
from tests.running import RunningGateway
from tests.scripted.answer import Answer
from tests.scripted.assist import ScriptedAssist
from tests.scripted.script import Script
from tests.scripted.upstream import ScriptedUpstream

ASSIST = "code_assist"
MODELS = {
    "chat": "chat-model",
    "responses": "responses-model",
    "anthropic": "claude-model",
    "gemini": "gemini-model",
    ASSIST: "gemini-assist",
}
GEMINIS = ("gemini", ASSIST)
"""Providers that speak Gemini's dialect, the second one in an envelope."""
WORN = {dialect: f"worn-{dialect}" for dialect in MODELS}
"""Models behind accounts that a test may have disabled: every 401 costs two of them."""
FAMILIES = (
    ("chat", "gpt-5-mini"),
    ("responses", "gpt-5.5"),
    ("anthropic", "claude-opus-4-7"),
    ("gemini", "gemini-2.5-flash"),
    ("gemini", "gemini-3-pro"),
    (ASSIST, "gemini-3-flash"),
)
"""Real names beside MODELS: the shipped facts about model families hold for them."""
MAPPED = {"gpt-4o": ["gemini-2.5-flash"]}


def spoken_by(provider: str) -> str:
    """The dialect of a provider."""
    return "gemini" if provider == ASSIST else provider


def mode(dialect: str, provider: str) -> str:
    """How the gateway carries a client of `dialect` to `provider`."""
    if dialect != spoken_by(provider):
        return "translated"
    return "wrapped" if provider == ASSIST else "passthrough"


def config(up: ScriptedUpstream, oauth: ScriptedAssist, folder: Path) -> str:
    """Two accounts and two attempts, so that one failure is not the end, and rests so short that no test waits."""
    served: dict[str, tuple[str, ...]] = {dialect: (model,) for dialect, model in MODELS.items()}
    for dialect, name in FAMILIES:
        served[dialect] = (*served[dialect], name)
    assist = served.pop(ASSIST)
    house = config_for(
        *(Provider(up, each, models=names, keys=(f"{each}-1", f"{each}-2")) for each, names in served.items()),
        *(
            Provider(up, each, f"worn-{each}", (model,), tuple(f"worn-{each}-{n}" for n in range(40)))
            for each, model in WORN.items()
            if each != ASSIST
        ),
        chain=MAPPED,
        auth={"mode": "strict", "api_keys": [KEY]},
        routing={"max_attempts": 2, "cooldown_max_s": 0.001},
        server={"keepalive_s": 10},
    )
    return "\n".join(
        (
            house,
            _assist(up, oauth, folder / "tokens.json", ASSIST, assist, 2),
            _assist(up, oauth, folder / "worn.json", f"worn-{ASSIST}", (WORN[ASSIST],), 40),
        )
    )


def _assist(
    up: ScriptedUpstream, oauth: ScriptedAssist, tokens: Path, name: str, models: tuple[str, ...], accounts: int
) -> str:
    """`up` is asked, `oauth` gives out the tokens. An account is called what its first access token is, so that the
    provider sees who was said to have answered."""
    names = [f"{name}-{number}" for number in range(1, accounts + 1)]
    given = {each: oauth.account(each, access=True) for each in names}
    write_tokens(tokens, *(project(each, token, email=token) for each, token in given.items()))
    return assist_toml(oauth, tokens, bases=(up.root_url,), name=name, more=f"models = {json.dumps(models)}")


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
