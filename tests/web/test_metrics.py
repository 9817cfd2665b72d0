"""/metrics of the real server with two workers."""

from __future__ import annotations

import http.client
import os
import signal
import time
from collections.abc import Iterator

import pytest

from tests.gateways import Client, Provider, config_for
from tests.running import RunningGateway
from tests.scripted.upstream import ScriptedUpstream

ADMIN, CLIENT = "the-admin-key-0123456789", "sk-a-client-key-0123456789"
PROTOCOLS = ("chat", "messages", "gemini", "responses")


def get(gateway: RunningGateway, key: str = "") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    try:
        connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {key}"} if key else {})
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


def total(page: str, name: str, **labels: str) -> float:
    lines = [
        line
        for line in page.splitlines()
        if line.startswith(f"dragoman_{name}{{") or line.startswith(f"dragoman_{name} ")
    ]
    return sum(float(line.rpartition(" ")[2]) for line in lines if all(f'{k}="{v}"' in line for k, v in labels.items()))


@pytest.fixture(scope="module")
def gateway() -> Iterator[RunningGateway]:
    with ScriptedUpstream() as up:
        config = config_for(Provider(up), auth={"mode": "off", "admin_key": ADMIN, "api_keys": [CLIENT]})
        with RunningGateway(config, workers=2) as running:
            yield running


def test_both_workers_are_in_it_and_one_that_died_still_is(gateway: RunningGateway) -> None:
    client = Client(gateway.port)
    for n in range(40):
        assert client.ask(PROTOCOLS[n % 4], stream=n % 8 > 3).status == 200
    until_seen(gateway, 40)
    counted = len(list((gateway.data / "metrics").glob("counter_*.db")))
    os.kill(gateway.workers()[0], signal.SIGKILL)
    gateway.wait_for_log("Worker ready", 3)
    page = until_seen(gateway, 40)
    assert counted == 2 and total(page, "accounts", state="usable") == 1
    assert total(page, "tokens_total", kind="output") > 0 and total(page, "request_seconds_count") >= 40


def until_seen(gateway: RunningGateway, count: int) -> str:
    for _ in range(100):
        status, page = get(gateway, ADMIN)
        assert status == 200
        if total(page, "requests_total", status="200", model="m") == count:
            return page
        time.sleep(0.05)
    raise AssertionError(page)


def test_only_with_the_admin_key(gateway: RunningGateway) -> None:
    for key in ("", CLIENT, ADMIN + "x", "wrong"):
        status, page = get(gateway, key)
        assert status == 401 and "admin_key" in page and ADMIN not in page and (not key or key not in page)
    _, page = get(gateway, ADMIN)
    assert ADMIN not in page and CLIENT not in page and "key-1" not in page


def test_switched_off_or_without_an_admin_key() -> None:
    with ScriptedUpstream() as up:
        with RunningGateway(config_for(Provider(up), metrics={"enabled": False}, auth={"admin_key": ADMIN})) as gateway:
            assert get(gateway, ADMIN)[0] == 404
        with RunningGateway(config_for(Provider(up))) as gateway:
            assert get(gateway, "")[0] == 403
