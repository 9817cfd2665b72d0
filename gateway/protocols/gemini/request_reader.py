"""generateContent bodies to a Dialogue.

https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Dialogue
from gateway.canon.fault import Malformed
from gateway.protocols.gemini import spelling
from gateway.protocols.gemini.check import check_request
from gateway.protocols.gemini.config_reader import read_config
from gateway.protocols.gemini.contents_reader import read_contents, read_system
from gateway.protocols.gemini.spelling import spelled
from gateway.protocols.gemini.tools_reader import read_tool_config, read_tools

_KNOWN = frozenset({"contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "model", "serviceTier"})


def read_request(body: dict[str, Any], model: str | None = None, stream: bool | None = None) -> Dialogue:
    """`model` and `stream` come from the URL (`models/{model}:streamGenerateContent`); raises Malformed."""
    check_request(body)
    body = spelled(body, spelling.BODY)
    asked = model or (body.get("model") or "").removeprefix("models/")
    if not asked:
        raise Malformed("model", "model is not specified: the path is models/{model}:generateContent")
    dialogue = Dialogue(asked, read_contents(body["contents"]), stream=bool(stream), include_usage=True)
    system = read_system(body.get("systemInstruction"))
    if system is not None:
        dialogue.turns.insert(0, system)
    extras = {field: value for field, value in body.items() if field not in _KNOWN and value is not None}
    if body.get("tools"):
        dialogue.tools = read_tools(body["tools"])
    if body.get("toolConfig"):
        dialogue.tool_choice, more = read_tool_config(body["toolConfig"])
        extras.update(more)
    if body.get("generationConfig"):
        extras.update(read_config(body["generationConfig"], dialogue))
    if body.get("serviceTier"):
        dialogue.service_tier = body["serviceTier"]
    if extras:
        dialogue.extras = {"gemini": extras}
    return dialogue
