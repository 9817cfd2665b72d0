"""Code Assist through the whole gateway: the envelope (AM-U*), and what a refusal leads to (AM-E*, A2-T*)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.assist_house import MODEL, house, project, read_tokens, write_tokens
from tests.scripted.assist import Reply, ScriptedAssist, limited, refusing, status_error

PROTOCOLS = ("gemini", "chat", "messages", "responses")
TEXT = "Paris is the capital"


def reason(word: str, **metadata: str) -> list[dict[str, Any]]:
    return [{"@type": "x"}, {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": word, "metadata": metadata}]


VALIDATION = reason("VALIDATION_REQUIRED", validation_url="https://x/v")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_in_and_out_of_the_envelope(
    protocol: str, stream: bool, up: ScriptedAssist, tokens: Path
) -> None:
    """AM-U1, AM-U4, AM-U10: and the traceId stays out of the answer."""
    write_tokens(tokens, project("r1", up.account("r1", access=True)))
    with house(up, tokens, more='user_agent = "my-agent/1"') as gateway:
        reply = gateway.ask(protocol, model=MODEL, stream=stream)
        assert (reply.status, reply.told.text) == (200, TEXT)
        assert reply.headers["x-gateway-mode"] == ("wrapped" if protocol == "gemini" else "translated")
        assert reply.headers["x-account-email"] == "r1@example.com"
        assert reply.told.usage == (None if protocol == "chat" and stream else (11, 7))
    assert b"traceId" not in reply.body and b'"response":{"candidates' not in reply.body
    asked = up.asked("streamGenerateContent" if stream else "generateContent")[0]
    assert asked.path == "/v1internal:streamGenerateContent?alt=sse" if stream else "/v1internal:generateContent"
    assert (asked.body["model"], asked.body["project"]) == (MODEL, "project-r1")
    assert asked.body["request"]["contents"][0]["parts"][0]["text"] == "say it"
    assert "model" not in asked.body["request"]
    assert asked.body["userAgent"] == asked.headers["user-agent"] == "my-agent/1"


def test_request_ids_differ_and_the_session_stays(up: ScriptedAssist, tokens: Path) -> None:
    """AM-U5, AM-U7, A2-T12."""
    write_tokens(tokens, project("r1", up.account("r1", access=True)))
    with house(up, tokens) as gateway:
        for _ in range(2):
            assert gateway.ask("gemini", model=MODEL).status == 200
    first, second = (each.body for each in up.asked("generateContent"))
    assert first["requestId"] != second["requestId"] and first["user_prompt_id"] == first["requestId"]
    assert first["request"]["session_id"] == second["request"]["session_id"]
    assert "userAgent" not in first


def test_before_the_first_login_the_answer_says_that_there_is_no_account(up: ScriptedAssist, tokens: Path) -> None:
    write_tokens(tokens)
    with house(up, tokens) as gateway:
        reply = gateway.ask("chat", model=MODEL)
        assert reply.status == 503 and "assist has none yet" in reply.json["error"]["message"]
        assert "dragoman accounts" in reply.json["error"]["message"]
        assert gateway.gateway.ready() == "no account is configured"


def test_unknown_fields_pass_and_line_breakers_stay_escaped(up: ScriptedAssist, tokens: Path) -> None:
    write_tokens(tokens, project("r1", up.account("r1", access=True)))
    up.words = ("a\u2028b", "c")
    with house(up, tokens) as gateway:
        reply = gateway.ask("gemini", model=MODEL, stream=True, newField={"x": [1.0]}, labels={"a": "b"})
    assert up.asked("streamGenerateContent")[0].body["request"]["newField"] == {"x": [1.0]}
    assert "\u2028".encode() not in reply.body and reply.told.text == "a\u2028bc"


def test_the_second_host_answers_when_the_first_is_down(up: ScriptedAssist, tokens: Path) -> None:
    """AM-U2, AM-U3: within one attempt."""
    write_tokens(tokens, project("r1", up.account("r1", access=True)))
    with house(up, tokens, bases=("http://127.0.0.1:9", up.url)) as gateway:
        assert gateway.ask("gemini", model=MODEL).status == 200
        assert len(gateway.records[0].attempts) == 1


def test_projects_are_found_out_once_and_kept(up: ScriptedAssist, tokens: Path) -> None:
    """AM-U14, and an empty one counts as missing."""
    write_tokens(tokens, project("r1", up.account("r1", project="found-1", access=True), project_id=""))
    with house(up, tokens) as gateway:
        for _ in range(2):
            assert gateway.ask("gemini", model=MODEL).status == 200
    assert len(up.asked("loadCodeAssist")) == 1
    assert up.asked("loadCodeAssist")[0].body == {"metadata": {"ideType": "IDE_UNSPECIFIED"}}
    assert up.asked("generateContent")[0].body["project"] == read_tokens(tokens)[0]["project_id"] == "found-1"


def test_an_account_without_a_project_is_onboarded(up: ScriptedAssist, tokens: Path) -> None:
    """AM-U15."""
    token = up.account("r1", project="", onboards_to="new-1", access=True)
    write_tokens(tokens, project("r1", token, project_id=""))
    with house(up, tokens) as gateway:
        assert gateway.ask("gemini", model=MODEL).status == 200
    assert [each.body["tierId"] for each in up.asked("onboardUser")] == ["free-tier"] * 2
    assert read_tokens(tokens)[0]["project_id"] == "new-1"


def test_models_are_listed_live(up: ScriptedAssist, tokens: Path) -> None:
    """AM-U16, AM-U17, detail 21: a list that may not be asked for by project is asked for without."""
    write_tokens(tokens, project("r1", up.account("r1", access=True)))
    up.quotas = {"gemini-9-new": {}, "claude-x": {"remainingFraction": 1}}
    up.play("fetchAvailableModels", status_error(403, "no"), Reply())
    with house(up, tokens) as gateway:
        listed = gateway.post("/v1/models", b"", method="GET").reply().json
        assert {each["id"] for each in listed["data"]} >= {"gemini-9-new", "claude-x"}
        account = gateway.gateway.pool.accounts()[0]
        assert account.quotas["gemini-9-new"].remaining == 0.0
    assert [each.body for each in up.asked("fetchAvailableModels")] == [{"project": "project-r1"}, {}]


def test_tokens_are_counted_by_the_provider_or_estimated(up: ScriptedAssist, tokens: Path) -> None:
    write_tokens(tokens, project("r1", up.account("r1", access=True)))
    body = {"contents": [{"role": "user", "parts": [{"text": "x"}]}]}
    path = f"/v1beta/models/{MODEL}:countTokens"
    with house(up, tokens) as gateway:
        exact = gateway.post(path, json.dumps(body).encode(), protocol="gemini").reply()
        full = {"model": f"models/{MODEL}", **body, "systemInstruction": {"parts": [{"text": "be brief"}]}}
        guess = gateway.post(path, json.dumps({"generateContentRequest": full}).encode(), protocol="gemini").reply()
    assert (exact.json["totalTokens"], exact.headers["x-token-count"]) == (42, "exact")
    assert guess.headers["x-token-count"] == "estimate"
    assert len(up.asked("countTokens")) == 1


def test_a_revoked_token_is_replaced_and_the_account_stays(up: ScriptedAssist, tokens: Path) -> None:
    """Detail 1, A2-T4, A2-T5: the clock says the token is good; what counts is that it was rejected."""
    write_tokens(tokens, project("r1", up.account("r1", access=True)))
    up.revoke("r1")
    with house(up, tokens) as gateway:
        reply = gateway.ask("chat", model=MODEL)
        assert (reply.status, reply.told.text) == (200, TEXT)
        assert len(gateway.records[0].attempts) == 1
    assert (up.refreshes, read_tokens(tokens)[0]["enabled"]) == (1, True)
    assert read_tokens(tokens)[0]["access_token"] == "access-r1-2"


def test_refused_again_with_a_fresh_token_is_the_end_of_it(up: ScriptedAssist, tokens: Path) -> None:
    """A2-T4, failures 42: one refresh, one retry, disabled with its reason; another account answers."""
    write_tokens(tokens, project("r1", up.account("r1", access=True)), project("r2", up.account("r2", access=True)))
    up.play("generateContent", status_error(401, "no", "UNAUTHENTICATED"), refresh="r1")
    with house(up, tokens) as gateway:
        reply = gateway.ask("chat", model=MODEL)
        assert (reply.status, reply.headers["x-account-email"]) == (200, "r2@example.com")
    assert len(up.asked("generateContent", "r1")) == 2 and up.refreshes == 1
    first, second = read_tokens(tokens)
    assert first["enabled"] is False and "fresh token" in first["disabled_reason"]
    assert second["enabled"] is True


def test_the_last_account_refused_is_never_the_clients_401(up: ScriptedAssist, tokens: Path) -> None:
    write_tokens(tokens, project("r1", up.account("r1", access=True)))
    up.play("generateContent", status_error(401, "no"))
    with house(up, tokens) as gateway:
        reply = gateway.ask("chat", model=MODEL)
        assert (reply.status, reply.json["error"]["code"]) == (503, "upstream_auth")
        assert gateway.ask("chat", model=MODEL).status == 503
    assert len(up.asked("generateContent")) == 2


@pytest.mark.parametrize(
    ("fault", "calls", "disabled", "other_model_works"),
    [
        (status_error(403, "Verify", details=VALIDATION), 1, False, False),
        (status_error(403, "off", details=reason("SERVICE_DISABLED")), 1, False, False),
        (status_error(403, "The caller does not have permission", "PERMISSION_DENIED"), 1, False, False),
        (status_error(403, "No access to model gemini-2.5-flash"), 1, False, True),
        (status_error(403, "Not available in your country"), 1, False, False),
        (status_error(403, "x", details=reason("ACCOUNT_STATE_INVALID")), 2, True, False),
        (status_error(403, "forbidden"), 2, True, False),
    ],
)
def test_a_403_is_classified_first(
    fault: Reply, calls: int, disabled: bool, other_model_works: bool, up: ScriptedAssist, tokens: Path
) -> None:
    """A2-T6, AM-E15."""
    write_tokens(tokens, project("r1", up.account("r1", access=True)))
    up.play("generateContent", fault)
    with house(up, tokens) as gateway:
        reply = gateway.ask("chat", model=MODEL)
        assert reply.json["error"]["code"] == "upstream_auth" and reply.status in (502, 503)
        assert len(up.asked("generateContent")) == calls
        account = gateway.gateway.pool.accounts()[0]
        assert (account.disabled_reason is not None) is disabled
        up.play("generateContent")
        assert (gateway.ask("chat", model="gemini-2.5-pro").status == 200) is other_model_works
        if "Verify" in str(fault.body):
            assert account.resting is not None and "https://x/v" in account.resting.why
    assert read_tokens(tokens)[0]["enabled"] is not disabled


def test_invalid_grant_disables_and_names_the_likely_cause(up: ScriptedAssist, tokens: Path) -> None:
    """AM-T5, failures 43."""
    write_tokens(tokens, project("gone"))
    with house(up, tokens) as gateway:
        assert gateway.ask("chat", model=MODEL).json["error"]["code"] == "upstream_auth"
        entry = read_tokens(tokens)[0]
        assert entry["enabled"] is False and "Testing" in entry["disabled_reason"]
        up.account("new")
        write_tokens(tokens, {**entry, "refresh_token": "new"})
        assert up.refreshes == 1
        until = time.monotonic() + 5
        while (revived := gateway.ask("chat", model=MODEL).status) != 200 and time.monotonic() < until:
            time.sleep(0.1)
        assert revived == 200


@pytest.mark.parametrize(
    "trouble",
    [
        Reply(500, {"error": "internal"}),
        Reply(200, b"<html>sign in</html>", content_type="text/html"),
        Reply(429, {"error": "rate"}),
        refusing("invalid_client", 401),
        Reply(200, {"token_type": "Bearer"}),
    ],
)
def test_a_token_endpoint_in_trouble_disables_nobody(trouble: Reply, up: ScriptedAssist, tokens: Path) -> None:
    """Failures 43: permanent only for invalid_grant."""
    up.account("r1")
    write_tokens(tokens, project("r1"))
    up.play("token", trouble)
    with house(up, tokens) as gateway:
        reply = gateway.ask("chat", model=MODEL)
        assert (reply.status, reply.json["error"]["code"]) == (503, "upstream_auth")
        assert gateway.gateway.pool.accounts()[0].disabled_reason is None
        assert "client-secret-1" not in reply.body.decode() and "r1@" not in reply.body.decode()
    assert read_tokens(tokens)[0]["enabled"] is True


def test_a_token_that_still_lives_is_used_when_it_cannot_be_refreshed(up: ScriptedAssist, tokens: Path) -> None:
    write_tokens(tokens, project("r1", up.account("r1", access=True), lasts_s=200))
    up.play("token", Reply(500, {}))
    with house(up, tokens) as gateway:
        assert gateway.ask("chat", model=MODEL).status == 200
    assert up.refreshes == 1


def test_refreshed_ahead_and_rotated_tokens_are_saved(up: ScriptedAssist, tokens: Path) -> None:
    """A2-T3, AM-T4; keys we do not know stay."""
    write_tokens(tokens, project("r1", up.account("r1", access=True), lasts_s=299, mine={"a": 1}), note="keep")
    up.rotate = True
    with house(up, tokens) as gateway:
        assert gateway.ask("chat", model=MODEL).status == 200
        assert gateway.ask("chat", model=MODEL).status == 200
    entry = read_tokens(tokens)[0]
    assert (entry["refresh_token"], entry["mine"], up.refreshes) == ("r1-r", {"a": 1}, 1)
    assert json.loads(tokens.read_text())["note"] == "keep" and tokens.stat().st_mode & 0o777 == 0o600


def test_a_rate_limit_rests_the_account_and_a_quota_the_model(up: ScriptedAssist, tokens: Path) -> None:
    """AM-E8, AM-E11: the reason is found in any of the details."""
    write_tokens(tokens, project("r1", up.account("r1", access=True)))
    with house(up, tokens) as gateway:
        up.play("generateContent", limited("40s", "QUOTA_EXHAUSTED"))
        assert gateway.ask("chat", model=MODEL).status == 429
        up.play("generateContent")
        assert gateway.ask("chat", model="gemini-2.5-pro").status == 200
        assert gateway.ask("chat", model=MODEL).status == 429
        up.play("generateContent", limited("40s"))
        assert gateway.ask("chat", model="gemini-2.5-pro").status == 429
        assert gateway.ask("chat", model="gemini-other").status == 429


def test_the_exact_retry_after_of_an_empty_pool(up: ScriptedAssist, tokens: Path) -> None:
    """3 accounts rest 40, 20 and 90 s: the soonest counts, in header, RetryInfo and message; nobody is called."""
    delays = {"r1": "40s", "r2": "20s", "r3": "90s"}
    write_tokens(tokens, *(project(name, up.account(name, access=True)) for name in delays))
    for name, delay in delays.items():
        up.play("generateContent", limited(delay), refresh=name)
    with house(up, tokens) as gateway:
        first = gateway.ask("gemini", model=MODEL)
        calls = len(up.asked("generateContent"))
        second = gateway.ask("gemini", model=MODEL)
    assert calls == len(up.asked("generateContent")) == 3
    for reply in (first, second):
        assert reply.status == 429 and 18 <= int(reply.headers["retry-after"]) <= 20
        told = [each["retryDelay"] for each in reply.json["error"]["details"] if each["@type"].endswith("RetryInfo")]
        assert len(told) == 1 and 18 <= float(told[0][:-1]) <= 20
        assert " s" in reply.json["error"]["message"] and "@" not in reply.json["error"]["message"].replace("@type", "")


def test_seven_days_are_probed_after_the_cap(up: ScriptedAssist, tokens: Path) -> None:
    """Failures 37."""
    write_tokens(tokens, project("r1", up.account("r1", access=True)))
    up.play("generateContent", limited("", "QUOTA_EXHAUSTED", quotaResetDelay="168h0m0s"))
    with house(up, tokens, tables="[routing]\ncooldown_max_s = 1") as gateway:
        assert gateway.ask("chat", model=MODEL).status == 429
        up.play("generateContent")
        reply = gateway.ask("chat", model=MODEL)
        assert reply.status == 200  # waited for: the cap is within the grace time
        assert not gateway.gateway.pool.accounts()[0].models_resting


def test_a_cooldown_outlives_a_restart(up: ScriptedAssist, tokens: Path, tmp_path: Path) -> None:
    from gateway.config.load import load
    from gateway.wiring import build

    write_tokens(tokens, project("r1", up.account("r1", access=True)))
    up.play("generateContent", limited("300s"))
    with house(up, tokens) as gateway:
        assert gateway.ask("chat", model=MODEL).status == 429
        data = gateway.gateway.config.data_dir
        assert gateway.gateway.state.flush()
        again = build(load(data / "dragoman.toml", environ={"DRAGOMAN_DATA": str(data)}))
        resting = again.pool.accounts()[0].resting
        assert resting is not None and 290 < resting.left(resting.since) <= 300
        assert all(b"secret" not in value for _, value in again.state.scan("health"))


def test_a_token_endpoint_that_hangs_is_given_up(up: ScriptedAssist, tokens: Path) -> None:
    """Failures 43; the account whose token still lives answers meanwhile."""
    up.account("r1")
    write_tokens(tokens, project("r1"), project("r2", up.account("r2", access=True)))
    up.play("token", Reply(500, {}, hang=30), refresh="r1")
    up.token_delay = 6.0
    with house(up, tokens, tables="[server]\nrequest_timeout_s = 4") as gateway:
        began = time.monotonic()
        replies = [gateway.ask("chat", model=MODEL) for _ in range(4)]
        assert {reply.status for reply in replies} <= {200, 503} and replies[-1].status == 200
        assert time.monotonic() - began < 20
    assert read_tokens(tokens)[0]["enabled"] is True


def test_projects_of_the_environment_move_into_the_file(
    up: ScriptedAssist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A2-T9."""
    monkeypatch.chdir(tmp_path)
    from gateway.config.load import load
    from gateway.wiring import build

    environ = {
        "DRAGOMAN_DATA": str(tmp_path),
        "PROJECTS": json.dumps([{"project_id": "p1", "refresh_token": "r1"}, {"refresh_token": "your-token"}]),
        "OAUTH_CLIENT_ID": "client-1",
        "OAUTH_CLIENT_SECRET": "client-secret-1",
        "OAUTH_TOKEN_URL": up.token_url,
        "GOOGLE_API_BASE": up.url,
    }
    gateway = build(load(environ=environ))
    assert [account.id for account in gateway.pool.accounts()] == ["assist/p1"]
    document = json.loads((tmp_path / "tokens.json").read_text())
    assert [each["refresh_token"] for each in document["projects"]] == ["r1"]
    assert document["oauth_config"]["client_id"] == "client-1"
