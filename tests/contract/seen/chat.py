"""A recorded chat.completions request."""

from __future__ import annotations

import json
from typing import Any

from openai.types.chat.completion_create_params import CompletionCreateParams
from pydantic import TypeAdapter

from tests.contract.ask import Use
from tests.contract.seen.seen import Seen, SeenResult

REQUEST: TypeAdapter[Any] = TypeAdapter(CompletionCreateParams)
KNOBS = ("temperature", "top_p", "top_k", "stop", "max_tokens", "seed", "presence_penalty", "frequency_penalty")


def read(body: dict[str, Any]) -> Seen:
    REQUEST.validate_python(body)
    seen = Seen()
    previous = ""
    for message in body["messages"]:
        role, content = message["role"], message.get("content")
        if role in ("system", "developer"):
            seen.instructions.append(_text(content))
        elif role == "tool":
            if previous != "tool":
                seen.rounds.append([])
            seen.rounds[-1].append(SeenResult(message["tool_call_id"], "", _text(content)))
        else:
            if _text(content):
                seen.turns.append((role, _text(content)))
            for part in content if isinstance(content, list) else ():
                if part["type"] == "image_url":
                    mime, _, data = part["image_url"]["url"].removeprefix("data:").partition(";base64,")
                    seen.pictures.append((mime, data))
            for call in message.get("tool_calls") or ():
                function = call["function"]
                seen.uses.append(Use(call["id"], function["name"], json.loads(function["arguments"])))
        previous = role
    seen.knobs = {name: body[name] for name in KNOBS if name in body}
    if isinstance(seen.knobs.get("stop"), str):
        seen.knobs["stop"] = [seen.knobs["stop"]]
    for tool in body.get("tools") or ():
        seen.tools[tool["function"]["name"]] = tool["function"].get("parameters")
    choice = body.get("tool_choice", "")
    seen.choice = choice if isinstance(choice, str) else choice["function"]["name"]
    form = body.get("response_format") or {}
    seen.schema = (form.get("json_schema") or {}).get("schema")
    return seen


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return content or ""
