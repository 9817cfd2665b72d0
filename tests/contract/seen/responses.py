"""A recorded responses request."""

from __future__ import annotations

import json
from typing import Any

from openai.types.responses.response_create_params import ResponseCreateParams
from pydantic import TypeAdapter

from tests.contract.ask import Use
from tests.contract.seen.seen import Seen, SeenResult

REQUEST: TypeAdapter[Any] = TypeAdapter(ResponseCreateParams)
KNOBS = {"temperature": "temperature", "top_p": "top_p", "max_output_tokens": "max_tokens"}


def read(body: dict[str, Any]) -> Seen:
    items = body["input"]
    if isinstance(items, str):
        items = [{"role": "user", "content": items}]
    REQUEST.validate_python({**body, "input": [_with_output_fields(item) for item in items]})
    seen = Seen()
    if body.get("instructions"):
        seen.instructions.append(body["instructions"])
    previous = ""
    for item in items:
        kind = item.get("type", "message")
        if kind == "message":
            _message(item, seen)
        elif kind == "function_call":
            seen.uses.append(Use(item["call_id"], item["name"], json.loads(item["arguments"])))
        elif kind == "function_call_output":
            if previous != kind:
                seen.rounds.append([])
            seen.rounds[-1].append(SeenResult(item["call_id"], "", _text(item["output"])))
        previous = kind
    seen.knobs = {known: body[name] for name, known in KNOBS.items() if name in body}
    for tool in body.get("tools") or ():
        seen.tools[tool["name"]] = tool.get("parameters")
    choice = body.get("tool_choice", "")
    seen.choice = choice if isinstance(choice, str) else choice["name"]
    form = (body.get("text") or {}).get("format") or {}
    seen.schema = form.get("schema")
    return seen


def _with_output_fields(item: dict[str, Any]) -> dict[str, Any]:
    """The SDK's type of an assistant message in parts is the one of outputs; the API takes the easy form as well."""
    if item.get("role") != "assistant" or isinstance(item["content"], str):
        return item
    content = [{"annotations": [], **part} for part in item["content"]]
    return {**item, "id": "msg_1", "status": "completed", "content": content}


def _message(item: dict[str, Any], seen: Seen) -> None:
    text = _text(item["content"])
    if item["role"] in ("system", "developer"):
        seen.instructions.append(text)
        return
    if text:
        seen.turns.append((item["role"], text))
    for part in item["content"] if isinstance(item["content"], list) else ():
        if part["type"] == "input_image":
            mime, _, data = part["image_url"].removeprefix("data:").partition(";base64,")
            seen.pictures.append((mime, data))


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return content or ""
