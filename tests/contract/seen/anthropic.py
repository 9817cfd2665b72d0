"""A recorded messages request."""

from __future__ import annotations

from typing import Any

from anthropic.types.message_create_params import MessageCreateParams
from pydantic import TypeAdapter

from tests.contract.ask import Use
from tests.contract.seen.seen import Seen, SeenResult

REQUEST: TypeAdapter[Any] = TypeAdapter(MessageCreateParams)
KNOBS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "max_tokens": "max_tokens",
    "stop_sequences": "stop",
}
CHOICES = {"auto": "auto", "none": "none", "any": "required"}


def read(body: dict[str, Any]) -> Seen:
    REQUEST.validate_python(body)
    seen = Seen()
    system = body.get("system")
    if isinstance(system, str):
        seen.instructions.append(system)
    seen.instructions += [block["text"] for block in system or () if isinstance(block, dict)]
    roles = [message["role"] for message in body["messages"]]
    assert roles[0] == "user", "the first message must be the user's"
    for message in body["messages"]:
        _message(message, seen)
    seen.knobs = {known: body[name] for name, known in KNOBS.items() if name in body}
    for tool in body.get("tools") or ():
        if "input_schema" in tool:  # a tool that runs at the provider has none
            seen.tools[tool["name"]] = tool["input_schema"]
    choice = body.get("tool_choice")
    if choice:
        seen.choice = CHOICES.get(choice["type"]) or choice["name"]
    seen.schema = ((body.get("output_config") or {}).get("format") or {}).get("schema")
    return seen


def _message(message: dict[str, Any], seen: Seen) -> None:
    role, content = message["role"], message["content"]
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    results: list[SeenResult] = []
    text = ""
    for number, block in enumerate(blocks):
        match block["type"]:
            case "text":
                text += block["text"]
            case "image":
                seen.pictures.append((block["source"]["media_type"], block["source"]["data"]))
            case "tool_use":
                seen.uses.append(Use(block["id"], block["name"], block["input"]))
            case "tool_result":
                assert number == len(results), "results come first in their message"
                said = block.get("content") or ""
                if isinstance(said, list):
                    said = "".join(part.get("text", "") for part in said)
                results.append(SeenResult(block["tool_use_id"], "", said, bool(block.get("is_error"))))
    if results:
        seen.rounds.append(results)
    if not text:
        return
    if role == "system":
        seen.instructions.append(text)
    else:
        seen.turns.append((role, text))
