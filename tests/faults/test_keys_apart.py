"""failures.md rows 32 to 34, and a canary in every secret: it must be in no record, log, metric or command's output."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from click.testing import CliRunner

from gateway.command.main import command
from gateway.keys.secret import stored_hash
from tests.gateways import Client, Provider, config_for
from tests.running import RunningGateway
from tests.scripted.script import failing, text
from tests.scripted.upstream import ScriptedUpstream

ADMIN, ANNA, BEN, CARL, AGENT, ACCOUNT = (
    f"canary-{name}-0123456789abcdef" for name in ("admin", "anna", "ben", "carl", "agent", "account")
)
WRONG = "canary-wrong-0123456789abcdef"
CANARIES = (ADMIN, ANNA, BEN, CARL, AGENT, ACCOUNT, WRONG)
NATIVE_429 = {"chat": "rate_limit_exceeded", "messages": "rate_limit_error", "gemini": "RESOURCE_EXHAUSTED"}


@dataclass
class House:
    gateway: RunningGateway
    up: ScriptedUpstream

    def get(self, path: str, key: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=20)
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
        response = connection.getresponse()
        return response.status, response.read()

    def command(self, *words: str) -> str:
        environment = {"DRAGOMAN_CONFIG": str(self.gateway.config_file), "DRAGOMAN_DATA": str(self.gateway.data)}
        return CliRunner(env=environment).invoke(command, words).output


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with ScriptedUpstream() as up:
        up.play(text("fine"))
        up.play(failing(400, f"your key {ACCOUNT} is odd"), model="bad")
        config = config_for(
            auth={"mode": "strict", "admin_key": ADMIN}, server={"log_format": "json"}, records={"bodies": True}
        )
        config += "".join(
            f'\n[[auth.keys]]\nname = "{name}"\nkey_hash = "{stored_hash(key)}"\n{limits}\n'
            for name, key, limits in (("anna", ANNA, ""), ("ben", BEN, ""), ("carl", CARL, "rpm = 1"))
        )
        config += f'\n[[agents]]\nid = "poet"\nmodel = "m"\ntokens = ["{AGENT}"]\n'
        config += Provider(up, keys=(ACCOUNT,)).toml().replace(f'label = "{ACCOUNT}"', 'label = "one"')
        with RunningGateway(config, workers=2) as gateway:
            yield House(gateway, up)


def test_row_32_admin_and_client_keys_are_not_each_other(house: House) -> None:
    for key in (ANNA, AGENT, WRONG):
        assert house.get("/metrics", key)[0] == 401
    for protocol in ("chat", "messages", "gemini", "responses"):
        before = len(house.up.asked())
        reply = Client(house.gateway.port).ask(protocol, headers={"Authorization": f"Bearer {ADMIN}"})
        assert reply.status == 401 and len(house.up.asked()) == before


def test_row_33_what_belongs_to_one_key_is_not_there_for_another(house: House) -> None:
    client = Client(house.gateway.port)
    made = client.ask("responses", headers={"Authorization": f"Bearer {ANNA}"}).json["id"]
    url = f"/v1/responses/{made}"
    assert house.up.wait_for(lambda: all(house.get(url, ANNA)[0] == 200 for _ in range(8))), "in both workers"
    assert [house.get(url, key)[0] for key in (BEN, CARL) for _ in range(4)] == [404] * 8
    follow = client.ask("responses", headers={"Authorization": f"Bearer {BEN}"}, previous_response_id=made)
    assert follow.status == 400 and follow.json["error"]["code"] == "previous_response_not_found"


@pytest.mark.parametrize("protocol", ["chat", "messages", "gemini", "responses"])
def test_row_34_a_spent_limit_is_a_native_429_before_any_provider_is_asked(house: House, protocol: str) -> None:
    """Fifty at once at a limit of twenty: tests/keys/test_limits_over_workers.py::test_fifty_at_once."""
    client = Client(house.gateway.port)
    client.ask("chat", headers={"Authorization": f"Bearer {CARL}"})
    before = len(house.up.asked())
    reply = client.ask(protocol, headers={"Authorization": f"Bearer {CARL}"})
    error = reply.json["error"]
    assert reply.status == 429 and 1 <= int(reply.headers["retry-after"]) <= 61 and len(house.up.asked()) == before
    assert NATIVE_429.get(protocol, "rate_limit_exceeded") in (
        error.get("type"),
        error.get("status"),
        error.get("code"),
    )


def test_no_canary_anywhere(house: House) -> None:
    """Every key is used right and wrong, in headers, in the query and inside bodies; the provider repeats ours."""
    client, gateway = Client(house.gateway.port), house.gateway
    for key in CANARIES:
        body = {"model": "bad", "messages": [{"role": "user", "content": f"my key is {key}"}]}
        for headers in ({"Authorization": f"Bearer {key}"}, {"x-api-key": key}, {"X-Request-Id": "r", "api-key": key}):
            client.post("/v1/chat/completions", json.dumps(body).encode(), headers).reply()
        client.post(f"/v1beta/models/m:generateContent?key={key}", b'{"contents": []}').reply()
        client.post("/agents/poet/v1/chat/completions", json.dumps(body).encode(), {"x-api-key": key}).reply()
        house.get(f"/nowhere?key={key}", key)
    (gateway.folder / "request.json").write_text('{"model": "m", "messages": [{"role": "user", "content": "hi"}]}')
    assert house.up.wait_for(lambda: house.command("logs", "--id", "r").count('"status"') >= len(CANARIES), 15)
    status, metrics = house.get("/metrics", ADMIN)
    told = {
        "metrics": metrics.decode(),
        "log": gateway.log(),
        "logs": house.command("logs", "-n", "500", "--json"),
        "errors": house.command("logs", "--errors"),
        "one": house.command("logs", "--id", "r"),
        "usage": "".join(house.command("usage", "--by", by, "--since", "7d") for by in ("key", "model", "account")),
        "explain": house.command("explain", "--request", str(gateway.folder / "request.json")),
        "accounts": house.command("accounts", "list"),
    }
    assert status == 200 and "dragoman_requests_total" in told["metrics"] and "anna" in told["usage"]
    assert '"status": 401' in told["logs"] and "POST http" in told["explain"] and "--- request" in told["one"]
    told |= {path.name: path.read_bytes().decode("latin-1") for path in gateway.data.rglob("*") if path.is_file()}
    for where, said in told.items():
        for canary in CANARIES:
            assert canary not in said, (where, canary)
