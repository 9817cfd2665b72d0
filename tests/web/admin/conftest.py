"""A gateway with two providers, where clients need a key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gateways import InProcess, Provider, config_for
from tests.scripted.upstream import ScriptedUpstream
from tests.web.admin.visitor import ADMIN, Visitor

CLIENT = "sk-a-client-key-canary-0123456789"
PROVIDER_KEYS = ("pk-canary-one", "pk-canary-two", "pk-canary-three")


def scripted_up() -> ScriptedUpstream:
    up = ScriptedUpstream()
    up.text("chat", "All is well")
    up.text("gemini", "All is well")
    return up


def toml(up: ScriptedUpstream) -> str:
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
    return "\n".join(tables)


def logged_in(house: InProcess) -> Visitor:
    found = Visitor(house.gateway)
    assert found.log_in().status_code == 303
    assert found.get().status_code == 200
    return found


@pytest.fixture
def up() -> Iterator[ScriptedUpstream]:
    with scripted_up() as scripted:
        yield scripted


@pytest.fixture
def house(up: ScriptedUpstream) -> Iterator[InProcess]:
    with InProcess(toml(up)) as running:
        yield running


@pytest.fixture
def visitor(house: InProcess) -> Visitor:
    return logged_in(house)


@pytest.fixture(scope="module")
def standing() -> Iterator[InProcess]:
    """One house for all tests of a file that leave it as it was."""
    with scripted_up() as up, InProcess(toml(up)) as running:
        yield running


@pytest.fixture(scope="module")
def guest(standing: InProcess) -> Visitor:
    """Logged in there."""
    return logged_in(standing)
