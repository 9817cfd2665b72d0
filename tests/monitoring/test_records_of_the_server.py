"""Issue 9, shown point 1: the real server with two workers; its records add up to what the providers saw."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from gateway.config.model import Records
from gateway.keys.secret import new_key, stored_hash
from gateway.monitoring.history import History
from gateway.monitoring.record import Record
from tests.gateways import Client, Provider, config_for
from tests.running import RunningGateway
from tests.scripted.answer import Answer, spoken
from tests.scripted.script import Script, failing
from tests.scripted.upstream import Request, ScriptedUpstream

PROTOCOLS = ("chat", "messages", "gemini", "responses")
DIALECTS = ("chat", "anthropic", "gemini", "responses")
ANNA, BEN = new_key(), new_key()
KINDS = ("ok", "flaky", "bad", "cut", "slow", "chained")
COUNT = 300
WORDS = spoken("a b c d e f")


class Provided(ScriptedUpstream):
    """A provider that keeps its own books: every answer has tokens of its own, and `log` holds which was given."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[tuple[Request, Script]] = []

    def _script(self, request: Request) -> Script:
        with self._lock:
            script = self._chosen(request, len(self.log))
            self.log.append((request, script))
        return script

    def _chosen(self, request: Request, number: int) -> Script:
        answer = Answer(WORDS, prompt_tokens=100 + number, completion_tokens=1000 + 7 * number)
        match request.model.partition("-")[0]:
            case "flaky":
                return failing(500) if number % 3 == 0 else Script(answer=answer)
            case "bad":
                return failing(400)
            case "down":
                return failing(404, code="model_not_found")
            case "cut":
                return Script(answer=answer, cut_after=2)
            case "slow":
                return Script(answer=answer, pace=0.3)
        return Script(answer=answer)

    def billed(self) -> Iterator[tuple[str, int, int]]:
        """(model, prompt tokens, completion tokens) of every answer that was given to its end."""
        for request, script in self.log:
            if script.error is None and script.cut_after is None and request.left_at is None:
                yield request.model, script.answer.prompt_tokens, script.answer.completion_tokens


@dataclass
class Played:
    gateway: RunningGateway
    up: Provided
    records: list[Record] = field(default_factory=list)


def ask(client: Client, number: int) -> None:
    kind, dialect = KINDS[number % 6], DIALECTS[number // 6 % 4]
    opened = client.open(
        PROTOCOLS[number % 4 if number % 5 else number // 6 % 4],
        model=f"{kind}-{dialect}",
        stream=kind in ("cut", "slow") or number % 2 > 0,
        headers={"Authorization": f"Bearer {ANNA if number % 3 else BEN}", "X-Request-Id": f"n-{number}"},
    )
    if kind == "slow":
        assert next(opened.chunks())
        opened.leave()
    else:
        opened.reply()


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    with Provided() as up:
        config = config_for(
            *(
                Provider(up, each, models=(f"*-{each}",), keys=(f"{each}-1", f"{each}-2", f"{each}-3"))
                for each in DIALECTS
            ),
            chain={f"chained-{each}": [f"down-{each}", f"ok-{each}"] for each in DIALECTS},
            auth={"mode": "strict"},
            server={"resume": "off"},
            routing={"cooldown_max_s": 0.001, "max_attempts": 8},
        )
        config += "".join(
            f'\n[[auth.keys]]\nname = "{name}"\nkey_hash = "{stored_hash(key)}"\nrpm = 1000\n'
            for name, key in (("anna", ANNA), ("ben", BEN))
        )
        with RunningGateway(config, workers=2) as gateway:
            client = Client(gateway.port)
            with ThreadPoolExecutor(12) as pool:
                list(pool.map(lambda n: ask(client, n), range(COUNT)))
            played = Played(gateway, up)

            def complete() -> bool:
                try:
                    played.records = [each for _, each in History(Records(), gateway.data).latest(10_000) if each.asked]
                except LookupError:
                    return False
                return len(played.records) >= COUNT

            assert up.wait_for(complete, 10)
            yield played


def test_one_record_for_each_request(played: Played) -> None:
    assert Counter(each.id for each in played.records) == Counter(f"n-{n}" for n in range(COUNT))
    assert Counter(each.key for each in played.records) == {"anna": 200, "ben": 100}


def test_every_call_of_the_provider_is_an_attempt_of_a_record(played: Played) -> None:
    """And the other way round: by upstream and account, which the attempts name."""
    seen = Counter(f"{request.dialect}/{request.key}" for request, _ in played.up.log)
    noted = Counter(
        attempt.partition(" ")[2].partition(":")[0] if attempt.startswith("use=") else attempt.partition(":")[0]
        for each in played.records
        for attempt in each.attempts
    )
    assert noted == seen and sum(seen.values()) > COUNT


def test_every_request_ended_as_it_did(played: Played) -> None:
    ends = {"ok": "complete", "flaky": "complete", "chained": "complete"}
    ends |= {"bad": "failed", "cut": "cut", "slow": "cancelled"}
    for each in played.records:
        kind = each.asked.partition("-")[0]
        assert each.ended == ends[kind], each
        assert each.status == (400 if kind == "bad" else 200), each
        assert (kind == "bad") == (each.input_tokens is None), each
    chained = [each for each in played.records if each.asked.startswith("chained")]
    assert any(len(each.attempts) > 1 for each in chained) and all(each.mapped.startswith("ok") for each in chained)


def test_tokens_are_the_providers_to_the_last_one_and_billed_once(played: Played) -> None:
    """Failed attempts and retries cost nothing; an answer is in exactly one record."""
    billed = sorted(played.up.billed())
    noted = sorted(
        (each.mapped, each.input_tokens or 0, each.output_tokens or 0)
        for each in played.records
        if each.ended == "complete"
    )
    assert noted == billed and len(billed) == COUNT // 2
    assert {each.source for each in played.records if each.ended == "complete"} == {"provider"}
    counted = {each.source for each in played.records if each.ended in ("cut", "cancelled")}
    assert counted <= {"counted", "provider"}, "what the provider never told is an estimate and says so"


def test_the_command_line_adds_up(played: Played) -> None:
    gateway = played.gateway
    done = subprocess.run(
        [sys.executable, "-c", "from gateway.command.main import main; main()", "usage", "--json"],
        env={**os.environ, "DRAGOMAN_CONFIG": str(gateway.config_file), "DRAGOMAN_DATA": str(gateway.data)},
        capture_output=True,
        timeout=30,
        check=True,
    )
    told = {each["name"]: each for each in json.loads(done.stdout)}
    for name in ("anna", "ben"):
        mine = [each for each in played.records if each.key == name]
        assert told[name]["requests"] == len(mine)
        assert told[name]["output_tokens"] == sum(each.output_tokens or 0 for each in mine)


def test_no_secret_is_kept(played: Played) -> None:
    gateway = played.gateway
    kept = b"".join(path.read_bytes() for path in gateway.data.rglob("*") if path.is_file()) + gateway.log().encode()
    for secret in (ANNA, BEN):
        assert secret.encode() not in kept
