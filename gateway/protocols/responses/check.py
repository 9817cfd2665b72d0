"""What makes a Responses body malformed. `request_reader` runs the same check before it reads.

Unknown fields, item types and block types pass; wrong types, unknown roles and malformed known items do not.
https://platform.openai.com/docs/api-reference/responses/create
"""

from __future__ import annotations

from typing import Any

from gateway.canon.fault import Malformed
from gateway.protocols.media_url import check_media_url
from gateway.protocols.responses.client_tools import BY_CALL, BY_OUTPUT

ROLES = ("user", "assistant", "system", "developer")
TEXT_TYPES = ("input_text", "output_text", "text")
CONTEXT_FIELDS = ("prompt", "conversation", "previous_response_id")

_NUMBER = (int, float)
_FIELDS: dict[str, tuple[tuple[type, ...], str]] = {
    "model": ((str,), "a string"),
    "instructions": ((str, list), "a string"),
    "input": ((str, list), "a string or an array of items"),
    "stream": ((bool,), "a boolean"),
    "temperature": (_NUMBER, "a number"),
    "top_p": (_NUMBER, "a number"),
    "max_output_tokens": ((int,), "an integer"),
    "max_tool_calls": ((int,), "an integer"),
    "top_logprobs": ((int,), "an integer"),
    "parallel_tool_calls": ((bool,), "a boolean"),
    "store": ((bool,), "a boolean"),
    "background": ((bool,), "a boolean"),
    "tools": ((list,), "an array"),
    "tool_choice": ((str, dict), "a string or an object"),
    "reasoning": ((dict,), "an object"),
    "text": ((dict,), "an object"),
    "include": ((list,), "an array of strings"),
    "metadata": ((dict,), "an object"),
    "stream_options": ((dict,), "an object"),
    "previous_response_id": ((str,), "a string"),
    "prompt_cache_key": ((str,), "a string"),
    "safety_identifier": ((str,), "a string"),
    "user": ((str,), "a string"),
    "service_tier": ((str,), "a string"),
    "truncation": ((str,), "a string"),
}


def check_request(body: dict[str, Any]) -> None:
    """Raises Malformed with the JSON path of the first fault."""
    for field, value in body.items():
        rule = _FIELDS.get(field)
        if rule is not None and value is not None:
            types, wanted = rule
            if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
                raise Malformed(field, f"{field} must be {wanted}.")
    if not body.get("model"):
        raise Malformed("model", "model is required.")
    instructions = body.get("instructions")
    if type(instructions) is list:
        _check_items(instructions, "instructions")
    items = body.get("input")
    if not items and not instructions and not any(body.get(field) for field in CONTEXT_FIELDS):
        missing = "is required" if items is None else "must not be empty"
        raise Malformed("input", f"input {missing} (a string or an array of items).")
    if type(items) is list:
        _check_items(items, "input")
    if body.get("tools"):
        _check_tools(body["tools"], "tools")
    if body.get("tool_choice") is not None:
        _check_choice(body["tool_choice"])
    if body.get("text"):
        _check_text(body["text"])
    reasoning = body.get("reasoning")
    if reasoning:
        for field in ("effort", "summary"):
            if not isinstance(reasoning.get(field), str | None):
                raise Malformed(f"reasoning.{field}", f"reasoning.{field} must be a string.")
    if body.get("max_output_tokens") is not None and body["max_output_tokens"] < 1:
        raise Malformed("max_output_tokens", "max_output_tokens must be at least 1.")


def _check_items(items: list[Any], path: str) -> None:
    for number, item in enumerate(items):
        if not isinstance(item, dict):
            raise Malformed(f"{path}[{number}]", "An input item must be an object.")
        kind = item.get("type")
        if kind == "message" or (kind is None and "role" in item):
            if item.get("role") not in ROLES:
                raise Malformed(f"{path}[{number}].role", f"role must be one of {', '.join(ROLES)}.")
            content = item.get("content")
            if type(content) is not str:
                _check_content(content, f"{path}[{number}].content")
        elif isinstance(kind, str):
            check = _ITEMS.get(kind)
            if check is not None:
                check(item, f"{path}[{number}]")
        elif kind is not None or not isinstance(item.get("id"), str):
            raise Malformed(f"{path}[{number}].type", "An input item needs a type or a role.")


def _check_content(content: Any, path: str) -> None:
    if content is None:
        return
    if not isinstance(content, list):
        raise Malformed(path, "content must be a string or an array of content parts.")
    for number, part in enumerate(content):
        if not isinstance(part, dict) or not isinstance(part.get("type"), str):
            raise Malformed(f"{path}[{number}]", "A content part must be an object with a type.")
        kind = part["type"]
        if kind in TEXT_TYPES:
            if type(part.get("text")) is not str:
                raise Malformed(f"{path}[{number}].text", "text must be a string.")
        elif kind in _PARTS:
            _PARTS[kind](part, f"{path}[{number}]")


def _check_refusal(part: dict[str, Any], path: str) -> None:
    if not isinstance(part.get("refusal"), str):
        raise Malformed(f"{path}.refusal", "refusal must be a string.")


def _check_image(part: dict[str, Any], path: str) -> None:
    url = part.get("image_url")
    if isinstance(url, dict):
        url = url.get("url")
    if not isinstance(url, str) and not isinstance(part.get("file_id"), str):
        raise Malformed(f"{path}.image_url", "An image needs image_url (a string) or file_id.")
    if isinstance(url, str):
        check_media_url(url, f"{path}.image_url")


def _check_file(part: dict[str, Any], path: str) -> None:
    if not any(isinstance(part.get(field), str) for field in ("file_data", "file_url", "file_id")):
        raise Malformed(path, "A file needs file_data, file_url or file_id.")
    if isinstance(part.get("file_url"), str):
        check_media_url(part["file_url"], f"{path}.file_url")


def _check_audio(part: dict[str, Any], path: str) -> None:
    audio = part.get("input_audio")
    if not isinstance(audio, dict) or not isinstance(audio.get("data"), str):
        raise Malformed(f"{path}.input_audio", "input_audio must hold data (base64) and format.")


_PARTS = {
    "refusal": _check_refusal,
    "input_image": _check_image,
    "image_url": _check_image,
    "input_file": _check_file,
    "input_audio": _check_audio,
}


def _check_call_id(item: dict[str, Any], path: str) -> None:
    if not (isinstance(item.get("call_id"), str) or isinstance(item.get("id"), str)):
        raise Malformed(f"{path}.call_id", "call_id must be a string.")


def _check_function_call(item: dict[str, Any], path: str) -> None:
    _check_call_id(item, path)
    if not isinstance(item.get("name"), str) or not item["name"]:
        raise Malformed(f"{path}.name", "name must be a string.")
    if not isinstance(item.get("arguments"), str | dict | None):
        raise Malformed(f"{path}.arguments", "arguments must be a string holding JSON.")


def _check_custom_call(item: dict[str, Any], path: str) -> None:
    _check_call_id(item, path)
    if not isinstance(item.get("name"), str) or not item["name"]:
        raise Malformed(f"{path}.name", "name must be a string.")
    if not isinstance(item.get("input"), str | None):
        raise Malformed(f"{path}.input", "input must be a string.")


def _check_output(item: dict[str, Any], path: str) -> None:
    _check_call_id(item, path)
    output = item.get("output")
    if isinstance(output, list):
        _check_content(output, f"{path}.output")
    elif not isinstance(output, str | dict | None):
        raise Malformed(f"{path}.output", "output must be a string or an array of content parts.")


def _check_client_call(item: dict[str, Any], path: str) -> None:
    _check_call_id(item, path)
    field = BY_CALL[item["type"]].body
    if not isinstance(item.get(field), dict):
        raise Malformed(f"{path}.{field}", f"{field} must be an object.")


def _check_reasoning(item: dict[str, Any], path: str) -> None:
    if not isinstance(item.get("encrypted_content"), str | None):
        raise Malformed(f"{path}.encrypted_content", "encrypted_content must be a string.")
    for field in ("summary", "content"):
        entries = item.get(field)
        if entries is None:
            continue
        if not isinstance(entries, list):
            raise Malformed(f"{path}.{field}", f"{field} must be an array.")
        for number, entry in enumerate(entries):
            if not isinstance(entry, dict) or not isinstance(entry.get("text"), str):
                raise Malformed(f"{path}.{field}[{number}].text", "text must be a string.")


_ITEMS = {
    "function_call": _check_function_call,
    "custom_tool_call": _check_custom_call,
    "function_call_output": _check_output,
    "custom_tool_call_output": _check_output,
    "reasoning": _check_reasoning,
    **dict.fromkeys(BY_CALL, _check_client_call),
    **dict.fromkeys(BY_OUTPUT, _check_call_id),
}


def _check_tools(tools: list[Any], path: str) -> None:
    for number, tool in enumerate(tools):
        where = f"{path}[{number}]"
        if not isinstance(tool, dict) or not isinstance(tool.get("type"), str):
            raise Malformed(f"{where}.type", "A tool must be an object with a type.")
        kind = tool["type"]
        if kind not in ("function", "custom", "namespace"):
            continue
        nested = tool.get("function")
        named = nested if kind == "function" and isinstance(nested, dict) else tool
        if not isinstance(named.get("name"), str) or not named["name"]:
            raise Malformed(f"{where}.name", "A tool needs a name.")
        if kind == "function" and not isinstance(named.get("parameters"), dict | bool | None):
            raise Malformed(f"{where}.parameters", "parameters must be a JSON Schema object.")
        if not isinstance(named.get("description"), str | None):
            raise Malformed(f"{where}.description", "description must be a string.")
        if kind == "namespace":
            if not isinstance(tool.get("tools"), list):
                raise Malformed(f"{where}.tools", "A namespace needs an array of tools.")
            _check_tools(tool["tools"], f"{where}.tools")


def _check_choice(choice: Any) -> None:
    if isinstance(choice, str):
        if choice not in ("none", "auto", "required"):
            raise Malformed("tool_choice", "tool_choice must be none, auto, required or an object.")
        return
    kind = choice.get("type")
    if not isinstance(kind, str):
        raise Malformed("tool_choice.type", "tool_choice.type must be a string.")
    nested = choice.get("function")
    named = nested if isinstance(nested, dict) else choice
    if kind in ("function", "custom") and not isinstance(named.get("name"), str):
        raise Malformed("tool_choice.name", "tool_choice needs the name of a tool.")
    if kind == "allowed_tools" and not isinstance(choice.get("tools"), list):
        raise Malformed("tool_choice.tools", "tool_choice.tools must be an array.")


def _check_text(text: dict[str, Any]) -> None:
    if not isinstance(text.get("verbosity"), str | None):
        raise Malformed("text.verbosity", "text.verbosity must be a string.")
    form = text.get("format")
    if form is None:
        return
    if not isinstance(form, dict) or not isinstance(form.get("type"), str):
        raise Malformed("text.format", "text.format must be an object with a type.")
    if form["type"] == "json_schema" and not isinstance(form.get("schema"), dict | bool):
        raise Malformed("text.format.schema", "text.format.schema must be a JSON Schema object.")
