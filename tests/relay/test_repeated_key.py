"""A provider that repeats the key it was sent: the client, whose key it is not, never sees it."""

from __future__ import annotations

import pytest

from tests.gateways import InProcess, Provider, config_for
from tests.scripted.script import failing
from tests.scripted.upstream import ScriptedUpstream

KEY = "pk-canary-secret-0123456789"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
@pytest.mark.parametrize(
    ("protocol", "dialect"),
    [("chat", "chat"), ("messages", "anthropic"), ("responses", "responses"), ("gemini", "gemini"), ("chat", "gemini")],
)
def test_a_key_that_a_provider_repeats(protocol: str, dialect: str, status: int, stream: bool) -> None:
    with ScriptedUpstream() as up:
        up.play(failing(status, f"the key {KEY} is odd"))
        toml = config_for(Provider(up, dialect, keys=(KEY,)), routing={"max_attempts": 1})
        with InProcess(toml.replace(f'label = "{KEY}"', 'label = "one"')) as gateway:
            reply = gateway.ask(protocol, stream=stream)
            shown = [account.disabled_reason for account in gateway.gateway.pool.accounts()]
            said = [reply.body.decode(), str(reply.headers), repr(gateway.records), repr(shown)]
    assert reply.status >= 400 and not any(KEY in each for each in said), said
