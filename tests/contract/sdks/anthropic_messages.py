"""anthropic: client.messages."""

from __future__ import annotations

from typing import Any, ClassVar

import anthropic
import httpx2
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter

from tests.contract.ask import Ask, Called, Reply, Result, Results, Said, Shown, Turn, Unfinished, Use
from tests.contract.sdks.sdk import KEY, TIMEOUT_S, Heard

EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
CHOICES = {"auto": {"type": "auto"}, "none": {"type": "none"}, "required": {"type": "any"}}


class AnthropicMessages:
    name = "anthropic"
    dialect = "anthropic"
    able = frozenset(("system", "middle", "tools", "images", "schema", "thinking", "stop", "top_k", "failed results"))
    words: ClassVar = {
        "stop": ("end_turn",),
        "length": ("max_tokens",),
        "tool_calls": ("tool_use",),
        "content_filter": ("refusal",),
    }
    error: type[Exception] = anthropic.APIStatusError
    broken: tuple[type[Exception], ...] = (anthropic.APIError, httpx2.TransportError)

    def __init__(self, url: str, key: str = KEY) -> None:
        self.heard = Heard()
        self.client = anthropic.Anthropic(
            base_url=url,
            api_key=key,
            max_retries=0,
            timeout=TIMEOUT_S,
            http_client=anthropic.DefaultHttpxClient(event_hooks=self.heard.hooks),
        )

    def ask(self, ask: Ask, model: str, stream: bool) -> Reply:
        asked = self.request(ask, model)
        message = self._streamed(asked) if stream else self.client.messages.create(**asked)
        Message.model_validate(message.to_dict())
        reply = Reply(finish=message.stop_reason, model=message.model, headers=self.heard.headers)
        reply.usage = (message.usage.input_tokens, message.usage.output_tokens)
        for block in message.content:
            match block.type:
                case "text":
                    reply.text += block.text
                case "thinking":
                    reply.thinking += block.thinking
                case "tool_use":
                    reply.uses.append(Use(block.id, block.name, block.input))
        return reply

    def _streamed(self, asked: dict[str, Any]) -> Any:
        message: Any = None
        buffers: dict[int, bytes] = {}
        last = ""
        for event in self.client.messages.create(**asked, stream=True):
            EVENT.validate_python(event.to_dict())
            message = accumulate_event(event=event, current_snapshot=message, json_bufs=buffers)
            last = event.type
        if last != "message_stop":
            raise Unfinished(last)
        for block in message.content:
            if block.type == "tool_use" and block.input == "":
                block.input = {}
        return message

    def status(self, error: Exception) -> int:
        assert isinstance(error, anthropic.APIStatusError)
        return error.status_code

    @staticmethod
    def request(ask: Ask, model: str) -> dict[str, Any]:
        """Sampling knobs go in the extra body: this SDK has dropped them, its older versions and others send them."""
        turns = list(ask.turns)
        system = []
        while isinstance(turns[0], Said) and turns[0].role in ("system", "developer"):
            system.append({"type": "text", "text": turns.pop(0).text})  # type: ignore[union-attr]
        knobs = dict(ask.knobs)
        asked: dict[str, Any] = {
            "model": model,
            "max_tokens": knobs.pop("max_tokens", 4096),
            "messages": [_message(turn) for turn in turns],
        }
        if system:
            asked["system"] = system
        if "stop" in knobs:
            asked["stop_sequences"] = knobs.pop("stop")
        if knobs:
            asked["extra_body"] = knobs
        if ask.thinking:
            asked["thinking"] = {"type": "enabled", "budget_tokens": 2048}
        if ask.tools:
            asked["tools"] = [
                {"name": tool.name, "description": tool.description, "input_schema": tool.schema} for tool in ask.tools
            ]
        if ask.choice:
            asked["tool_choice"] = CHOICES.get(ask.choice, {"type": "tool", "name": ask.choice})
        if ask.schema is not None:
            asked["output_config"] = {"format": {"type": "json_schema", "schema": ask.schema}}
        return asked


def _message(turn: Turn) -> dict[str, Any]:
    match turn:
        case Said(role, text):
            return {"role": "system" if role == "developer" else role, "content": text}
        case Shown(text, data, mime):
            source = {"type": "base64", "media_type": mime, "data": data}
            return {"role": "user", "content": [{"type": "text", "text": text}, {"type": "image", "source": source}]}
        case Called(uses):
            blocks = [{"type": "tool_use", "id": use.id, "name": use.name, "input": use.args} for use in uses]
            return {"role": "assistant", "content": blocks}
        case Results(results):
            return {"role": "user", "content": [_result(result) for result in results]}


def _result(result: Result) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "tool_result", "tool_use_id": result.use.id, "content": result.text}
    return {**block, "is_error": True} if result.failed else block
