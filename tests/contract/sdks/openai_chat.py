"""openai: client.chat.completions."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import httpx2
import openai
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests.contract.ask import Ask, Called, Reply, Result, Results, Said, Shown, Turn, Unfinished, Use
from tests.contract.sdks.sdk import KEY, TIMEOUT_S, Heard


class OpenAIChat:
    name = "openai-chat"
    dialect = "chat"
    able = frozenset(
        ("system", "middle", "tools", "images", "schema", "thinking", "stop", "seed", "penalties", "top_k")
    )
    words: ClassVar = {
        "stop": ("stop",),
        "length": ("length",),
        "tool_calls": ("tool_calls",),
        "content_filter": ("content_filter",),
    }
    error: type[Exception] = openai.APIStatusError
    broken: tuple[type[Exception], ...] = (openai.APIError, httpx2.TransportError)

    def __init__(self, url: str, key: str = KEY) -> None:
        self.heard = Heard()
        self.client = openai.OpenAI(
            base_url=f"{url}/v1",
            api_key=key,
            max_retries=0,
            timeout=TIMEOUT_S,
            http_client=openai.DefaultHttpxClient(event_hooks=self.heard.hooks),
        )

    def ask(self, ask: Ask, model: str, stream: bool) -> Reply:
        asked = self.request(ask, model)
        if stream:
            completion = self._streamed(asked)
        else:
            completion = self.client.chat.completions.create(**asked)
            ChatCompletion.model_validate(completion.to_dict(), strict=True)
        choice = completion.choices[0]
        message = choice.message
        used = completion.usage
        return Reply(
            text=message.content or "",
            thinking=getattr(message, "reasoning_content", None) or "",
            refusal=message.refusal or "",
            uses=[
                Use(call.id, call.function.name, json.loads(call.function.arguments))
                for call in message.tool_calls or ()
            ],
            finish=choice.finish_reason,
            usage=None if used is None else (used.prompt_tokens, used.completion_tokens),
            model=completion.model,
            headers=self.heard.headers,
        )

    def _streamed(self, asked: dict[str, Any]) -> Any:
        state: Any = ChatCompletionStreamState()
        finished = 0
        thinking = ""
        for chunk in self.client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}):
            ChatCompletionChunk.model_validate(chunk.to_dict(), strict=True)
            state.handle_chunk(chunk)
            for choice in chunk.choices:
                thinking += getattr(choice.delta, "reasoning_content", None) or ""
                finished += choice.finish_reason is not None
        if finished != 1:
            raise Unfinished(f"{finished} finish reasons")
        completion = state.current_completion_snapshot
        completion.choices[0].message.reasoning_content = thinking
        return completion

    def status(self, error: Exception) -> int:
        assert isinstance(error, openai.APIStatusError)
        return error.status_code

    @staticmethod
    def request(ask: Ask, model: str) -> dict[str, Any]:
        asked: dict[str, Any] = {"model": model, "messages": [item for turn in ask.turns for item in _messages(turn)]}
        knobs = dict(ask.knobs)
        top_k = knobs.pop("top_k", None)
        asked |= knobs
        if top_k is not None:
            asked["extra_body"] = {"top_k": top_k}
        if ask.thinking:
            asked["reasoning_effort"] = "high"
        if ask.tools:
            asked["tools"] = [
                {
                    "type": "function",
                    "function": {"name": tool.name, "description": tool.description, "parameters": tool.schema},
                }
                for tool in ask.tools
            ]
        if ask.choice:
            plain = ask.choice in ("auto", "none", "required")
            asked["tool_choice"] = ask.choice if plain else {"type": "function", "function": {"name": ask.choice}}
        if ask.schema is not None:
            asked["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": ask.schema},
            }
        return asked


def _messages(turn: Turn) -> list[dict[str, Any]]:
    match turn:
        case Said(role, text):
            return [{"role": role, "content": text}]
        case Shown(text, data, mime):
            url = f"data:{mime};base64,{data}"
            parts = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": url}}]
            return [{"role": "user", "content": parts}]
        case Called(uses):
            calls = [
                {"id": use.id, "type": "function", "function": {"name": use.name, "arguments": json.dumps(use.args)}}
                for use in uses
            ]
            return [{"role": "assistant", "content": None, "tool_calls": calls}]
        case Results(results):
            return [_result(result) for result in results]


def _result(result: Result) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": result.use.id, "content": result.text}
