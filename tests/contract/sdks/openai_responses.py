"""openai: client.responses."""

from __future__ import annotations

import json
from typing import Any, ClassVar, get_args

import httpx2
import openai
from openai import omit
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import Response, ResponseStreamEvent

from tests.contract.ask import Ask, Called, Reply, Results, Said, Shown, Turn, Unfinished, Use
from tests.contract.sdks.sdk import KEY, TIMEOUT_S, Heard

EVENTS = {
    get_args(kind.model_fields["type"].annotation)[0]: kind for kind in get_args(get_args(ResponseStreamEvent)[0])
}
ENDS = ("response.completed", "response.incomplete")


class StreamFailed(Exception):
    """The SDK hands `response.failed` on as an event; clients raise on it themselves."""


class OpenAIResponses:
    name = "openai-responses"
    dialect = "responses"
    able = frozenset(("system", "middle", "tools", "images", "schema", "thinking"))
    words: ClassVar = {
        "stop": ("completed",),
        "length": ("max_output_tokens",),
        "tool_calls": ("completed",),
        "content_filter": ("content_filter",),
    }
    error: type[Exception] = openai.APIStatusError
    broken: tuple[type[Exception], ...] = (StreamFailed, openai.APIError, httpx2.TransportError)

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
        response = self._streamed(asked) if stream else self.client.responses.create(**asked)
        Response.model_validate(response.to_dict())
        reply = Reply(model=response.model, headers=self.heard.headers)
        reply.finish = response.incomplete_details.reason if response.incomplete_details else response.status
        if response.usage is not None:
            reply.usage = (response.usage.input_tokens, response.usage.output_tokens)
        for item in response.output:
            match item.type:
                case "message":
                    for part in item.content:
                        if part.type == "refusal":
                            reply.refusal += part.refusal
                        else:
                            reply.text += part.text
                case "reasoning":
                    reply.thinking += "".join(part.text for part in item.summary or item.content or ())
                case "function_call":
                    reply.uses.append(Use(item.call_id, item.name, json.loads(item.arguments)))
        return reply

    def _streamed(self, asked: dict[str, Any]) -> Any:
        state: Any = ResponseStreamState(text_format=omit, input_tools=omit)
        last: Any = None
        words = ""
        for number, event in enumerate(self.client.responses.create(**asked, stream=True)):
            EVENTS[event.type].model_validate(event.to_dict())
            if event.type == "response.failed":
                raise StreamFailed(event.response.error)
            assert (event.type == "response.created") == (number == 0)
            if event.type == "response.output_text.delta":
                words += event.delta
            last = state.handle_event(event)[-1]
        if last is None or last.type not in ENDS:
            raise Unfinished(last)
        said = [part for item in last.response.output if item.type == "message" for part in item.content]
        assert "".join(part.text for part in said if part.type == "output_text") == words
        return last.response

    def status(self, error: Exception) -> int:
        assert isinstance(error, openai.APIStatusError)
        return error.status_code

    @staticmethod
    def request(ask: Ask, model: str) -> dict[str, Any]:
        asked: dict[str, Any] = {"model": model, "store": False}
        turns = list(ask.turns)
        if isinstance(turns[0], Said) and turns[0].role == "system":
            asked["instructions"] = turns.pop(0).text  # type: ignore[union-attr]
        asked["input"] = [item for turn in turns for item in _items(turn)]
        knobs = dict(ask.knobs)
        if "max_tokens" in knobs:
            asked["max_output_tokens"] = knobs.pop("max_tokens")
        asked |= knobs
        if ask.thinking:
            asked["reasoning"] = {"effort": "high", "summary": "auto"}
        if ask.tools:
            asked["tools"] = [
                {
                    "type": "function",
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.schema,
                    "strict": False,
                }
                for tool in ask.tools
            ]
        if ask.choice:
            plain = ask.choice in ("auto", "none", "required")
            asked["tool_choice"] = ask.choice if plain else {"type": "function", "name": ask.choice}
        if ask.schema is not None:
            form = {"type": "json_schema", "name": "answer", "strict": True, "schema": ask.schema}
            asked["text"] = {"format": form}
        return asked


def _items(turn: Turn) -> list[dict[str, Any]]:
    match turn:
        case Said(role, text):
            if role == "assistant":
                return [{"role": role, "content": text}]
            return [{"type": "message", "role": role, "content": [{"type": "input_text", "text": text}]}]
        case Shown(text, data, mime):
            picture = {"type": "input_image", "detail": "auto", "image_url": f"data:{mime};base64,{data}"}
            return [{"role": "user", "content": [{"type": "input_text", "text": text}, picture]}]
        case Called(uses):
            return [
                {"type": "function_call", "call_id": use.id, "name": use.name, "arguments": json.dumps(use.args)}
                for use in uses
            ]
        case Results(results):
            return [
                {"type": "function_call_output", "call_id": result.use.id, "output": result.text} for result in results
            ]
