from typing import Any

import pytest

from gateway.canon.dialogue import Dialogue, Knobs, Loss, OutputFormat, ThinkingWish, Turn
from gateway.canon.parts import Text
from gateway.canon.profile import Profile
from gateway.protocols.chat import DIALECT


def dialogue(**fields: Any) -> Dialogue:
    return Dialogue("m", [Turn("user", [Text("hi")])], **fields)


def write(profile: Profile | None = None, **fields: Any) -> tuple[dict[str, Any], list[Loss]]:
    written = DIALECT.write_request(dialogue(**fields), profile or Profile())
    return written.body, written.losses


def test_the_least() -> None:
    assert write() == ({"model": "m", "messages": [{"role": "user", "content": "hi"}]}, [])


def test_streamed_usage_is_always_asked_for() -> None:
    body, _ = write(stream=True)
    assert body["stream"] is True and body["stream_options"] == {"include_usage": True}
    assert "stream" not in write()[0]
    body, losses = write(Profile(drop=("stream_options",)), stream=True)
    assert "stream_options" not in body and losses == []


def test_the_limit_goes_by_the_models_name_for_it_and_is_capped() -> None:
    profile = Profile(max_tokens_field="max_completion_tokens", max_output_tokens=100)
    assert write(profile, knobs=Knobs(max_tokens=500))[0]["max_completion_tokens"] == 100
    assert write(profile, knobs=Knobs(max_tokens=50))[0]["max_completion_tokens"] == 50
    assert "max_tokens" not in write(profile, knobs=Knobs(max_tokens=50))[0]


def test_what_the_model_refuses_is_dropped_with_a_loss() -> None:
    body, losses = write(Profile(drop=("temperature", "top_p")), knobs=Knobs(temperature=0.2))
    assert "temperature" not in body
    assert [loss.path for loss in losses] == ["temperature"]


def test_top_k_only_where_the_client_spoke_chat() -> None:
    body, losses = write(knobs=Knobs(top_k=5))
    assert "top_k" not in body and [loss.path for loss in losses] == ["top_k"]
    body, losses = write(knobs=Knobs(top_k=5), extras={"chat": {}})
    assert body["top_k"] == 5 and losses == []


def test_foreign_fields_are_losses_and_own_ones_are_put_back() -> None:
    body, losses = write(extras={"chat": {"logit_bias": {"5": 1}}, "anthropic": {"container": "c"}})
    assert body["logit_bias"] == {"5": 1} and "container" not in body
    assert [loss.path for loss in losses] == ["container"]


@pytest.mark.parametrize(
    ("wish", "effort"),
    [
        (ThinkingWish("on", effort="low"), "low"),
        (ThinkingWish("on", effort="xhigh"), "xhigh"),
        (ThinkingWish("on", budget=31999), "high"),
        (ThinkingWish("on", budget=1024), "low"),
        (ThinkingWish("on", budget=-1), "medium"),
        (ThinkingWish("on"), "medium"),
        (ThinkingWish("off"), "none"),
        (ThinkingWish("adaptive"), None),
        (ThinkingWish("adaptive", effort="max"), "max"),
        (None, None),
    ],
)
def test_effort(wish: ThinkingWish | None, effort: str | None) -> None:
    body, losses = write(Profile(thinking="effort"), thinking=wish)
    assert body.get("reasoning_effort") == effort and losses == []


def test_the_profile_speaks_where_the_client_is_silent() -> None:
    assert write(Profile(thinking="effort", thinking_default=0))[0]["reasoning_effort"] == "none"
    assert write(Profile(thinking="effort", thinking_default=16000))[0]["reasoning_effort"] == "medium"
    assert "reasoning_effort" not in write(Profile(thinking="effort", thinking_default=-1))[0]


def test_a_model_without_effort() -> None:
    body, losses = write(thinking=ThinkingWish("on", budget=2048))
    assert set(body) == {"model", "messages"} and [loss.path for loss in losses] == ["thinking"]
    assert write(thinking=ThinkingWish("off"))[1] == []


def test_output_formats() -> None:
    assert write(output=OutputFormat("json"))[0]["response_format"] == {"type": "json_object"}
    body, _ = write(output=OutputFormat("schema", {"type": "object"}, name="my schema!", strict=True))
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "my_schema_", "schema": {"type": "object"}, "strict": True},
    }
    body, _ = write(output=OutputFormat("schema", {}))
    assert body["response_format"]["json_schema"]["name"] == "response"


def test_a_long_foreign_user_is_hashed_and_a_foreign_tier_lost() -> None:
    body, losses = write(user="u" * 200, service_tier="batch")
    assert len(body["user"]) == 64 and "service_tier" not in body
    assert [loss.path for loss in losses] == ["service_tier"]
    assert write(user="u" * 200)[0]["user"] == body["user"]
    assert write(user="u" * 200, extras={"chat": {}})[0]["user"] == "u" * 200


def test_nothing_empty_is_written() -> None:
    body, _ = write(modalities=[], tools=[], knobs=Knobs(stop=[]))
    assert set(body) == {"model", "messages"}
