"""A conversation stays with its account, whichever server answers (issue 7, shown point 2)."""

from __future__ import annotations

import json
import time
from itertools import pairwise

from tests.agreement.house import House, answered
from tests.agreement.talk import PROTOCOLS, body, history
from tests.scripted.script import Script, failing

TALKS = [("chat", "chat"), ("chat", "gemini"), ("responses", "responses"), ("responses", "anthropic"),
         ("messages", "anthropic"), ("messages", "chat"), ("gemini", "gemini"), ("gemini", "responses")]  # fmt: skip
"""(what the client speaks, what the provider speaks)"""
MOVES = (2, 11)
"""Before these turns another server takes over."""


def turn(house: House, server: int, protocol: str, dialect: str, opening: str, number: int) -> tuple[str, str]:
    with house.at(server) as client:
        return answered(client.ask(protocol, model=f"to-{dialect}", **body(protocol, opening, number)))


def test_twenty_turns_over_three_accounts_reach_one(house: House) -> None:
    server = 0
    words: dict[tuple[str, str], list[tuple[str, str]]] = {talk: [] for talk in TALKS}
    for number in range(1, 21):
        if number in MOVES:
            server = (server + 1) % house.servers
            house.settle()
        for talk, found in words.items():
            found.append(turn(house, server, *talk, f"{talk} begins", number))
    for (protocol, dialect), found in words.items():
        account = found[0][0]
        assert found == [(account, "new"), *[(account, "kept")] * 19], (protocol, dialect, found)
        said = json.dumps(f"{(protocol, dialect)} begins")[1:-1]
        sent = [request for request in house.up.asked(dialect=dialect) if said in json.dumps(request.body)]
        assert len(sent) == 20 and {request.key for request in sent} == {account}
        for former, later in pairwise(sent):
            told, more = (json.dumps([_plain(each) for each in history(request)]) for request in (former, later))
            assert more.startswith(told[:-1]), (told, more)


def _plain(value: object) -> object:
    """Without the marks that wander: they are no part of what is cached."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items() if name != "cache_control"}
    if isinstance(value, list):
        if len(value) == 1 and isinstance(value[0], dict) and value[0].get("type") == "text":
            return value[0]["text"]
        return [_plain(each) for each in value]
    return value


def test_a_conversation_whose_account_cools_moves_once_and_stays(house: House) -> None:
    """Also once the first account is well again, and where a server still remembers the first binding."""
    first, moved = {}, {}
    for talk in TALKS:
        first[talk] = turn(house, 0, *talk, f"{talk} moves", 1)[0]
    house.settle()
    for server in range(house.servers):
        for talk in TALKS:
            assert turn(house, server, *talk, f"{talk} moves", 2) == (first[talk], "kept")
    house.settle()
    for key in set(first.values()):
        house.up.play(failing(429, retry_after="4"), key=key)
    for talk in TALKS:
        moved[talk], word = turn(house, 0, *talk, f"{talk} moves", 3)
        assert word == "moved" and moved[talk] != first[talk]
    cooled = time.monotonic()
    for key in set(first.values()):
        house.up.play(Script(), key=key)
    house.settle()
    while True:
        well = time.monotonic() > cooled + 4.5
        for server in reversed(range(house.servers)):
            for talk in TALKS:
                assert turn(house, server, *talk, f"{talk} moves", 4) == (moved[talk], "kept"), (server, talk, well)
        if well:
            break
        time.sleep(0.3)


def test_a_session_that_has_a_name_is_found_by_it(house: House) -> None:
    found: dict[str, list[tuple[str, str]]] = {protocol: [] for protocol in PROTOCOLS}
    for number in range(3):
        with house.at(number % house.servers) as client:
            for protocol, told in found.items():
                session = {"x-claude-code-session-id": f"named in {protocol}"}
                told.append(answered(client.ask(protocol, model="to-chat", headers=session, text=f"text {number}")))
        house.settle()
    for told in found.values():
        assert told == [(told[0][0], "new"), *[(told[0][0], "kept")] * 2]
