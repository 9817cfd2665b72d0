"""Two gateways, each with a data folder of its own, behave as one over one Redis; and go on when it is gone."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.assist_house import MODEL, assist_toml, project, read_tokens, write_tokens
from tests.gateways import Client, Provider, config_for
from tests.keys.test_limits_over_workers import asked, dragoman
from tests.relay.forgetful import Forgetful
from tests.relay.signing import SigningGemini
from tests.running import RunningGateway
from tests.scripted.assist import ScriptedAssist, refusing
from tests.scripted.script import failing, text
from tests.scripted.upstream import ScriptedUpstream
from tests.system.redis_server import RedisServer

pytestmark = pytest.mark.system

AGREED_S = 1.0
HEALED_S = 5.0


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer("a pass/word") as running:
        yield running


@pytest.fixture
def up() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as upstream:
        yield upstream


class Pair:
    """The same configuration on two "machines"."""

    def __init__(self, server: RedisServer, *configs: str) -> None:
        self._stack = ExitStack()
        state = f'[state]\nurl = "{server.url()}"\n'
        try:
            self.gateways = [self._stack.enter_context(RunningGateway(state + each)) for each in configs]
        except BaseException:
            self._stack.close()
            raise
        self.clients = [Client(each.port) for each in self.gateways]

    def __enter__(self) -> Pair:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def agree(self, client: Client, status: int, within_s: float = AGREED_S, model: str = "m") -> None:
        """The gateway answers with `status` by then."""
        until = time.monotonic() + within_s
        while (seen := client.ask("chat", model=model).status) != status:
            assert time.monotonic() < until, seen
            time.sleep(0.05)


def of_keys(up: ScriptedUpstream, **tables: object) -> str:
    return config_for(Provider(up), routing={"max_attempts": 1}, **tables)  # type: ignore[arg-type]


def test_a_cooldown_seen_by_one_is_obeyed_by_the_other(server: RedisServer, up: ScriptedUpstream) -> None:
    with Pair(server, of_keys(up), of_keys(up)) as pair:
        one, other = pair.clients
        assert one.ask("chat").status == other.ask("chat").status == 200
        up.play(failing(429, retry_after="60"))
        assert one.ask("chat").status == 429
        time.sleep(AGREED_S)
        before = len(up.asked())
        up.text("chat", "fine")
        reply = other.ask("chat")
        assert reply.status == 429 and 50 <= int(reply.headers["retry-after"]) <= 60 and len(up.asked()) == before
        dragoman(pair.gateways[0], "accounts", "reset", "all")
        pair.agree(other, 200)


def test_a_disablement_by_provider_or_operator_is_obeyed(server: RedisServer, up: ScriptedUpstream) -> None:
    with Pair(server, of_keys(up), of_keys(up)) as pair:
        one, other = pair.clients
        assert one.ask("chat").status == other.ask("chat").status == 200
        up.play(failing(401))
        assert one.ask("chat").status in (502, 503)
        time.sleep(AGREED_S)
        before = len(up.asked())
        up.text("chat", "fine")
        assert other.ask("chat").status in (502, 503) and len(up.asked()) == before
        dragoman(pair.gateways[1], "accounts", "enable", "key-1")
        pair.agree(one, 200)
        pair.agree(other, 200)
        dragoman(pair.gateways[0], "accounts", "disable", "key-1")
        time.sleep(AGREED_S)
        assert other.ask("chat").status in (502, 503)


def test_two_machines_on_one_expired_token_refresh_once(server: RedisServer, tmp_path: Path) -> None:
    files = [tmp_path / "a.json", tmp_path / "b.json"]
    with ScriptedAssist(token_delay=0.3) as up:
        write_tokens(files[0], project("r1", up.account("r1", access=True), lasts_s=-10))
        with Pair(server, *(assist_toml(up, file) for file in files)) as pair:
            statuses = Counter[int]()

            def ask(number: int) -> None:
                statuses[pair.clients[number % 2].ask("chat", model=MODEL).status] += 1

            def flood(count: int) -> None:
                with ThreadPoolExecutor(count) as pool:
                    list(pool.map(ask, range(count)))

            flood(100)
            assert statuses == {200: 100} and up.refreshes == 1
            up.revoke("r1")  # before its time: once more, for whoever is refused
            flood(50)
            assert statuses == {200: 150} and up.refreshes == 2
            # The same token is in both files, and a hand edit of one reaches the other.
            time.sleep(AGREED_S)
            ask(0), ask(1)
            assert read_tokens(files[0]) == read_tokens(files[1]) and read_tokens(files[1])[0]["enabled"] is True
            write_tokens(files[1], {**read_tokens(files[1])[0], "enabled": False, "disabled_reason": "by hand"})
            pair.agree(pair.clients[1], 503, model=MODEL)
            pair.agree(pair.clients[0], 503, model=MODEL)
            assert read_tokens(files[0])[0]["disabled_reason"] == "by hand"


def test_an_invalid_grant_disables_everywhere_and_a_new_login_revives(server: RedisServer, tmp_path: Path) -> None:
    files = [tmp_path / "a.json", tmp_path / "b.json"]
    with ScriptedAssist() as up:
        write_tokens(files[0], project("r1", up.account("r1", access=True), lasts_s=-10))
        with Pair(server, *(assist_toml(up, file) for file in files)) as pair:
            up.play("token", refusing("invalid_grant"), refresh="r1")
            assert pair.clients[0].ask("chat", model=MODEL).status == 503
            asked_before = len(up.asked("token"))
            pair.agree(pair.clients[1], 503, model=MODEL)
            assert len(up.asked("token")) == asked_before
            new = project("r2", up.account("r2", access=True), email="r1@example.com")
            write_tokens(files[0], new)
            pair.agree(pair.clients[0], 200, model=MODEL)
            pair.agree(pair.clients[1], 200, model=MODEL)


@pytest.mark.parametrize("limit", [{"rpm": 20}, {"max_concurrency": 20}], ids=str)
def test_a_limit_of_twenty_is_twenty_over_both(
    server: RedisServer, up: ScriptedUpstream, limit: dict[str, int]
) -> None:
    config = of_keys(up, auth={"mode": "strict", "api_keys": ["sk-of-the-house-0123456789"]})
    up.text("chat", "one two three", pace=0.5)
    with Pair(server, config, config) as pair:
        words = [word for name, value in limit.items() for word in (f"--{name.replace('_', '-')}", str(value))]
        secret = dragoman(pair.gateways[0], "keys", "add", "anna", *words)

        def ask(number: int) -> int:
            return asked(pair.clients[number % 2], "chat", secret, stream=True).status

        with ThreadPoolExecutor(50) as pool:
            assert Counter(pool.map(ask, range(50))) == {200: 20, 429: 30}
        dragoman(pair.gateways[1], "keys", "revoke", "anna")
        until = time.monotonic() + 2
        while ask(0) != 401:
            assert time.monotonic() < until
            time.sleep(0.1)


def test_a_stored_response_is_known_to_both(server: RedisServer, up: ScriptedUpstream) -> None:
    with Pair(server, of_keys(up), of_keys(up)) as pair:
        one, other = (each.url for each in pair.gateways)
        up.text("chat", "four is the answer")
        made = requests.post(f"{one}/v1/responses", json={"model": "m", "input": "two and two?"}, timeout=10).json()
        until = time.monotonic() + AGREED_S
        while (found := requests.get(f"{other}/v1/responses/{made['id']}", timeout=10)).status_code != 200:
            assert time.monotonic() < until
            time.sleep(0.02)
        assert found.json()["output"] == made["output"]
        body = {"model": "m", "input": "and two more?", "previous_response_id": made["id"]}
        assert requests.post(f"{other}/v1/responses", json=body, timeout=10).status_code == 200
        said = [message["content"] for message in up.asked()[-1].body["messages"]]
        assert said == ["two and two?", "four is the answer", "and two more?"]
        assert requests.delete(f"{other}/v1/responses/{made['id']}", timeout=10).status_code == 200
        until = time.monotonic() + AGREED_S
        while requests.get(f"{one}/v1/responses/{made['id']}", timeout=10).status_code != 404:
            assert time.monotonic() < until
            time.sleep(0.02)


def test_a_signature_is_found_by_the_other(server: RedisServer) -> None:
    with SigningGemini() as up:
        config = config_for(Provider(up, "gemini"))
        with Pair(server, config, config) as pair:
            loops = [Forgetful(protocol, True, "gemini-3-pro") for protocol in ("chat", "messages", "responses")]
            for turn in range(3):
                replies = [loop.ask(pair.clients[turn % 2]) for loop in loops]
                assert [reply.status for reply in replies] == [200] * 3, up.complaints
                time.sleep(0.1)
            assert [reply.told.text for reply in replies] == ["all done"] * 3 and up.complaints == []


@pytest.mark.parametrize("how", ["stopped", "killed", "hanging"])
def test_redis_goes_and_comes_back_under_load(server: RedisServer, up: ScriptedUpstream, how: str) -> None:
    config = config_for(
        Provider(up, models=("m",), keys=("key-1", "key-2")),
        Provider(up, name="other", models=("other",), keys=("other-key",)),
        routing={"max_attempts": 2, "cooldown_max_s": 60},
        auth={"mode": "strict", "api_keys": ["sk-of-the-house-0123456789"]},
    )
    with Pair(server, config, config) as pair:
        secret = dragoman(pair.gateways[0], "keys", "add", "anna", "--rpm", "100000")
        headers = {"Authorization": f"Bearer {secret}"}
        over = threading.Event()
        statuses: list[tuple[int, float]] = []

        def load(client: Client, protocol: str, stored: bool) -> None:
            while not over.is_set():
                began = time.monotonic()
                more = {"store": True} if stored else {}
                reply = client.ask(protocol, stream=True, headers=headers, **more)
                statuses.append((reply.status if not reply.cut else 0, time.monotonic() - began))
                time.sleep(0.01)

        jobs = [
            threading.Thread(target=load, args=(client, protocol, protocol == "responses"))
            for client in pair.clients
            for protocol in ("chat", "messages", "responses")
        ]
        for job in jobs:
            job.start()
        try:
            time.sleep(1.5)
            {"stopped": server.stop, "killed": server.kill, "hanging": server.hang}[how]()
            time.sleep(2.5)
            ready = requests.get(f"{pair.gateways[0].url}/readyz", headers={"x-api-key": secret}, timeout=10)
            assert ready.status_code == 200 and "Redis at redis://127.0.0.1" in ready.json()["degraded"]
            # What one learns meanwhile the other knows after the return.
            one, other = pair.clients
            up.play(failing(429, retry_after="50"), model="other")
            assert one.ask("chat", model="other", headers=headers).status == 429
            up.play(text("fine"), model="other")
            assert other.ask("chat", model="other", headers=headers).status == 200
            (server.go_on if how == "hanging" else server.start)()
            began = time.monotonic()
            for gateway in pair.gateways:
                gateway.wait_for_log("agree again", timeout_s=HEALED_S)
            healed = time.monotonic() - began
            time.sleep(1)  # nothing of this model may be under way when the rest arrives: its success would lift it
            while other.ask("chat", model="other", headers=headers).status != 429:
                assert time.monotonic() - began < HEALED_S
                time.sleep(0.4)
            agreed = time.monotonic() - began
            time.sleep(1)
        finally:
            over.set()
            for job in jobs:
                job.join(30)
        assert Counter(status for status, _ in statuses) == {200: len(statuses)} and len(statuses) > 100
        slowest = max(seconds for _, seconds in statuses)
        print(f"{how}: {len(statuses)} requests, slowest {slowest:.2f} s, back {healed:.2f} s, agreed {agreed:.2f} s")
        assert slowest < 3
        for gateway in pair.gateways:
            assert gateway.log().count("cannot be used") == 1 and gateway.log().count("agree again") == 1
            assert "pass/word" not in gateway.log() and "pass%2Fword" not in gateway.log()


def test_a_wrong_password_is_said_and_the_gateway_serves(server: RedisServer, up: ScriptedUpstream) -> None:
    state = f'[state]\nurl = "{server.url(password="another pass/word")}"\n'
    with RunningGateway(state + of_keys(up)) as gateway:
        gateway.wait_for_log("right user and password")
        client = Client(gateway.port)
        assert client.ask("chat").status == 200
        up.play(failing(429, retry_after="60"))
        assert client.ask("chat").status == 429
        before = len(up.asked())
        assert client.ask("chat").status == 429 and len(up.asked()) == before
        degraded = requests.get(gateway.url + "/readyz", timeout=10).json()
        assert "another" not in json.dumps(degraded) and "another" not in gateway.log()
        assert "warning: state.url: Redis at" in dragoman(gateway, "config", "check")
