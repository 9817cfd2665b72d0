"""What a provider refuses becomes the SDK's own typed exception, once no other account can help."""

from __future__ import annotations

import anthropic
import openai
import pytest
from google.genai import errors

from tests.contract.ask import Ask
from tests.contract.cases import clients, mode_of, providers, streams
from tests.contract.house import ASSIST, MODELS, WORN, House
from tests.contract.sdks.every import SDKS
from tests.scripted.script import failing, text

OPENAI: dict[int, type[Exception]] = {
    400: openai.BadRequestError,
    404: openai.NotFoundError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
    503: openai.InternalServerError,
    529: openai.InternalServerError,
}
TYPES: dict[str, dict[int, type[Exception]]] = {
    "chat": OPENAI,
    "responses": OPENAI,
    "completions": OPENAI,
    "anthropic": {
        400: anthropic.BadRequestError,
        404: anthropic.NotFoundError,
        429: anthropic.RateLimitError,
        500: anthropic.InternalServerError,
        503: anthropic.APIStatusError,
        529: anthropic.APIStatusError,
    },
    "gemini": {
        400: errors.ClientError,
        404: errors.ClientError,
        429: errors.ClientError,
        500: errors.ServerError,
        503: errors.ServerError,
        529: errors.ServerError,
    },
}


@pytest.mark.parametrize(
    ("status", "stream"),
    [*((each, False) for each in (400, 404, 429, 500, 503, 529)), *((each, True) for each in (400, 429, 529))],
)
@providers
@clients()
def test_13_a_refusal_keeps_its_status(house: House, sdk: str, provider: str, stream: bool, status: int) -> None:
    house.up.play(failing(status, f"the provider says {status}"))
    with pytest.raises(TYPES[SDKS[sdk].dialect][status]) as raised:
        house.ask(sdk, provider, stream=stream)
    told = 503 if status == 529 and sdk != "anthropic" else status
    assert house.sdks[sdk].status(raised.value) == told
    assert f"the provider says {status}" in str(raised.value)
    tried = [request.key for request in house.up.asked()]
    assert len(set(tried)) == len(tried) == (1 if status == 400 else 2), "every account, unless the request is at fault"


@streams
@providers
@clients()
def test_a_refused_account_is_not_the_client_s_fault(house: House, sdk: str, provider: str, stream: bool) -> None:
    """A 401 would tell people that their own key is wrong, and some clients log out."""
    house.up.play(failing(401, "invalid x-api-key"))
    with pytest.raises(SDKS[sdk].error) as raised:
        house.ask(sdk, provider, stream=stream, model=WORN[provider])
    assert house.sdks[sdk].status(raised.value) == 503
    assert len(house.up.asked()) == (4 if provider == ASSIST else 2), "both accounts, or renewed tokens too"


@streams
@providers
@clients()
def test_another_account_answers_unseen(house: House, sdk: str, provider: str, stream: bool) -> None:
    house.up.play(failing(500), text("from the other one"))
    assert house.ask(sdk, provider, stream=stream).text == "from the other one"
    assert len({request.key for request in house.up.asked()}) == 2


@streams
@clients()
def test_a_wrong_key(house: House, sdk: str, stream: bool) -> None:
    stranger = SDKS[sdk](house.gateway.url, "sk-wrong")
    with pytest.raises(SDKS[sdk].error) as raised:
        stranger.ask(Ask(), MODELS["chat"], stream)
    assert stranger.status(raised.value) == 401
    if SDKS[sdk].dialect != "gemini":
        assert type(raised.value).__name__ == "AuthenticationError"
    assert house.up.asked() == []


@streams
@clients()
def test_a_model_nobody_serves(house: House, sdk: str, stream: bool) -> None:
    with pytest.raises(SDKS[sdk].error) as raised:
        house.ask(sdk, "chat", stream=stream, model="no-such-model")
    assert house.sdks[sdk].status(raised.value) == 404
    assert "no-such-model" in str(raised.value)


@providers
@clients()
def test_retry_after_reaches_the_client(house: House, sdk: str, provider: str) -> None:
    house.up.play(failing(429, retry_after="7"))
    with pytest.raises(SDKS[sdk].error):
        house.ask(sdk, provider)
    assert 1 <= int(house.sdks[sdk].heard.headers["retry-after"]) <= 7


@providers
@clients()
def test_an_error_names_the_model_that_was_asked(house: House, sdk: str, provider: str) -> None:
    house.up.play(failing(400))
    with pytest.raises(SDKS[sdk].error):
        house.ask(sdk, provider)
    heard = house.sdks[sdk].heard.headers
    assert heard["x-mapped-model"] == MODELS[provider]
    assert heard["x-request-id"]
    assert heard["x-gateway-mode"] == mode_of(sdk, provider)
