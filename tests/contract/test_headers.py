"""The headers that tell who answered, as every SDK shows them."""

from __future__ import annotations

import pytest

from tests.contract.ask import Ask
from tests.contract.cases import clients, mode_of, providers, streams
from tests.contract.house import MODELS, House
from tests.contract.sdks.every import SDKS


@streams
@clients()
def test_gpt_4o_mapped_to_gemini(house: House, sdk: str, stream: bool) -> None:
    reply = house.ask(sdk, "gemini", stream=stream, model="gpt-4o")
    assert reply.headers["x-mapped-model"] == "gemini-2.5-flash"
    assert reply.headers["x-account-email"] in ("gemini-1", "gemini-2")
    assert house.request.model == "gemini-2.5-flash"
    if SDKS[sdk].dialect != "gemini":
        assert reply.headers["x-gateway-mode"] == "translated"
        assert reply.model == "gpt-4o"


@streams
@providers
@clients()
def test_who_answered(house: House, sdk: str, provider: str, stream: bool) -> None:
    reply = house.ask(sdk, provider, stream=stream)
    assert reply.headers["x-mapped-model"] == MODELS[provider]
    assert reply.headers["x-account-email"] == house.request.key
    assert reply.headers["x-gateway-mode"] == mode_of(sdk, provider)
    assert reply.headers["x-request-id"]
    if stream:
        assert reply.headers["content-type"].startswith("text/event-stream")
        assert reply.headers["cache-control"] == "no-cache"
        assert reply.headers["x-accel-buffering"] == "no"


@providers
@pytest.mark.parametrize("sdk", ["openai-chat", "openai-responses", "anthropic"])
def test_no_client_credential_goes_on(house: House, sdk: str, provider: str) -> None:
    house.ask(sdk, provider, Ask())
    request = house.request
    assert "sk-contract" not in repr(request.headers)
    assert "sk-contract" not in request.path
    assert not {"cookie", "x-forwarded-for", "forwarded", "via"} & request.headers.keys()
    assert not any(name.startswith("x-stainless") for name in request.headers)
