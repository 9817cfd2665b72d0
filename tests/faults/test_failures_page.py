"""docs/failures.md does not lie: every row of its tables is played, or names the test that does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.monitoring.record import Record
from tests.faults.doors import NATIVE, PROTOCOLS
from tests.gateways import InProcess, Provider, Reply, config_for
from tests.running import ROOT
from tests.scripted.answer import Answer
from tests.scripted.script import Error, Script, failing, text
from tests.scripted.upstream import ScriptedUpstream

PAGE = (ROOT / "docs" / "failures.md").read_text(encoding="utf-8")
WORDS = "one two three four five six"
FINE = text(WORDS)
LIMITS = {"first_content_timeout_s": 0.3, "idle_timeout_s": 0.3}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the page; `number` is the first status in what the caller gets alone, else 200."""

    what: str
    alone: str
    another: str
    moves: str

    @property
    def number(self) -> int:
        found = re.match(r"(\d{3})", self.alone)
        return int(found[1]) if found else 200

    @property
    def ended(self) -> str:
        found = re.search(r"answers\{(\w+)\}", self.moves)
        assert found is not None, self
        return found[1]

    @property
    def retries(self) -> bool:
        return "`retries`" in self.moves.partition(";")[0]


def rows(heading: str) -> dict[str, Row]:
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return {row[0]: Row(*row) for row in cells[2:]}


BEFORE = rows("Before the first words")
AFTER = rows("After the first words")
OTHERS = rows("The caller, and the gateway itself")

PLAYED_BEFORE: dict[str, tuple[Script, ...]] = {
    "429 that asks for 2 s at most": (failing(429, retry_after="1"), FINE),
    "429 that asks for more": (failing(429, retry_after="30"),),
    "429 without a time, again and again": (failing(429),),
    "500 once": (failing(500), FINE),
    "503, again and again": (failing(503),),
    "400": (failing(400, "no such thing"),),
    "a prompt that is too long": (failing(400, "maximum context length is 8 tokens", "context_length_exceeded"),),
    "a prompt that is refused": (failing(400, "not with me", "content_policy_violation"),),
    "401: the account's key is refused": (failing(401),),
    "403": (failing(403),),
    "404: the account does not have the model": (failing(404),),
    "a redirect": (Script(status=302, body=b"", headers={"Location": "http://127.0.0.1:9/"}),),
    "the connection is refused, reset or closed": (Script(before="reset"),),
    "silence for `first_content_timeout_s`": (Script(before="silence"),),
    "a web page, half a JSON, a wrong length": (Script(body=b"<html>hello</html>", content_type="text/html"),),
    "an answer without content": (Script(answer=Answer()),),
    "a filter, or a limit of tokens before any word": (Script(answer=Answer(finish="length")),),
}
PLAYED_AFTER: dict[str, Script] = {
    "the stream breaks off, in any way": text(WORDS, pace=0.02, cut_after=3),
    "silence for `idle_timeout_s`": text(WORDS, pace=0.02, stall_after=3),
    "the provider's error event": text(WORDS, pace=0.02, error_after=3, error_event=Error(429, "slow down")),
    "an event that is no JSON": text(WORDS, pace=0.02, malformed_at=5),
    "no end mark after the finish": text(WORDS, end_mark=False),
}
SAYS_IT_AGAIN = {"an event that is no JSON": "complete", "no end mark after the finish": "cut"}
"""The last event of Responses holds the whole text, and is the finish and the end mark in one."""
TOLD_ELSEWHERE = {
    "an error in an answer of status 200": "faults/test_upstream_bodies.py::test_47_an_error_in_a_200",
    "a tool call ends in the middle of its arguments": "relay/test_resume.py::test_inside_tool_arguments_is_an_error",
    "the caller leaves": "relay/test_leaving.py::test_the_upstream_is_closed_within_a_second",
    "a limit of its key": (
        "faults/test_keys_apart.py::test_row_34_a_spent_limit_is_a_native_429_before_any_provider_is_asked"
    ),
    "a request that cannot be read": "faults/test_request_grammar.py::test_6_wrong_types_name_the_field",
    "every account rests": "relay/test_code_assist.py::test_the_exact_retry_after_of_an_empty_pool",
    "no account is usable": (
        "relay/test_code_assist.py::test_before_the_first_login_the_answer_says_that_there_is_no_account"
    ),
    "the gateway stops": "web/test_worker.py::test_streams_that_outlive_the_drain_get_their_error_event",
}


def test_every_row_is_tested() -> None:
    assert [*BEFORE, *AFTER, *OTHERS] and {*BEFORE, *AFTER, *OTHERS} == {
        *PLAYED_BEFORE,
        *PLAYED_AFTER,
        *TOLD_ELSEWHERE,
    }
    for told in TOLD_ELSEWHERE.values():
        file, name = told.split("::")
        assert f"def {name}(" in (ROOT / "tests" / Path(file)).read_text(encoding="utf-8"), told


def played(protocol: str, keys: tuple[str, ...], *first: Script) -> tuple[Reply, Record, list[str]]:
    """The answer, its record and the keys that were asked with. `first` is what k1 gets, whose turn it is; k2 gets
    FINE."""
    with ScriptedUpstream() as up:
        up.play(*first, key="k1")
        up.play(FINE, key="k2")
        provider = Provider(up, NATIVE[protocol], keys=keys)
        with InProcess(config_for(provider, server=LIMITS, routing={"strategy": "fill_first"})) as gateway:
            reply = gateway.ask(protocol, stream=True)
            assert up.wait_for(lambda: bool(gateway.records))
        (record,) = gateway.records
        return reply, record, [request.key for request in up.asked()]


@pytest.mark.parametrize("protocol", ["chat", "messages"])
@pytest.mark.parametrize("what", PLAYED_BEFORE)
def test_before_the_first_words(protocol: str, what: str) -> None:
    row = BEFORE[what]
    status = row.number
    for keys in (("k1",), ("k1", "k2")):
        reply, record, asked = played(protocol, keys, *PLAYED_BEFORE[what])
        if len(keys) == 1 or not row.another.startswith("yes"):
            assert (reply.status, record.status, record.ended) == (status, status, row.ended)
            assert (len(asked) > 1, len(record.attempts) > 1) == (row.retries, row.retries)
            assert "k2" not in asked
            if "`Retry-After`" in row.alone:
                assert int(reply.headers["retry-after"]) >= 1
            for code in re.findall(r"`(upstream_auth|empty_response)`", row.alone):
                assert protocol not in ("chat", "responses") or reply.json["error"]["code"] == code
            if status != 200:
                assert record.output_tokens is None
        else:
            assert (reply.status, reply.told.text, record.ended) == (200, WORDS, "complete")
            assert asked[-1] == "k2" or asked == ["k1", "k1"], "another, or the same a moment later"


@PROTOCOLS
@pytest.mark.parametrize("what", PLAYED_AFTER)
def test_after_the_first_words(protocol: str, what: str) -> None:
    row = AFTER[what]
    for keys in (("k1",), ("k1", "k2")):
        reply, record, asked = played(protocol, keys, PLAYED_AFTER[what])
        assert reply.status == 200
        if protocol == "responses" and what in SAYS_IT_AGAIN:
            assert record.ended == SAYS_IT_AGAIN[what] or len(keys) == 2
            continue
        told = reply.told
        if len(keys) == 1:
            assert record.ended == row.ended and asked == ["k1"]
            assert (told.error is not None) == (row.ended == "cut") != told.ended
        else:
            assert (told.text, told.ended, told.error, record.ended) == (WORDS, True, None, "complete")
            assert asked == (["k1"] if row.another == "no" else ["k1", "k2"])
