"""A gateway with two providers, where clients need a key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gateways import InProcess, Provider, config_for
from tests.scripted.upstream import ScriptedUpstream
from tests.web.admin.visitor import ADMIN, Visitor

CLIENT = "sk-a-client-key-canary-0123456789"
PROVIDER_KEYS = ("pk-canary-one", "pk-canary-two", "pk-canary-three")


@pytest.fixture
def up() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as scripted:
        scripted.text("chat", "All is well")
        scripted.text("gemini", "All is well")
        yield scripted


@pytest.fixture
def house(up: ScriptedUpstream) -> Iterator[InProcess]:
    one, two, three = PROVIDER_KEYS
    tables = [
        config_for(
            chain={"gpt-4o": ["google/gemini-2.5-flash", "openai/gpt-4o-mini"]},
            auth={"mode": "strict", "admin_key": ADMIN, "api_keys": [CLIENT]},
        ),
        Provider(up, "gemini", name="google", models=("gemini-2.5-flash", "gemini-2.5-pro"), keys=()).toml(),
        f'[[upstreams.accounts]]\nlabel = "alice@example.com"\napi_key = "{one}"',
        f'[[upstreams.accounts]]\nlabel = "bob@example.com"\napi_key = "{two}"',
        Provider(up, "chat", name="openai", models=("gpt-4o-mini",), keys=()).toml(),
        f'[[upstreams.accounts]]\nlabel = "team"\napi_key = "{three}"',
    ]
    with InProcess("\n".join(tables)) as running:
        yield running


@pytest.fixture
def visitor(house: InProcess) -> Visitor:
    """Logged in."""
    found = Visitor(house.gateway)
    assert found.log_in().status_code == 303
    assert found.get().status_code == 200
    return found
