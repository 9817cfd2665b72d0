"""Three-turn tool loops with thinking, through each protocol, against providers that check signatures byte for byte,
the gateway killed with -9 between the turns; and clients that come back at once, to another worker."""

from __future__ import annotations

import json
from collections.abc import Sequence

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


def turn(running: Sequence[Loop], gateway: RunningGateway, up: SigningGemini | SigningClaude) -> list[str]:
    replies = [loop.ask(Client(gateway.port)) for loop in running]
    for loop, reply in zip(running, replies, strict=True):
        assert reply.status == 200, (type(loop).__name__, loop.protocol, loop.stream, up.complaints, reply.body[:500])
    return [reply.told.text for reply in replies]


@pytest.mark.parametrize(("workers", "ids"), [(1, False), (2, True)])
def test_detail_10_signatures_outlive_kill_9_between_the_turns_at_gemini(workers: int, ids: bool) -> None:
    with SigningGemini(ids=ids) as up, RunningGateway(config_for(Provider(up, "gemini")), workers=workers) as gateway:
        running = loops("gemini-3-pro", "gemini")
        for _ in range(2):
            turn(running, gateway, up)
            gateway.kill_and_restart()
        assert turn(running, gateway, up) == ["all done"] * len(running)
        assert up.complaints == []
        sent = b"".join(request.raw for request in up.asked())
        assert all(json.dumps(signature).encode() in sent for signature in up.signatures)


@pytest.mark.parametrize("workers", [1, 2])
def test_detail_10_signatures_outlive_kill_9_between_the_turns_at_claude(workers: int) -> None:
    """Redacted thinking too, which no client can read."""
    with SigningClaude() as up, RunningGateway(config_for(Provider(up, "anthropic")), workers=workers) as gateway:
        running = loops("claude-sonnet-4-5", "messages")
        for _ in range(2):
            turn(running, gateway, up)
            gateway.kill_and_restart()
        assert turn(running, gateway, up) == ["all done"] * len(running)
        assert up.complaints == []


def test_a_client_that_comes_back_at_once_finds_its_signature_at_any_worker() -> None:
    """What seals an answer's calls is on the disk before the answer's end is on the wire."""
    with SigningGemini() as up, RunningGateway(config_for(Provider(up, "gemini")), workers=2) as gateway:
        for protocol, stream in [(protocol, stream) for protocol in DROPPING for stream in FORMS] * 8:
            loop = Forgetful(protocol, stream, "gemini-3-pro")
            assert [loop.ask(Client(gateway.port)).status for _ in range(3)] == [200] * 3, up.complaints
        assert len(gateway.workers()) == 2
    assert up.complaints == []
