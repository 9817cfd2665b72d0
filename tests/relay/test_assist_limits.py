"""Code Assist through the whole gateway: what limits, failures and an empty pool lead to (AM-E*, details 5, 9, 18)."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from gateway.accounts.rest import Rest
from tests.assist_house import MODEL, house, project, read_tokens, write_tokens
from tests.faults.doors import assert_error
from tests.scripted.assist import Reply, ScriptedAssist, limited, status_error

PROTOCOLS = ("gemini", "chat", "messages", "responses")
OTHER = "gemini-2.5-pro"


ROTATING = "[routing]\nsession_affinity = false\nrotation_count = 1"


def accounts(up: ScriptedAssist, tokens: Path, *names: str) -> None:
    write_tokens(tokens, *(project(name, up.account(name, access=True)) for name in names))


def headed(**headers: str) -> Reply:
    refusal = limited()
    return Reply(429, refusal.body, {name.replace("_", "-"): value for name, value in headers.items()})


def _in(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


KINDS = {
    "RetryInfo": (lambda: limited("40s"), "", 40.0),
    "RetryInfo of hours": (lambda: limited("1h16m0.667s"), "", 900.0),
    "RetryInfo in milliseconds": (lambda: limited("2900ms"), "", 2.9),
    "seconds and nanos": (lambda: _nanos(), "", 30.5),
    "quotaResetDelay": (lambda: limited("", quotaResetDelay="200.5s"), "", 200.5),
    "quotaResetTimeStamp": (
        lambda: limited("", "QUOTA_EXHAUSTED", quotaResetTimeStamp=_in(300).isoformat()),
        MODEL,
        300.0,
    ),
    "quota": (lambda: limited("40s", "QUOTA_EXHAUSTED"), MODEL, 40.0),
    "Retry-After": (lambda: headed(Retry_After="33"), "", 33.0),
    "Retry-After as a date": (lambda: headed(Retry_After=format_datetime(_in(50), usegmt=True)), "", 50.0),
    "retry-after-ms": (lambda: headed(retry_after_ms="30500"), "", 30.5),
    "no delay": (lambda: limited(), "", 5.0),
    "capacity": (lambda: limited("", "MODEL_CAPACITY_EXHAUSTED"), "", 5.0),
    "numbers in words": (
        lambda: status_error(429, "gemini-2.5 models: retry after 2.5m, your quota will reset after 16h", "X"),
        "",
        5.0,
    ),
    "503 with a delay": (lambda: status_error(503, "busy", "UNAVAILABLE", _retry("30s")), "", 30.0),
}


def _retry(delay: object) -> list[dict[str, object]]:
    return [{"@type": "x"}, {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]


def _nanos() -> Reply:
    return status_error(429, "limited", "RESOURCE_EXHAUSTED", _retry({"seconds": "30", "nanos": 500_000_000}))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_limit(kind: str, up: ScriptedAssist, tokens: Path) -> None:
    """AM-E2, AM-E6, AM-E7, AM-E8, AM-E9, AM-E11, detail 5: how long, and whether the account or one of its models."""
    make, model, seconds = KINDS[kind]
    accounts(up, tokens, "r1")
    up.play("generateContent", make())
    with house(up, tokens, tables="[routing]\nmax_attempts = 1") as gateway:
        reply = gateway.ask("chat", model=MODEL)
        assert reply.status == (503 if "503" in kind else 429)
        account = gateway.gateway.pool.accounts()[0]
        resting = {"": account.resting, **account.models_resting}
        rest = resting.pop(model)
        assert rest is not None and rest.until - rest.since == pytest.approx(seconds, abs=1.5)
        assert not any(resting.values())
        assert int(reply.headers["retry-after"]) <= seconds + 1.5
        assert gateway.ask("chat", model=MODEL).status == reply.status
        up.play("generateContent")
        assert gateway.ask("chat", model=OTHER).status == (200 if model else reply.status)
    assert len(up.asked("generateContent")) == (2 if model else 1)


@pytest.mark.parametrize("heard", PROTOCOLS)
def test_what_one_protocol_learns_holds_for_all(heard: str, up: ScriptedAssist, tokens: Path) -> None:
    """AM-E11, AM-E13, detail 9: one key for marking, checking and clearing, whole and streamed."""
    accounts(up, tokens, "r1")
    for method in ("generateContent", "streamGenerateContent"):
        up.play(method, limited("300s", "QUOTA_EXHAUSTED"))
    with house(up, tokens, tables="[routing]\nmax_attempts = 1") as gateway:
        assert gateway.ask(heard, model=MODEL, stream=heard == "messages").status == 429
        for protocol in PROTOCOLS:
            for stream in (False, True):
                assert gateway.ask(protocol, model=MODEL, stream=stream).status == 429
        assert len(up.asked("generateContent")) + len(up.asked("streamGenerateContent")) == 1
        for method in ("generateContent", "streamGenerateContent"):
            up.play(method)
        account = gateway.gateway.pool.accounts()[0]
        account.models_resting[MODEL] = Rest(time.time() - 60, time.time() - 1, "429", 429, "quota", True)
        assert gateway.ask(heard, model=MODEL).status == 200
        assert not account.models_resting and not account.strikes


def test_at_most_three_attempts_and_no_more_than_there_are_accounts(up: ScriptedAssist, tokens: Path) -> None:
    """AM-E1, AM-E4: every one on another account, no sleep in between or at the end."""
    accounts(up, tokens, "r1", "r2", "r3", "r4")
    up.play("generateContent", limited("60s"))
    with house(up, tokens, tables=ROTATING) as gateway:
        reply = gateway.ask("chat", model=MODEL)
        assert reply.status == 429 and reply.seconds < 3
        assert len({each.refresh for each in up.asked("generateContent")}) == len(up.asked("generateContent")) == 3
        assert gateway.ask("chat", model=MODEL).status == 429
        assert len(up.asked("generateContent")) == 4
        assert gateway.ask("chat", model=MODEL).status == 429
    assert len(up.asked("generateContent")) == 4


@pytest.mark.parametrize(
    "trouble", [limited("30s"), status_error(503, "busy"), status_error(529, "x"), status_error(500), Reply(drop=True)]
)
def test_a_free_account_is_asked_at_once(trouble: Reply, up: ScriptedAssist, tokens: Path) -> None:
    """AM-E5, AM-E16, detail 18: rotation instead of a wait, also for 5xx and a connection that breaks."""
    accounts(up, tokens, "r1", "r2")
    up.play("generateContent", trouble, Reply())
    with house(up, tokens, tables=ROTATING) as gateway:
        reply = gateway.ask("chat", model=MODEL)
        assert (reply.status, reply.told.text) == (200, "Paris is the capital") and reply.seconds < 2
        rests = [each.resting is not None for each in gateway.gateway.pool.accounts()]
        assert sum(rests) == (trouble.status == 429), "one lone 5xx or broken connection costs the account nothing"
    first, second = (each.refresh for each in up.asked("generateContent"))
    assert first != second


def test_a_short_wait_is_waited_for_on_the_same_account(up: ScriptedAssist, tokens: Path) -> None:
    """AM-E3, AM-E7: the delay drives the wait too, and is not cut short."""
    accounts(up, tokens, "r1", "r2")
    up.play("generateContent", limited("0.7s"), Reply())
    with house(up, tokens, tables=ROTATING) as gateway:
        assert gateway.ask("chat", model=MODEL).status == 200
    first, second = up.asked("generateContent")
    assert first.refresh == second.refresh and second.at - first.at >= 0.7


def test_the_deadline_holds_over_all_waits(up: ScriptedAssist, tokens: Path) -> None:
    """Detail 18: a total deadline, and no sleep after the last attempt."""
    accounts(up, tokens, "r1")
    up.play("generateContent", limited("1.9s"))
    with house(up, tokens, tables="[server]\nrequest_timeout_s = 1\n[routing]\nmax_attempts = 9") as gateway:
        reply = gateway.ask("chat", model=MODEL)
        assert reply.status in (429, 504) and reply.seconds < 4
    assert len(up.asked("generateContent")) <= 2


def test_a_spent_quota_without_a_time_is_asked_for(up: ScriptedAssist, tokens: Path) -> None:
    """AM-E12, AM-U17, detail 21: the reset of that model, not the earliest of all; a missing fraction is 0."""
    accounts(up, tokens, "r1")
    up.quotas = {
        MODEL: {"resetTime": _in(200).isoformat()},
        OTHER: {"remainingFraction": 0, "resetTime": _in(9).isoformat()},
    }
    up.play("generateContent", limited("", "QUOTA_EXHAUSTED"))
    with house(up, tokens) as gateway:
        first = gateway.ask("chat", model=MODEL)
        account, until = gateway.gateway.pool.accounts()[0], time.monotonic() + 5
        assert first.status == 429
        while MODEL not in account.quotas and time.monotonic() < until:
            time.sleep(0.02)
        second = gateway.ask("chat", model=MODEL)
        assert second.status == 429 and 195 <= int(second.headers["retry-after"]) <= 201
        assert len(up.asked("generateContent")) == len(up.asked("fetchAvailableModels")) == 1
        assert account.quotas[MODEL].remaining == 0.0
        # An unknown quota is no empty one (T10).
        up.play("generateContent")
        assert gateway.ask("chat", model="gemini-not-listed").status == 200


def test_a_model_that_is_missing_rests_alone(up: ScriptedAssist, tokens: Path) -> None:
    """AM-E4, failures 44: a 404 is the model's, not the account's."""
    accounts(up, tokens, "r1")
    up.play("generateContent", status_error(404, f"models/{MODEL} is not found", "NOT_FOUND"))
    with house(up, tokens) as gateway:
        assert gateway.ask("chat", model=MODEL).status == 404
        up.play("generateContent")
        assert gateway.ask("chat", model=OTHER).status == 200
        assert gateway.ask("chat", model=MODEL).status == 404
    assert len(up.asked("generateContent")) == 2


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_empty_pool_says_what_was_the_matter_in_the_clients_words(
    protocol: str, up: ScriptedAssist, tokens: Path
) -> None:
    """AM-E18, AM-E19, AM-E20, AM-E21: the true last status, always JSON in the protocol's own shape."""
    accounts(up, tokens, "r1")
    for refusal, status in (
        (limited("40s"), 429),
        (status_error(503, "overloaded", "UNAVAILABLE", _retry("40s")), 503),
        (status_error(500, "internal"), 500),
        (status_error(403, "no", details=[{"@type": "e", "reason": "SERVICE_DISABLED"}]), 502),
        (status_error(400, "Unsupported MIME type"), 400),
    ):
        up.play("generateContent", refusal)
        with house(up, tokens, tables="[routing]\nmax_attempts = 1") as gateway:
            assert_error(gateway.ask(protocol, model=MODEL), status)
            if status in (429, 503):
                again = gateway.ask(protocol, model=MODEL)
                assert_error(again, status)
                assert 35 <= int(again.headers["retry-after"]) <= 40 and b"@example" not in again.body
    assert read_tokens(tokens)[0]["enabled"] is True


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_prompt_that_is_too_long_is_the_clients(protocol: str, up: ScriptedAssist, tokens: Path) -> None:
    """AM-E17: one attempt, and the words by which clients know to compact."""
    accounts(up, tokens, "r1", "r2")
    said = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
    up.play("generateContent", status_error(400, said, "INVALID_ARGUMENT"))
    with house(up, tokens) as gateway:
        error = assert_error(gateway.ask(protocol, model=MODEL), 400)
        assert said in error["message"]
        assert protocol != "messages" or "prompt is too long" in error["message"].lower()
        assert protocol not in ("chat", "responses") or error["code"] == "context_length_exceeded"
    assert len(up.asked("generateContent")) == 1


def test_a_redirect_is_not_followed_with_the_token(up: ScriptedAssist, tokens: Path) -> None:
    """Failures 45."""
    accounts(up, tokens, "r1")
    with ScriptedAssist() as other:
        up.play("generateContent", Reply(302, b"", {"Location": f"{other.url}/v1internal:generateContent"}))
        with house(up, tokens, tables="[routing]\nmax_attempts = 1") as gateway:
            assert gateway.ask("chat", model=MODEL).status == 502
        assert other.seen == []


def test_a_week_is_probed_by_one_and_lifted(up: ScriptedAssist, tokens: Path) -> None:
    """Failures 37: nobody is asked before the cap; then one goes first, and its success is everybody's."""
    accounts(up, tokens, "r1")
    up.play("generateContent", limited("604800s", "QUOTA_EXHAUSTED"))
    with house(up, tokens, tables="[routing]\ncooldown_max_s = 2.6") as gateway:
        began = time.monotonic()
        assert gateway.ask("chat", model=MODEL).status == 429
        early = gateway.ask("chat", model=MODEL)
        assert early.status == 429 and int(early.headers["retry-after"]) <= 3
        assert len(up.asked("generateContent")) == 1
        up.play("generateContent", limited("604800s", "QUOTA_EXHAUSTED"), Reply())
        time.sleep(max(2.7 - (time.monotonic() - began), 0))
        threads = [threading.Thread(target=gateway.ask, args=("chat",), kwargs={"model": MODEL}) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(up.asked("generateContent")) == 2, "the probe, which was refused"
        time.sleep(max(5.6 - (time.monotonic() - began), 0))
        assert gateway.ask("chat", model=MODEL).status == 200
        assert not gateway.gateway.pool.accounts()[0].models_resting
