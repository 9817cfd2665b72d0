"""What a Messages request must look like; the one place that says no, for translated and passed bodies.

https://docs.anthropic.com/en/api/messages. Unknown fields and unknown block types are never an error: clients
and betas are ahead of us, and Claude Code answers every 400 by sending the request again with fewer features.
"""

from __future__ import annotations

import re
from typing import Any

from gateway.canon.fault import Malformed
from gateway.protocols.anthropic.errors import NO_THREADS
from gateway.protocols.media_url import check_media_url

ROLES = frozenset(("user", "assistant", "system"))
TOOL_CHOICES = frozenset(("auto", "any", "tool", "none"))
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=_\-\s]")


def check_request(body: dict[str, Any]) -> None:
    """Raises Malformed for the first thing wrong; about 30 us for 100 messages."""
    if body.get("thread") is not None:
        # Its SDK then sends the whole conversation at once; ignored, the next turn would come without the earlier ones.
        raise Malformed("thread", "conversations are not kept here: send all messages", code=NO_THREADS)
    check_prompt(body)
    _number(body, "max_tokens", whole=True)
    _number(body, "temperature")
    _number(body, "top_p")
    _number(body, "top_k", whole=True)
    stream = body.get("stream")
    if stream is not None and type(stream) is not bool:
        raise Malformed("stream", "stream must be true or false")
    stops = body.get("stop_sequences")
    if stops is not None:
        if type(stops) is not list:
            raise Malformed("stop_sequences", "stop_sequences must be a list of strings")
        for number, stop in enumerate(stops):
            if type(stop) is not str:
                raise Malformed(f"stop_sequences[{number}]", "a stop sequence must be a string")
    _object(body, "metadata")
    metadata = body.get("metadata")
    if metadata:
        _string(metadata, "user_id", "metadata.")
    _string(body, "service_tier")
    output = _object(body, "output_config")
    if output:
        _string(output, "effort", "output_config.")
        _format(_object(output, "format", "output_config."))


def check_prompt(body: dict[str, Any]) -> None:
    """The fields count_tokens shares with a request: model, system, messages, tools, thinking."""
    model = body.get("model")
    if type(model) is not str or not model:
        raise Malformed("model", "model is required and must be a string")
    system = body.get("system")
    if system is not None and type(system) is not str:
        if type(system) is not list:
            raise Malformed("system", "system must be a string or a list of text blocks")
        _blocks(system, "system")
    messages = body.get("messages")
    if type(messages) is not list:
        raise Malformed("messages", "messages is required and must be a list")
    if not messages:
        raise Malformed("messages", "messages must hold at least one message")
    for number, message in enumerate(messages):
        if type(message) is not dict:
            raise Malformed(f"messages[{number}]", "a message must be an object")
        role = message.get("role")
        if type(role) is not str or role not in ROLES:
            raise Malformed(f"messages[{number}].role", "role must be 'user', 'assistant' or 'system'")
        content = message.get("content")
        if type(content) is str:
            continue
        if type(content) is not list:
            raise Malformed(f"messages[{number}].content", "content must be a string or a list of blocks")
        for block in content:
            if type(block) is not dict or block.get("type") != "text" or type(block.get("text")) is not str:
                _blocks(content, f"messages[{number}].content")
                break
    tools = body.get("tools")
    if tools is not None:
        _tools(tools)
    choice = _object(body, "tool_choice")
    if choice is not None:
        _choice(choice)
    thinking = _object(body, "thinking")
    if thinking is not None:
        _thinking(thinking)


def _blocks(blocks: list[Any], path: str) -> None:
    for number, block in enumerate(blocks):
        if type(block) is not dict:
            raise Malformed(f"{path}[{number}]", "a content block must be an object")
        kind = block.get("type")
        if type(kind) is not str:
            raise Malformed(f"{path}[{number}].type", "a content block needs a type")
        check = _BLOCKS.get(kind)
        if check is not None:
            check(block, f"{path}[{number}]")


def _text(block: dict[str, Any], path: str) -> None:
    if type(block.get("text")) is not str:
        raise Malformed(f"{path}.text", "text must be a string")


def _thinking_block(block: dict[str, Any], path: str) -> None:
    if type(block.get("thinking")) is not str:
        raise Malformed(f"{path}.thinking", "thinking must be a string")
    _string(block, "signature", f"{path}.")


def _redacted(block: dict[str, Any], path: str) -> None:
    if type(block.get("data")) is not str:
        raise Malformed(f"{path}.data", "data must be a string")


def _tool_use(block: dict[str, Any], path: str) -> None:
    for field in ("id", "name"):
        if type(block.get(field)) is not str or not block[field]:
            raise Malformed(f"{path}.{field}", f"{field} must be a string")
    if type(block.get("input", {})) not in (dict, type(None)):
        raise Malformed(f"{path}.input", "input must be an object")


def _tool_result(block: dict[str, Any], path: str) -> None:
    if type(block.get("tool_use_id")) is not str or not block["tool_use_id"]:
        raise Malformed(f"{path}.tool_use_id", "tool_use_id must be a string")
    if type(block.get("is_error")) not in (bool, type(None)):
        raise Malformed(f"{path}.is_error", "is_error must be true or false")
    content = block.get("content")
    if type(content) is list:
        _blocks(content, f"{path}.content")
    elif content is not None and type(content) is not str:
        raise Malformed(f"{path}.content", "content must be a string or a list of blocks")


_SOURCE_FIELD = {"base64": "data", "url": "url", "file": "file_id", "text": "data"}


def _media(block: dict[str, Any], path: str) -> None:
    source = block.get("source")
    if type(source) is not dict:
        raise Malformed(f"{path}.source", "source must be an object")
    kind = source.get("type")
    if type(kind) is not str:
        raise Malformed(f"{path}.source.type", "source needs a type")
    field = _SOURCE_FIELD.get(kind)
    if field is not None:
        value = source.get(field)
        if type(value) is not str or (not value and kind != "text"):
            raise Malformed(f"{path}.source.{field}", f"{field} must be a string that is not empty")
        if kind == "base64" and _NOT_BASE64.search(value):
            raise Malformed(f"{path}.source.data", "data is not base64")
        if kind == "url":
            check_media_url(value, f"{path}.source.url")
        _string(source, "media_type", f"{path}.source.")
    for name in ("title", "context"):
        _string(block, name, f"{path}.")


_BLOCKS = {
    "text": _text,
    "thinking": _thinking_block,
    "redacted_thinking": _redacted,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
    "image": _media,
    "document": _media,
}


def _tools(tools: Any) -> None:
    if type(tools) is not list:
        raise Malformed("tools", "tools must be a list")
    for number, tool in enumerate(tools):
        path = f"tools[{number}]"
        if type(tool) is not dict:
            raise Malformed(path, "a tool must be an object")
        kind = tool.get("type")
        if kind is not None and type(kind) is not str:
            raise Malformed(f"{path}.type", "type must be a string")
        if kind in (None, "custom"):
            if type(tool.get("name")) is not str or not tool["name"]:
                raise Malformed(f"{path}.name", "a tool needs a name")
            _string(tool, "description", f"{path}.")
            if type(tool.get("input_schema")) not in (dict, bool, type(None)):
                raise Malformed(f"{path}.input_schema", "input_schema must be a JSON Schema object")
            if type(tool.get("strict")) not in (bool, type(None)):
                raise Malformed(f"{path}.strict", "strict must be true or false")


def _choice(choice: dict[str, Any]) -> None:
    kind = choice.get("type")
    if type(kind) is not str or kind not in TOOL_CHOICES:
        raise Malformed("tool_choice.type", "tool_choice.type must be 'auto', 'any', 'tool' or 'none'")
    if kind == "tool" and (type(choice.get("name")) is not str or not choice["name"]):
        raise Malformed("tool_choice.name", "tool_choice of type 'tool' needs a name")
    if type(choice.get("disable_parallel_tool_use")) not in (bool, type(None)):
        raise Malformed("tool_choice.disable_parallel_tool_use", "it must be true or false")


def _thinking(thinking: dict[str, Any]) -> None:
    kind = thinking.get("type")
    if type(kind) is not str:
        raise Malformed("thinking.type", "thinking needs a type")
    if kind == "enabled":
        budget = thinking.get("budget_tokens")
        if type(budget) is not int or budget < 1:
            raise Malformed("thinking.budget_tokens", "budget_tokens must be a positive number of tokens")
    _string(thinking, "display", "thinking.")


def _format(output: dict[str, Any] | None) -> None:
    if output is None:
        return
    if type(output.get("type")) is not str:
        raise Malformed("output_config.format.type", "format needs a type")
    if output["type"] == "json_schema" and type(output.get("schema")) is not dict:
        raise Malformed("output_config.format.schema", "schema must be a JSON Schema object")


def _number(body: dict[str, Any], field: str, whole: bool = False) -> None:
    value = body.get(field)
    if value is None:
        return
    if whole:
        if type(value) is not int or value < 0:
            raise Malformed(field, f"{field} must be a whole number, not negative")
    elif type(value) not in (int, float):
        raise Malformed(field, f"{field} must be a number")


def _string(body: dict[str, Any], field: str, path: str = "") -> None:
    if type(body.get(field)) not in (str, type(None)):
        raise Malformed(f"{path}{field}", f"{field} must be a string")


def _object(body: dict[str, Any], field: str, path: str = "") -> dict[str, Any] | None:
    value = body.get(field)
    if value is not None and type(value) is not dict:
        raise Malformed(f"{path}{field}", f"{field} must be an object")
    return value
