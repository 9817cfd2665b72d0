"""Log probabilities come whole in every pair of protocols that has them, whole and streamed, as the SDKs read them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.genai import types
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response

from gateway.protocols import chat, gemini, responses
from gateway.protocols.dialect import Asked, Dialect
from gateway.protocols.sse import SSEReader
from gateway.protocols.token_logprobs import read_entries, write_content

TOP = [{"token": "hi", "logprob": -0.5, "bytes": [104, 105]}, {"token": "å", "logprob": -2.5, "bytes": [195, 165]}]
ENTRY = {**TOP[0], "top_logprobs": TOP}
SHORT = {key: value for key, value in ENTRY.items() if key != "bytes"}


def said(provider: str, stream: bool) -> list[dict[str, Any]]:
    """The documents of a provider's answer "hi"."""
    if provider == "chat":
        kind, told = "delta" if stream else "message", {"content": [ENTRY], "refusal": None}
        message = {"role": "assistant", "content": "hi"}
        choice = {"index": 0, kind: message, "logprobs": told, "finish_reason": "stop"}
        return [{"id": "c", "model": "m", "choices": [choice]}]
    if provider == "gemini":
        pairs = [{"token": each["token"], "logProbability": each["logprob"]} for each in TOP]
        result = {"chosenCandidates": pairs[:1], "topCandidates": [{"candidates": pairs}]}
        parts = [{"text": "hm", "thought": True}, {"text": "h"}, {"text": "i"}]
        return [{"candidates": [{"content": {"parts": parts}, "finishReason": "STOP", "logprobsResult": result}]}]
    part = {"type": "output_text", "text": "hi", "annotations": [], "logprobs": [ENTRY]}
    item = {"id": "m", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
    whole = {"id": "resp_1", "status": "completed", "output": [item]}
    if not stream:
        return [whole]
    place = {"item_id": "m", "output_index": 0, "content_index": 0}
    return [
        {"type": "response.output_item.added", "output_index": 0, "item": {**item, "content": []}},
        {"type": "response.output_text.delta", **place, "delta": "hi", "logprobs": [SHORT]},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    ]


def heard(provider: Dialect, client: Dialect, stream: bool) -> list[dict[str, Any]]:
    documents, asked = said(provider.name, stream), Asked("m")
    if not stream:
        return [json.loads(client.write_answer(provider.read_answer(documents[0], None), asked))]
    reader, writer = provider.answer_reader(None), client.answer_writer(asked)
    data = b"".join(b"data: " + json.dumps(document).encode() + b"\n\n" for document in documents)
    written = writer.write(reader.feed(data + b"data: [DONE]\n\n")) + writer.write(reader.close())
    return [json.loads(event) for _, event in SSEReader().feed(written) if event != b"[DONE]"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("provider", [chat.DIALECT, responses.DIALECT, gemini.DIALECT], ids=lambda each: each.name)
class TestEveryPair:
    def test_chat(self, provider: Dialect, stream: bool) -> None:
        kind: Any = ChatCompletionChunk if stream else ChatCompletion
        entries = []
        for document in heard(provider, chat.DIALECT, stream):
            for choice in kind.model_validate(document).choices:
                entries += choice.logprobs.content if choice.logprobs else []
        assert [entry.to_dict() for entry in entries] == [ENTRY]

    def test_responses(self, provider: Dialect, stream: bool) -> None:
        last = heard(provider, responses.DIALECT, stream)[-1]
        answer: Any = Response.model_validate(last["response"] if stream else last)
        (message,) = [item for item in answer.output if item.type == "message"]
        assert [entry.to_dict() for entry in message.content[0].logprobs] == [ENTRY]

    def test_gemini(self, provider: Dialect, stream: bool) -> None:
        told = heard(provider, gemini.DIALECT, stream)
        chunks: Any = [types.GenerateContentResponse.model_validate(document) for document in told]
        found = [chunk.candidates[0].logprobs_result for chunk in chunks if chunk.candidates]
        (result,) = [each for each in found if each is not None]
        assert [(each.token, each.log_probability) for each in result.chosen_candidates] == [("hi", -0.5)]
        assert [each.token for each in result.top_candidates[0].candidates] == ["hi", "å"]


def test_entries() -> None:
    assert read_entries([SHORT]) == read_entries({"content": [ENTRY], "refusal": None}) == [ENTRY]
    for nothing in ({"content": None}, [], "x", [1, {}]):
        assert read_entries(nothing) is None
    assert write_content(None) is None
