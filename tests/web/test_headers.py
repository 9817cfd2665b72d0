from __future__ import annotations

from urllib.parse import unquote

import pytest
import responses as mocked

from gateway.canon.dialogue import Loss
from gateway.relay.call import Outcome
from gateway.web.headers import LOSSY_LIMIT, header_safe, masked, outcome_headers
from tests.web.served import BASES, served, upstream


@pytest.mark.parametrize("name", ["gpt-4o", "publisher/model:free", "a b", "50%", ""])
def test_plain_names_stay(name: str) -> None:
    assert header_safe(name) == name


@pytest.mark.parametrize("name", ["模型", "a\r\nSet-Cookie: x=y", "naïve", "a\x00", "tab\t", "\u2028", "50% 模"])
def test_other_names_are_escaped(name: str) -> None:
    safe = header_safe(name)
    assert safe.isascii() and safe.isprintable() and unquote(safe) == name


@pytest.mark.parametrize(
    ("label", "shown"),
    [("someone@example.com", "som***@ex***"), ("a@b", "a***@b***"), ("key-number-1", "key***"), ("", "***")],
)
def test_masked(label: str, shown: str) -> None:
    assert masked(label) == shown


def told(account_header: str = "full", **outcome: object) -> dict[str, str]:
    return dict(outcome_headers(Outcome(**outcome), "req_1", account_header))  # type: ignore[arg-type]


def test_what_an_answer_tells() -> None:
    found = told(
        mapped_model="m", mode="translated", account="someone@example.com", losses=[Loss("b", ""), Loss("a", "")]
    )
    assert found == {
        "X-Request-Id": "req_1",
        "X-Mapped-Model": "m",
        "X-Gateway-Mode": "translated",
        "X-Account-Email": "someone@example.com",
        "X-Gateway-Lossy": "a, b",
    }


def test_the_account_may_be_masked_or_left_out() -> None:
    assert told("masked", account="someone@example.com")["X-Account-Email"] == "som***@ex***"
    assert "X-Account-Email" not in told("off", account="someone@example.com")
    assert "X-Account-Email" not in told("full", account=None)


def test_nothing_is_told_that_is_not_known() -> None:
    assert told() == {"X-Request-Id": "req_1"}


def test_many_losses_are_bounded() -> None:
    found = told(losses=[Loss(f"messages[{number}].ünïcode", "") for number in range(1000)])
    assert len(found["X-Gateway-Lossy"]) <= LOSSY_LIMIT


def test_the_provider_cannot_split_the_head() -> None:
    found = told(response_headers={"x-ratelimit-remaining": "1\r\nX-Evil: 1"})
    assert "\n" not in found["x-ratelimit-remaining"]


@mocked.activate
@pytest.mark.parametrize("target", ["模型-1", "with space", "new\nline", "50%"])
def test_a_mapped_model_of_any_name_reaches_the_client(target: str) -> None:
    answer = {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
    }
    mocked.post(BASES["openai"] + "/chat/completions", json=answer)
    house = served(upstream("openai"), models={"map": {"asked": (target,)}}, server={"account_header": "masked"})
    body = {"model": "asked", "messages": [{"role": "user", "content": "hi"}]}
    reply = house.client.post("/v1/chat/completions", json=body)
    assert reply.status_code == 200
    assert unquote(reply.headers["X-Mapped-Model"]) == unquote(target)
    assert reply.headers["X-Account-Email"] == "ope***@ex***"
    assert reply.headers["X-Gateway-Mode"] == "passthrough"
    assert "\n" not in house.notes.records[0].line()


@mocked.activate
def test_the_mapped_model_is_told_on_errors_too_and_the_account_is_not() -> None:
    mocked.post(BASES["openai"] + "/chat/completions", json={"error": {"message": "no"}}, status=400)
    house = served(models={"map": {"a": ("b",)}})
    body = {"model": "a", "messages": [{"role": "user", "content": "hi"}]}
    reply = house.client.post("/v1/chat/completions", json=body, headers={"X-Request-Id": "mine-1"})
    assert reply.status_code == 400
    assert reply.headers["X-Mapped-Model"] == "b" and reply.headers["X-Request-Id"] == "mine-1"
    assert "X-Account-Email" not in reply.headers and "@example.com" not in reply.get_data(as_text=True)


@pytest.mark.parametrize("given", ["x" * 129, "ünï", ""])
def test_an_odd_request_id_of_the_client_is_replaced(given: str) -> None:
    assert (
        served()
        .client.get("/v1/models/nope", headers={"X-Request-Id": given})
        .headers["X-Request-Id"]
        .startswith("req_")
    )
