"""Embeddings as the OpenAI and google-genai SDKs see them, over both kinds of provider."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from google import genai
from google.genai import types

from tests.gateways import InProcess, Provider, config_for
from tests.scripted.embeddings import EmbeddingUpstream, vector_of

MODELS = {"chat": "openai-embed", "responses": "responses-embed", "gemini": "gecko-embed"}
MAPPED = {"mapped-o": ["openai-embed"], "mapped-g": ["gecko-embed"], "chain": ["gecko-embed", "openai-embed"]}


def config(up: EmbeddingUpstream, **tables: Any) -> str:
    url: Any = up
    providers = [Provider(url, each, models=(name,), keys=("key-1", "key-2")) for each, name in MODELS.items()]
    return config_for(*providers, Provider(url, "anthropic", models=("claude-m",)), chain=MAPPED, **tables)


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[EmbeddingUpstream, InProcess]]:
    with EmbeddingUpstream() as up, InProcess(config(up)) as gateway:
        yield up, gateway


@pytest.fixture
def up(running: tuple[EmbeddingUpstream, InProcess]) -> EmbeddingUpstream:
    running[0].requests.clear()
    running[0].answers.clear()
    running[1].revive()
    return running[0]


@pytest.fixture
def gateway(running: tuple[EmbeddingUpstream, InProcess]) -> InProcess:
    return running[1]


def sdk(gateway: InProcess, path: str = "/v1") -> openai.OpenAI:
    return openai.OpenAI(base_url=gateway.url + path, api_key="any", max_retries=0, timeout=20)


def google(gateway: InProcess, **asked: Any) -> Any:
    client = genai.Client(api_key="any", http_options=types.HttpOptions(base_url=gateway.url, timeout=20_000))
    return client.models.embed_content(**asked)


def post(gateway: InProcess, path: str, body: Any) -> Any:
    return gateway.post(path, json.dumps(body).encode()).reply()


models = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())


@models
@pytest.mark.parametrize("form", [openai.omit, "float", "base64"], ids=["default", "float", "base64"])
def test_openai_asks(up: EmbeddingUpstream, gateway: InProcess, model: str, form: Any) -> None:
    made = sdk(gateway).embeddings.create(model=model, input=["alpha", "be", "c"], dimensions=8, encoding_format=form)
    by_place = sorted(made.data, key=lambda each: each.index)
    expected: list[Any] = [vector_of(text, number, 8) for number, text in enumerate(("alpha", "be", "c"))]
    if form == "base64":
        assert all(isinstance(each.embedding, str) for each in made.data)
    else:
        assert [list(each.embedding) for each in by_place] == expected
    assert made.model == model and made.usage.prompt_tokens == made.usage.total_tokens == 5
    assert gateway.records[-1].input_tokens == 5 and gateway.records[-1].ended == "complete"


@models
def test_one_text(up: EmbeddingUpstream, gateway: InProcess, model: str) -> None:
    raw = sdk(gateway).embeddings.with_raw_response.create(model=model, input="hello")
    assert list(raw.parse().data[0].embedding) == vector_of("hello", 0, None)
    assert raw.headers["x-mapped-model"] == model and raw.headers["x-account-email"] in ("key-1", "key-2")
    assert raw.headers["x-gateway-mode"] == ("translated" if model == "gecko-embed" else "passthrough")
    assert raw.headers["x-request-id"]
    if model == "gecko-embed":
        assert up.requests[0][0] == "/v1beta/models/gecko-embed:embedContent"


def test_many_texts_for_gemini_go_in_batches(up: EmbeddingUpstream, gateway: InProcess) -> None:
    texts = [f"{number} text" for number in range(250)]
    made = sdk(gateway).embeddings.create(model="gecko-embed", input=texts, encoding_format="float")
    assert [len(body["requests"]) for body in up.bodies()] == [100, 100, 50]
    assert [each.embedding[2] for each in made.data] == [*range(100), *range(100), *range(50)]
    assert [each.index for each in made.data] == list(range(250)) and made.usage.prompt_tokens == 15


def test_tokens_pass_to_openai_and_are_refused_for_gemini(up: EmbeddingUpstream, gateway: InProcess) -> None:
    for given in ([1, 2, 3], [[1, 2], [3]]):
        tokens: Any = given
        sdk(gateway).embeddings.create(model="openai-embed", input=tokens)
        assert up.bodies()[-1]["input"] == given
        with pytest.raises(openai.BadRequestError, match="send the text") as refused:
            sdk(gateway).embeddings.create(model="gecko-embed", input=tokens)
        assert refused.value.param in ("input", "input[0]")
    assert len(up.requests) == 2 and gateway.alive()


def test_openais_own_bytes_pass_through(up: EmbeddingUpstream, gateway: InProcess) -> None:
    raw = b'{"model": "mapped-o",  "input": ["a"], "odd": {"x": 1}}'
    answer = b'{"object":"list","data":[{"index":0,"embedding":[1.5]}],"model":"own","extra":[1]}'
    up.answers.append((200, answer))
    reply = gateway.post("/v1/embeddings", raw).reply()
    assert reply.body == answer and reply.headers["x-mapped-model"] == "openai-embed"
    assert up.bodies() == [{"model": "openai-embed", "input": ["a"], "odd": {"x": 1}}]


@models
def test_google_asks(up: EmbeddingUpstream, gateway: InProcess, model: str) -> None:
    made = google(
        gateway,
        model=model,
        contents=["alpha", "be"],
        config=types.EmbedContentConfig(output_dimensionality=6, task_type="RETRIEVAL_QUERY"),
    )
    assert made.embeddings is not None
    assert [each.values for each in made.embeddings] == [vector_of("alpha", 0, 6), vector_of("be", 1, 6)]


@models
def test_one_content(up: EmbeddingUpstream, gateway: InProcess, model: str) -> None:
    body = {"content": {"parts": [{"text": "hello"}]}, "output_dimensionality": 5, "task_type": "CLUSTERING"}
    for path in ("/v1beta", "/gemini/v1beta", "/v1"):
        reply = post(gateway, f"{path}/models/{model}:embedContent", body)
        assert reply.status == 200 and reply.json["embedding"]["values"][:2] == [5.0, 104.0]
        lossy = reply.headers.get("x-gateway-lossy")
        assert lossy == (None if model == "gecko-embed" else "taskType")
    if model != "gecko-embed":
        assert reply.json["usageMetadata"] == {"promptTokenCount": 5}


def test_a_mapped_name_reaches_every_request_of_a_batch(up: EmbeddingUpstream, gateway: InProcess) -> None:
    made = google(gateway, model="mapped-g", contents=["a", "b"])
    assert made.embeddings is not None and len(made.embeddings) == 2
    path, headers, body = up.requests[0]
    assert path == "/v1beta/models/gecko-embed:batchEmbedContents" and headers["x-goog-api-key"] in ("key-1", "key-2")
    assert {each["model"] for each in body["requests"]} == {"models/gecko-embed"}


@pytest.mark.parametrize("asked", ["openai-embed", "gecko-embed", "responses-embed"])
@pytest.mark.parametrize(
    "failure",
    [
        (500, b'{"error":{"message":"down"}}'),
        (429, b'{"error":{"message":"slow"}}'),
        (200, b"<html>"),
        (200, b"{}"),
        (200, b'{"data":[{"index":0,"embedding":null}],"embeddings":[{}]}'),
        (200, b'{"error":{"message":"overloaded","code":503}}'),
    ],
)
def test_another_account_answers(
    up: EmbeddingUpstream, gateway: InProcess, asked: str, failure: tuple[int, bytes]
) -> None:
    up.answers.append(failure)
    made = sdk(gateway).embeddings.create(model=asked, input="hello")
    assert list(made.data[0].embedding) == vector_of("hello", 0, None) and len(up.requests) == 2
    assert len(gateway.records[-1].attempts) == 2 and gateway.alive()


def test_another_kind_of_provider_answers(up: EmbeddingUpstream, gateway: InProcess) -> None:
    up.answers += [(500, b"{}"), (500, b"{}")]
    made = sdk(gateway).embeddings.create(model="chain", input="hello")
    assert made.model == "openai-embed" and up.requests[-1][0] == "/v1/embeddings"


def test_the_last_error_is_told_natively(up: EmbeddingUpstream, gateway: InProcess) -> None:
    up.answers += [(400, b'{"error":{"message":"too long","type":"invalid_request_error"}}')]
    with pytest.raises(openai.BadRequestError, match="too long"):
        sdk(gateway).embeddings.create(model="openai-embed", input="x")
    up.answers += [(503, b'{"error":{"message":"down"}}')] * 3
    with pytest.raises(genai.errors.ServerError, match="down"):
        google(gateway, model="openai-embed", contents="x")


def test_a_missing_vector_is_no_answer(up: EmbeddingUpstream, gateway: InProcess) -> None:
    up.answers += [(200, b'{"embeddings":[{"values":[1]}]}')] * 3
    with pytest.raises(openai.InternalServerError, match="lacks embeddings"):
        sdk(gateway).embeddings.create(model="gecko-embed", input=["a", "b"])


def test_usage_is_estimated_where_none_is_told() -> None:
    with EmbeddingUpstream(usage=False) as up, InProcess(config(up)) as gateway:
        reply = post(gateway, "/v1/embeddings", {"model": "gecko-embed", "input": "The quick brown fox jumps."})
        assert 4 <= reply.json["usage"]["prompt_tokens"] <= 10 and reply.headers["x-token-count"] == "estimate"
        reply = post(gateway, "/v1/embeddings", {"model": "openai-embed", "input": "x"})
        assert "x-token-count" not in reply.headers


def test_a_client_may_get_base64_from_a_host_that_sends_it_unasked(up: EmbeddingUpstream, gateway: InProcess) -> None:
    up.answers.append((200, b'{"data":[{"index":0,"embedding":"AACAPwAAAEA="}]}'))
    reply = post(gateway, "/v1beta/models/openai-embed:embedContent", {"content": {"parts": [{"text": "x"}]}})
    assert reply.json["embedding"]["values"] == [1.0, 2.0]


@pytest.mark.parametrize("path", ["/openai/v1", "", "/v1/v1"])
def test_other_paths(up: EmbeddingUpstream, gateway: InProcess, path: str) -> None:
    assert sdk(gateway, path).embeddings.create(model="gecko-embed", input="x").data


def test_who_has_no_embeddings_says_so(up: EmbeddingUpstream, gateway: InProcess) -> None:
    for model, words in (("nobody", "served by no configured upstream"), ("claude-m", "has no embeddings")):
        with pytest.raises(openai.NotFoundError, match=words) as missing:
            sdk(gateway).embeddings.create(model=model, input="x")
        assert missing.value.code == "model_not_found"
        with pytest.raises(genai.errors.ClientError, match=words):
            google(gateway, model=model, contents="x")
    with InProcess("") as embedded:
        with pytest.raises(openai.NotFoundError, match="served by embedded, which has no embeddings"):
            sdk(embedded).embeddings.create(model="text-embedding-3-small", input="x")
        reply = post(embedded, "/openai/v1/embeddings", {"model": "any", "input": "x"})
        assert reply.status == 404 and reply.headers["content-type"] == "application/problem+json"
        with pytest.raises(genai.errors.ClientError, match="has no embeddings"):
            google(embedded, model="any", contents="x")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"model": "m"}, "input"),
        ({"model": "m", "input": []}, "input"),
        ({"model": "m", "input": ""}, "input"),
        ({"model": "m", "input": {"a": 1}}, "input"),
        ({"model": "m", "input": ["a", 1]}, "input"),
        ({"model": "m", "input": [True]}, "input"),
        ({"model": "m", "input": [["a"]]}, "input[0]"),
        ({"model": "m", "input": "x", "encoding_format": "hex"}, "encoding_format"),
        ({"model": "m", "input": "x", "dimensions": 0}, "dimensions"),
        ({"model": "m", "input": "x", "dimensions": "3"}, "dimensions"),
        ({"input": "x"}, "model"),
    ],
)
def test_malformed_openai_bodies(up: EmbeddingUpstream, gateway: InProcess, body: Any, param: str) -> None:
    reply = post(gateway, "/v1/embeddings", body)
    assert (reply.status, reply.json["error"]["param"]) == (400, param) and not up.requests


@pytest.mark.parametrize(
    ("method", "body", "words"),
    [
        ("embedContent", {}, "content"),
        ("embedContent", {"content": {"parts": []}}, "content"),
        ("embedContent", {"content": {"parts": [1]}}, "content.parts"),
        ("embedContent", {"content": {"parts": [{"text": "x"}]}, "outputDimensionality": "9"}, "outputDimensionality"),
        ("batchEmbedContents", {"content": {"parts": [{"text": "x"}]}}, "requests"),
        ("batchEmbedContents", {"requests": []}, "requests"),
        ("batchEmbedContents", {"requests": ["x"]}, "requests[0]"),
        ("batchEmbedContents", {"requests": [{"content": {}}]}, "requests[0].content"),
    ],
)
def test_malformed_gemini_bodies(up: EmbeddingUpstream, gateway: InProcess, method: str, body: Any, words: str) -> None:
    for model in ("gecko-embed", "openai-embed"):
        reply = post(gateway, f"/v1beta/models/{model}:{method}", body)
        assert reply.status == 400 and reply.json["error"]["status"] == "INVALID_ARGUMENT"
        assert words in reply.json["error"]["message"] and not up.requests


def test_what_cannot_be_embedded_elsewhere_is_refused(up: EmbeddingUpstream, gateway: InProcess) -> None:
    picture = {"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "AA=="}}]}}
    reply = post(gateway, "/v1beta/models/openai-embed:embedContent", picture)
    assert reply.status == 400 and "only text" in reply.json["error"]["message"]
    each = {"content": {"parts": [{"text": "x"}]}}
    mixed = {"requests": [{**each, "outputDimensionality": 4}, each]}
    reply = post(gateway, "/v1beta/models/openai-embed:batchEmbedContents", mixed)
    assert reply.status == 400 and gateway.alive() and not up.requests


def test_strict_refuses_what_would_be_lost() -> None:
    with EmbeddingUpstream() as up, InProcess(config(up, server={"strict": True})) as gateway:
        body = {"content": {"parts": [{"text": "x"}]}, "taskType": "CLUSTERING"}
        reply = post(gateway, "/v1beta/models/openai-embed:embedContent", body)
        assert reply.status == 400 and "taskType" in reply.json["error"]["message"] and not up.requests
        assert post(gateway, "/v1beta/models/gecko-embed:embedContent", body).status == 200
