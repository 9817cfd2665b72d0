"""Limits in the real server: two workers, fifty requests at once (failures.md row 34)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.gateways import Client, Provider, Reply, config_for
from tests.running import RunningGateway
from tests.scripted.upstream import ScriptedUpstream

PROTOCOLS = ("chat", "messages", "gemini", "responses")


def dragoman(gateway: RunningGateway, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "from gateway.command.main import main; main()", *words],
        env={**os.environ, "DRAGOMAN_CONFIG": str(gateway.config_file), "DRAGOMAN_DATA": str(gateway.data)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def asked(client: Client, protocol: str, secret: str, *, stream: bool = False, model: str = "m") -> Reply:
    return client.ask(protocol, model=model, stream=stream, headers={"Authorization": f"Bearer {secret}"})


@pytest.fixture(scope="module")
def up():
    with ScriptedUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(up: ScriptedUpstream):
    config = config_for(Provider(up), auth={"mode": "strict", "api_keys": ["sk-of-the-house-0123456789"]})
    with RunningGateway(config, workers=2) as running:
        yield running


def test_fifty_at_once(gateway: RunningGateway, up: ScriptedUpstream) -> None:
    secret = dragoman(gateway, "keys", "add", "anna", "--rpm", "20")
    client, before = Client(gateway.port), len(up.asked())
    with ThreadPoolExecutor(50) as pool:
        replies = list(pool.map(lambda n: asked(client, PROTOCOLS[n % 4], secret, stream=n % 8 > 3), range(50)))
    passed = [reply for reply in replies if reply.status == 200]
    assert len(passed) == 20 and len(up.asked()) - before == 20, [reply.body for reply in replies]
    for refused in (reply for reply in replies if reply.status != 200):
        assert refused.status == 429 and 1 <= int(refused.headers["retry-after"]) <= 61
        error = json.loads(refused.body)["error"]
        native = {"messages": "rate_limit_error", "gemini": "RESOURCE_EXHAUSTED"}
        assert native.get(refused.protocol, "rate_limit_exceeded") in (
            error.get("type"),
            error.get("status"),
            error.get("code"),
        )
        assert "anna" in error["message"] and secret not in refused.body.decode()


def test_one_after_the_other_with_one_at_a_time(gateway: RunningGateway) -> None:
    secret = dragoman(gateway, "keys", "add", "ben", "--max-concurrency", "1")
    client = Client(gateway.port)
    for n in range(24):
        reply = asked(client, "chat", secret, stream=n % 2 > 0)
        assert reply.status == 200, reply.body


def test_given_turned_and_taken_back_without_a_restart(gateway: RunningGateway) -> None:
    client = Client(gateway.port)
    assert asked(client, "chat", "sk-dragoman-nobody-has-this-one").status == 401
    secret = dragoman(gateway, "keys", "add", "carl", "--model", "m*")
    assert asked(client, "chat", secret).status == 200
    refused = asked(client, "chat", secret, model="gpt-5")
    assert refused.status == 403 and refused.json["error"]["code"] == "model_not_allowed"
    turned = dragoman(gateway, "keys", "rotate", "carl")
    assert asked(client, "chat", turned).status == 200
    dragoman(gateway, "keys", "revoke", "carl")
    assert up_to_a_second_later(lambda: asked(client, "chat", turned).status == 401)
    assert up_to_a_second_later(lambda: asked(client, "chat", secret).status == 401)
    data = b"".join(path.read_bytes() for path in gateway.data.iterdir() if path.is_file())
    assert secret.encode() not in data and turned.encode() not in data
    assert secret not in gateway.log() and turned not in gateway.log()


def up_to_a_second_later(condition) -> bool:
    import time

    until = time.monotonic() + 5
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True
