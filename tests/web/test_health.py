from __future__ import annotations

import time

import pytest

from gateway import __version__
from gateway.accounts.rest import Rest
from tests.web.served import served, upstream

KEY = "sk-the-right-key-0123456789"


@pytest.mark.parametrize("path", ["/healthz", "/health", "/api/health"])
def test_health(path: str) -> None:
    house = served()
    assert house.client.get(path).get_json() == {"status": "ok", "version": __version__}
    assert house.client.head(path).status_code == 200
    assert house.client.get(path, headers={"X-Request-Id": "mine"}).headers["X-Request-Id"] == "mine"
    assert house.client.post(path).status_code == 405
    assert not [record for record in house.notes.records if record.status == 200]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize(("mode", "status"), [("strict", 401), ("all_except_health", 200), ("auto", 200), ("off", 200)])
def test_who_may_ask(path: str, mode: str, status: int) -> None:
    house = served(auth={"mode": mode, "api_keys": (KEY,)}, local_only=False)
    reply = house.client.get(path)
    assert reply.status_code == status
    if status == 401:
        assert reply.get_json()["error"]["code"] == "invalid_api_key"
    assert reply.headers["X-Request-Id"].startswith("req_")
    assert house.client.get(path, headers={"x-api-key": KEY}).status_code == 200


def test_ready_only_while_an_account_is_usable() -> None:
    house = served(upstream("openai", accounts=2))
    assert house.client.get("/readyz").status_code == 200
    first, second = house.gateway.pool.accounts()
    first.disabled_reason = "401"
    assert house.client.get("/readyz").status_code == 200
    second.disabled_reason = "401"
    reply = house.client.get("/readyz")
    assert reply.status_code == 503 and "disabled" in reply.get_json()["reason"]
    assert house.client.get("/healthz").status_code == 200


def test_not_ready_while_all_rest() -> None:
    house = served()
    now = time.time()
    house.gateway.pool.accounts()[0].resting = Rest(now, now + 900, "429", 429)
    assert "resting" in house.client.get("/readyz").get_json()["reason"]


def test_not_ready_while_draining() -> None:
    house = served()
    house.gateway.draining = True
    reply = house.client.get("/readyz")
    assert reply.status_code == 503 and "shutting down" in reply.get_json()["reason"]
    assert house.client.get("/healthz").status_code == 200
