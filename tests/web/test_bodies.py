"""The real server keeps bodies where it is told to, and only there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from gateway.config.model import Records
from gateway.monitoring.history import History, KeptBodies
from tests.gateways import Client, Provider, config_for
from tests.pictures import PNG
from tests.running import RunningGateway
from tests.scripted.script import failing, text
from tests.scripted.upstream import ScriptedUpstream

CLIENT, ACCOUNT = "canary-client-0123456789", "canary-account-0123456789"


@pytest.fixture(scope="module")
def gateway() -> Iterator[RunningGateway]:
    with ScriptedUpstream() as up:
        up.play(text(f"the key is {ACCOUNT}"))
        up.play(failing(400, "no such thing"), model="bad")
        config = config_for(
            Provider(up, keys=(ACCOUNT,)),
            records={"bodies": True},
            auth={"mode": "strict", "api_keys": [CLIENT]},
        )
        with RunningGateway(config) as running:
            yield running


def kept(gateway: RunningGateway, identity: str) -> KeptBodies:
    found: list[KeptBodies] = []

    def there() -> bool:
        try:
            found[:] = History(Records(), gateway.data).bodies(identity)
        except LookupError:
            return False
        return bool(found)

    assert ScriptedUpstream.wait_for(None, there, 10)  # type: ignore[arg-type]
    return found[0]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("protocol", ["chat", "messages"])
def test_passed_through_and_translated_whole_and_streamed(gateway: RunningGateway, protocol: str, stream: bool) -> None:
    headers = {"Authorization": f"Bearer {CLIENT}", "X-Request-Id": f"kept-{protocol}-{stream}"}
    more = {"metadata": {"note": f"my key {CLIENT}"}}
    reply = Client(gateway.port).ask(protocol, stream=stream, headers=headers, **more)
    assert reply.status == 200 and ACCOUNT in reply.told.text
    found = kept(gateway, f"kept-{protocol}-{stream}")
    assert "say it" in found.request and "my key [redacted]" in found.request
    assert "the" in found.answer and found.answer_size == len(reply.body)
    assert CLIENT not in found.request and ACCOUNT not in found.answer


def test_refusals_and_media(gateway: RunningGateway) -> None:
    headers = {"Authorization": f"Bearer {CLIENT}", "X-Request-Id": "kept-bad"}
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    body = {"model": "bad", "messages": [{"role": "user", "content": [picture]}]}
    reply = Client(gateway.port).post("/v1/chat/completions", json.dumps(body).encode(), headers).reply()
    found = kept(gateway, "kept-bad")
    assert reply.status == 400 and "no such thing" in found.answer
    assert f"[{len(PNG)} characters]" in found.request and PNG not in found.request
    done = subprocess.run(
        [sys.executable, "-c", "from gateway.command.main import main; main()", "logs", "--id", "kept-bad"],
        env={**os.environ, "DRAGOMAN_CONFIG": str(gateway.config_file), "DRAGOMAN_DATA": str(gateway.data)},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert '"status": 400' in done.stdout and "no such thing" in done.stdout and "--- request, " in done.stdout


def test_off_by_default() -> None:
    with ScriptedUpstream() as up:
        up.play(text("fine"))
        with RunningGateway(config_for(Provider(up))) as quiet:
            Client(quiet.port).ask("chat", headers={"X-Request-Id": "quiet"})
            history: list[History] = []

            def noted() -> bool:
                try:
                    history[:] = [History(Records(), quiet.data)]
                except LookupError:
                    return False
                return bool(history[0].of_id("quiet"))

            assert up.wait_for(noted, 10)
            assert history[0].bodies("quiet") == []
