"""The real server with two workers: the records add up to what the provider saw."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.config.model import Records
from gateway.keys.secret import new_key, stored_hash
from gateway.monitoring.history import History
from gateway.monitoring.record import Record
from tests.gateways import Client, Provider, config_for
from tests.running import RunningGateway
from tests.scripted.script import Script, failing, text
from tests.scripted.upstream import ScriptedUpstream

PROTOCOLS = ("chat", "messages", "gemini", "responses")
ANNA, BEN = new_key(), new_key()
MODELS = {"ok": "ok-model", "flaky": "flaky-model", "bad": "bad-model", "cut": "cut-model", "slow": "slow-model"}
COUNT = 60


def ask(client: Client, number: int) -> None:
    kind = list(MODELS)[number % 5]
    secret = ANNA if number % 3 else BEN
    opened = client.open(
        PROTOCOLS[number % 4],
        model=MODELS[kind],
        stream=kind in ("cut", "slow") or number % 2 > 0,
        headers={"Authorization": f"Bearer {secret}", "X-Request-Id": f"n-{number}"},
    )
    if kind == "slow":
        assert next(opened.chunks())
        opened.leave()
    else:
        opened.reply()


@pytest.fixture(scope="module")
def played() -> Iterator[tuple[RunningGateway, ScriptedUpstream, list[Record]]]:
    with ScriptedUpstream() as up:
        up.play(text("one two three"), model=MODELS["ok"])
        up.play(*([failing(500), text("four five")] * 50), model=MODELS["flaky"])
        up.play(failing(400), model=MODELS["bad"])
        up.play(Script(answer=text("a b c d e f").answer, cut_after=2), model=MODELS["cut"])
        up.play(Script(answer=text("a b c d e f").answer, pace=0.3), model=MODELS["slow"])
        config = config_for(
            Provider(up, keys=("account-1", "account-2")),
            auth={"mode": "strict"},
            server={"resume": "off"},
            routing={"cooldown_max_s": 0.001},
        )
        config += "".join(
            f'\n[[auth.keys]]\nname = "{name}"\nkey_hash = "{stored_hash(key)}"\nrpm = 1000\n'
            for name, key in (("anna", ANNA), ("ben", BEN))
        )
        with RunningGateway(config, workers=2) as gateway:
            client = Client(gateway.port)
            with ThreadPoolExecutor(12) as pool:
                list(pool.map(lambda n: ask(client, n), range(COUNT)))
            records: list[Record] = []

            def complete() -> bool:
                nonlocal records
                try:
                    records = [each for _, each in History(Records(), gateway.data).latest(10_000) if each.asked]
                except LookupError:
                    return False
                return len(records) >= COUNT

            assert up.wait_for(complete, 10)
            yield gateway, up, records


def test_one_record_for_each_request(played: tuple[RunningGateway, ScriptedUpstream, list[Record]]) -> None:
    _, _, records = played
    assert Counter(each.id for each in records) == Counter(f"n-{n}" for n in range(COUNT))
    assert Counter(each.key for each in records) == {"anna": 40, "ben": 20}


def test_every_call_of_the_provider_is_in_a_record(
    played: tuple[RunningGateway, ScriptedUpstream, list[Record]],
) -> None:
    _, up, records = played
    attempts = Counter(each.asked for each in records for _ in each.attempts)
    assert attempts == Counter(request.model for request in up.asked())
    for each in records:
        ended = {"cut-model": "cut", "slow-model": "cancelled", "bad-model": "failed"}.get(each.asked, "complete")
        if each.asked == "bad-model":
            assert each.status == 400 and each.cost_usd is None and each.input_tokens is None
        elif each.status == 200:
            assert each.ended == ended and each.source in ("provider", "counted"), each


def test_the_command_line_adds_up(played: tuple[RunningGateway, ScriptedUpstream, list[Record]]) -> None:
    gateway, _, records = played
    done = subprocess.run(
        [sys.executable, "-c", "from gateway.command.main import main; main()", "usage", "--json"],
        env={**os.environ, "DRAGOMAN_CONFIG": str(gateway.config_file), "DRAGOMAN_DATA": str(gateway.data)},
        capture_output=True,
        timeout=30,
        check=True,
    )
    told = {each["name"]: each for each in json.loads(done.stdout)}
    for name in ("anna", "ben"):
        mine = [each for each in records if each.key == name]
        assert told[name]["requests"] == len(mine)
        assert told[name]["output_tokens"] == sum(each.output_tokens or 0 for each in mine)


def test_no_secret_is_kept(played: tuple[RunningGateway, ScriptedUpstream, list[Record]]) -> None:
    gateway, _, _ = played
    kept = b"".join(path.read_bytes() for path in gateway.data.iterdir() if path.is_file()) + gateway.log().encode()
    for secret in (ANNA, BEN):
        assert secret.encode() not in kept
