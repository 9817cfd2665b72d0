"""A client that leaves closes the upstream within a second, under gevent and under threads."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.gateways import Client, Provider, config_for
from tests.running import RunningGateway
from tests.scripted.script import Script, failing, text
from tests.scripted.upstream import ScriptedUpstream

SILENT = Script(before="silence")


@pytest.fixture(scope="module")
def up() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as upstream:
        upstream.play(SILENT, model="silent")
        upstream.play(text("one two three", stall_after=0), model="no-first-byte")
        upstream.play(text("one two three", stall_after=1), model="in-the-middle")
        upstream.play(text("fine"), model="fine")
        yield upstream


@pytest.fixture(scope="module", params=[None, "gthread"], ids=["gevent", "gthread"])
def client(up: ScriptedUpstream, request: pytest.FixtureRequest) -> Iterator[Client]:
    providers = [Provider(up, dialect, models=(f"{dialect}-*",)) for dialect in ("chat", "anthropic")]
    names = ("silent", "no-first-byte", "in-the-middle", "fine")
    chain = {f"{p}/{name}": [f"{d}/{name}"] for p, d in (("same", "chat"), ("other", "anthropic")) for name in names}
    arguments = ("--threads=8",) if request.param == "gthread" else ()
    with RunningGateway(config_for(*providers, chain=chain), request.param, arguments=arguments) as gateway:
        yield Client(gateway.port)


@pytest.mark.parametrize("target", ["same", "other"])
@pytest.mark.parametrize(
    ("model", "stream"),
    [("silent", False), ("silent", True), ("no-first-byte", True), ("in-the-middle", True)],
)
def test_the_upstream_is_closed_within_a_second(
    up: ScriptedUpstream, client: Client, model: str, stream: bool, target: str
) -> None:
    before = len(up.asked())
    opened = client.open("chat", model=f"{target}/{model}", stream=stream)
    assert up.wait_for(lambda: len(up.asked()) > before)
    request = up.asked()[-1]
    if model == "in-the-middle":
        assert b"one" in next(opened.chunks())
    else:
        time.sleep(0.1)
    assert not request.left_at
    left = time.monotonic()
    opened.leave()
    assert up.wait_for(lambda: request.left_at is not None, 3)
    assert (request.left_at or 0.0) - left < 1.0
    assert client.ask("chat", model=f"{target}/fine", stream=stream).told.text == "fine"


def test_leaving_between_two_attempts_is_leaving(up: ScriptedUpstream) -> None:
    up.play(failing(429, retry_after="2"), model="limited")
    with RunningGateway(config_for(Provider(up, "chat", models=("limited",)))) as gateway:
        opened = Client(gateway.port).open("chat", model="limited", stream=True)
        assert up.wait_for(lambda: up.asked()[-1].model == "limited")
        time.sleep(0.2)
        opened.leave()
        gateway.wait_for_log("error=client_closed")
        assert "ended=cancelled" in gateway.log() and "ended=failed" not in gateway.log()
