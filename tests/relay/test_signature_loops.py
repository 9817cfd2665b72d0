"""Three-turn tool loops with thinking, through each protocol, against providers that check signatures byte for byte,
the gateway killed with -9 between the turns; and clients that come back at once, to another worker."""

from __future__ import annotations

import json

import pytest

from tests.gateways import Client, Provider, config_for
from tests.relay.faithful import THINKING, Faithful
from tests.relay.forgetful import Forgetful
from tests.relay.signing import SigningGemini
from tests.relay.signing_claude import SigningClaude
from tests.running import RunningGateway

FORMS = (False, True)
DROPPING = ("chat", "messages", "responses")
Loop = Faithful | Forgetful


def loops(model: str, native: str) -> list[Loop]:
    """Every protocol, whole and streamed, by a client that keeps all it is told; and, in the protocols that are not the
    provider's own (whose bytes pass through as they are), by one that drops signatures."""
    faithful = [Faithful(protocol, stream, model) for protocol in THINKING for stream in FORMS]
    dropping = [protocol for protocol in DROPPING if protocol != native]
    forgetful = [Forgetful(protocol, stream, model, THINKING[protocol]) for protocol in dropping for stream in FORMS]
    return [*faithful, *forgetful]


@pytest.mark.parametrize("workers", [1, 2])
def test_detail_10_signatures_outlive_kill_9_between_the_turns(workers: int) -> None:
    """Claude's redacted thinking too, which no client can read; calls of Gemini with ids and without."""
    claude, google, old = SigningClaude(), SigningGemini(ids=True), SigningGemini()
    with claude, google, old:
        config = config_for(
            Provider(claude, "anthropic", models=("claude-sonnet-4-5",)),
            Provider(google, "gemini", models=("gemini-3-pro",)),
            Provider(old, "gemini", "old", models=("gemini-3-flash",)),
        )
        running = [
            *loops("claude-sonnet-4-5", "messages"),
            *loops("gemini-3-pro", "gemini"),
            *loops("gemini-3-flash", "gemini"),
        ]
        with RunningGateway(config, workers=workers) as gateway:
            for number in range(3):
                replies = [loop.ask(Client(gateway.port)) for loop in running]
                for loop, reply in zip(running, replies, strict=True):
                    assert reply.status == 200, (loop, reply.body[:500])
                if number < 2:
                    gateway.kill_and_restart()
        assert [reply.told.text for reply in replies] == ["all done"] * len(running)
        for up in (claude, google, old):
            assert up.complaints == [] and len(up.signatures) >= 20
            sent = b"".join(request.raw for request in up.asked())
            assert all(json.dumps(signature).encode() in sent for signature in up.signatures)


def test_a_client_that_comes_back_at_once_finds_its_signature_at_any_worker() -> None:
    """What seals an answer's calls is on the disk before the answer's end is on the wire."""
    with SigningGemini() as up, RunningGateway(config_for(Provider(up, "gemini")), workers=2) as gateway:
        for protocol, stream in [(protocol, stream) for protocol in DROPPING for stream in FORMS] * 4:
            loop = Forgetful(protocol, stream, "gemini-3-pro")
            assert [loop.ask(Client(gateway.port)).status for _ in range(3)] == [200] * 3, up.complaints
        assert len(gateway.workers()) == 2
    assert up.complaints == []
