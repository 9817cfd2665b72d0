"""Whether a client's body is a Chat Completions request at all. The reader trusts a body that passed here.

https://platform.openai.com/docs/api-reference/chat/create
Unknown fields and unknown kinds of content parts and tools always pass; null counts as absent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.canon.fault import Malformed
from gateway.protocols.chat.check_parts import check_content
from gateway.protocols.chat.check_tools import check_named, check_tool_calls, check_tool_choice, check_tools
from gateway.protocols.chat.complaint import missing, needs_object, needs_string, wrong

_PLAIN = ("user", "assistant", "system", "developer")
_ROLES = frozenset({*_PLAIN, "tool", "function"})


def _number(param: str, value: Any) -> None:
    if type(value) is not float and type(value) is not int:
        raise wrong(param, "a number", value)


def check_integer(param: str, value: Any) -> None:
    if type(value) is not int and not (type(value) is float and value.is_integer()):
        raise wrong(param, "an integer", value)


def _positive(param: str, value: Any) -> None:
    check_integer(param, value)
    if value < 1:
        raise Malformed(param, f"Invalid '{param}': expected a value >= 1, but got {value} instead.")


def _candidates(param: str, value: Any) -> None:
    _positive(param, value)
    if value > 128:
        raise Malformed(param, f"Invalid '{param}': expected a value <= 128, but got {value} instead.")


def _boolean(param: str, value: Any) -> None:
    if type(value) is not bool:
        raise wrong(param, "a boolean", value)


def _string(param: str, value: Any) -> None:
    if type(value) is not str:
        raise wrong(param, "a string", value)


def _object(param: str, value: Any) -> None:
    if type(value) is not dict:
        raise wrong(param, "an object", value)


def _strings(param: str, value: Any) -> None:
    if type(value) is not list or any(type(item) is not str for item in value):
        raise wrong(param, "an array of strings", value)


def _stop(param: str, value: Any) -> None:
    if type(value) is not str and (type(value) is not list or any(type(item) is not str for item in value)):
        raise wrong(param, "a string or an array of strings", value)


def _stream_options(param: str, value: Any) -> None:
    _object(param, value)
    if value.get("include_usage") is not None:
        _boolean(f"{param}.include_usage", value["include_usage"])


def _thinking(param: str, value: Any) -> None:
    _object(param, value)
    if value.get("type") is not None:
        _string(f"{param}.type", value["type"])
    for field in ("budget_tokens", "budgetTokens"):
        if value.get(field) is not None:
            check_integer(f"{param}.{field}", value[field])
    if value.get("effort") is not None:
        _string(f"{param}.effort", value["effort"])


def _response_format(param: str, value: Any) -> None:
    _object(param, value)
    needs_string(f"{param}.type", value.get("type"))
    if value["type"] == "json_schema":
        inner: Any = value.get("json_schema")
        needs_object(f"{param}.json_schema", inner)
        for field, check in (("name", _string), ("description", _string), ("strict", _boolean)):
            if inner.get(field) is not None:
                check(f"{param}.json_schema.{field}", inner[field])
        if inner.get("schema") is not None:
            _object(f"{param}.json_schema.schema", inner["schema"])


def _function_call(param: str, value: Any) -> None:
    if value not in ("none", "auto"):
        check_named(param, value)


FIELDS: dict[str, Callable[[str, Any], None]] = {
    "stream": _boolean,
    "stream_options": _stream_options,
    "temperature": _number,
    "top_p": _number,
    "top_k": check_integer,
    "max_tokens": _positive,
    "max_completion_tokens": _positive,
    "n": _candidates,
    "stop": _stop,
    "seed": check_integer,
    "presence_penalty": _number,
    "frequency_penalty": _number,
    "logprobs": _boolean,
    "top_logprobs": check_integer,
    "tools": check_tools,
    "functions": check_tools,
    "tool_choice": check_tool_choice,
    "function_call": _function_call,
    "parallel_tool_calls": _boolean,
    "reasoning_effort": _string,
    "thinking": _thinking,
    "thinking_budget": check_integer,
    "response_format": _response_format,
    "verbosity": _string,
    "modalities": _strings,
    "user": _string,
    "prompt_cache_key": _string,
    "service_tier": _string,
    "web_search_options": _object,
}


def check_knobs(body: dict[str, Any], fields: dict[str, Callable[[str, Any], None]] = FIELDS) -> None:
    """The model and whichever of `fields` the body has; raises Malformed."""
    model = body.get("model")
    if type(model) is not str or not model:
        if model is None or model == "":
            raise Malformed("model", "You must provide a model parameter.")
        raise wrong("model", "a string", model)
    for field, value in body.items():
        if value is not None:
            check = fields.get(field)
            if check is not None:
                check(field, value)


def check_request(body: dict[str, Any]) -> None:
    """Raises Malformed with the JSON path of the first thing that is wrong."""
    check_knobs(body)
    messages = body.get("messages")
    if type(messages) is not list:
        if messages is None:
            raise missing("messages")
        raise wrong("messages", "an array of messages", messages)
    if not messages:
        raise Malformed("messages", "Invalid 'messages': empty array. Expected at least one message.")
    for number, message in enumerate(messages):
        if (
            type(message) is not dict
            or len(message) != 2
            or type(message.get("content")) is not str
            or message.get("role") not in _PLAIN
        ) and not _is_plain_result(message):
            _check_message(message, f"messages[{number}]")


def _is_plain_result(message: Any) -> bool:
    if type(message) is not dict or len(message) != 3 or message.get("role") != "tool":
        return False
    call_id = message.get("tool_call_id")
    return type(call_id) is str and call_id != "" and type(message.get("content")) is str


def _check_message(message: Any, where: str) -> None:
    if type(message) is not dict:
        raise wrong(where, "a message object", message)
    role: Any = message.get("role")
    if type(role) is not str or role not in _ROLES:
        needs_string(f"{where}.role", role)
        raise Malformed(
            f"{where}.role",
            f"Invalid value: '{role[:40]}'. Supported values are: 'system', 'assistant', 'user', 'function',"
            " 'tool', and 'developer'.",
        )
    content: Any = message.get("content")
    if type(content) is not str and (content is not None or role in ("system", "developer", "user")):
        check_content(content, f"{where}.content")
    if message.get("name") is not None or role == "function":
        needs_string(f"{where}.name", message.get("name"))
    if role == "assistant":
        for field in ("refusal", "reasoning_content"):
            if message.get(field) is not None:
                _string(f"{where}.{field}", message[field])
        check_tool_calls(message, where)
    elif role == "tool":
        needs_string(f"{where}.tool_call_id", message.get("tool_call_id"))
