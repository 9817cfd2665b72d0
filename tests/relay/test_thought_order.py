"""failures.md row 64: thinking after text, several thinking blocks, signatures alone or late: what comes back to its
author stands in the order and with the seals it had, whichever protocol the client keeps it in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateways import InProcess, Provider, config_for
from tests.relay.faithful import Faithful
from tests.relay.signing_claude import message, streamed
from tests.scripted import gemini
from tests.scripted.script import Script, text
from tests.scripted.upstream import ScriptedUpstream

FORMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
KEEPING = pytest.mark.parametrize("protocol", ["messages", "responses", "gemini"])
"""Chat Completions has one place for reasoning and none for seals: there the gateway's memory of the call helps."""
CALL = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"n": 1}}
CLAUDE: dict[str, list[dict[str, Any]]] = {
    "thinking after text": [
        {"type": "thinking", "thinking": "first \u2028", "signature": "RXFRQgo+/A=="},
        {"type": "text", "text": "so"},
        {"type": "thinking", "thinking": "then", "signature": "RXFRQgo+/B=="},
        CALL,
    ],
    "several blocks": [
        {"type": "thinking", "thinking": "one", "signature": "RXFRQgo+/A=="},
        {"type": "redacted_thinking", "data": "RW1zS0JnZ0M="},
        {"type": "thinking", "thinking": "two", "signature": "RXFRQgo+/B=="},
        {"type": "text", "text": "so"},
        CALL,
    ],
    "a seal without text": [{"type": "thinking", "thinking": "", "signature": "RXFRQgo+/A=="}, CALL],
    "the text first": [
        {"type": "text", "text": "so"},
        {"type": "redacted_thinking", "data": "RW1zS0JnZ0M="},
        CALL,
    ],
}


@FORMS
@KEEPING
@pytest.mark.parametrize("case", CLAUDE)
def test_row_64_claudes_blocks(protocol: str, stream: bool, case: str) -> None:
    blocks = CLAUDE[case]
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, "anthropic"))) as gateway:
        body = streamed("m", blocks) if stream else json.dumps(message("m", blocks)).encode()
        up.play(Script(body=body, content_type="text/event-stream" if stream else ""), text("done"))
        loop = Faithful(protocol, stream, "claude-sonnet-4-5")
        assert loop.ask(gateway).status == 200 and loop.ask(gateway).status == 200
        assert up.asked()[-1].body["messages"][1] == {"role": "assistant", "content": blocks}


def called(signature: str | None = None, **more: Any) -> dict[str, Any]:
    part: dict[str, Any] = {"functionCall": {"name": "look", "args": {"n": 1}, "id": "fc-1"}, **more}
    return part if signature is None else {**part, "thoughtSignature": signature}


THOUGHT = {"text": "hm", "thought": True}
GEMINI: dict[str, list[dict[str, Any]]] = {
    "a thought after text": [{"text": "so"}, THOUGHT, called("R2Vt+/A=")],
    "a signature alone at the end": [THOUGHT, {"text": "so"}, {"text": "", "thoughtSignature": "R2Vt+/B="}],
    "one on the call and one after it": [THOUGHT, called("R2Vt+/A="), {"text": "", "thoughtSignature": "R2Vt+/B="}],
    "a signed text": [{"text": "so", "thoughtSignature": "R2Vt+/C="}],
}


@FORMS
@pytest.mark.parametrize("protocol", ["messages", "responses"])
@pytest.mark.parametrize("case", GEMINI)
def test_row_64_geminis_parts(protocol: str, stream: bool, case: str) -> None:
    """Its unsigned thoughts need not come back, and do not."""
    parts = GEMINI[case]
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, "gemini"))) as gateway:
        chunks = [parts] if not stream else [[part] for part in parts]
        candidates: list[dict[str, Any]] = [{"content": {"role": "model", "parts": each}} for each in chunks]
        candidates[-1]["finishReason"] = "STOP"
        documents = [{"candidates": [each], "modelVersion": "m"} for each in candidates]
        body = b"".join(map(gemini.sse, documents)) if stream else json.dumps(documents[0]).encode()
        up.play(Script(body=body, content_type="text/event-stream" if stream else ""), text("done"))
        loop = Faithful(protocol, stream, "gemini-2.5-flash")
        assert loop.ask(gateway).status == 200
        if loop.history[-1].get("role") != "user" and loop.history[-1].get("type") != "function_call_output":
            loop.history.append({"role": "user", "content": "go on"})
        assert loop.ask(gateway).status == 200
        returned = up.asked()[-1].body["contents"][1]["parts"]
        assert _sealed(returned) == _sealed(parts)


def _sealed(parts: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    """What each part that is no thought says, with its signature; one on an empty text belongs to the text before."""
    told: list[tuple[str, str | None]] = []
    for part in parts:
        said = part["functionCall"]["name"] if "functionCall" in part else part["text"]
        if said == "" and told and told[-1][1] is None:
            told[-1] = (told[-1][0], part.get("thoughtSignature"))
        elif not part.get("thought") or "thoughtSignature" in part:
            told.append((said, part.get("thoughtSignature")))
    return told


@pytest.mark.parametrize("protocol", ["messages", "gemini"])
def test_row_64_openais_sealed_reasoning(protocol: str) -> None:
    """`encrypted_content` comes back with its item, before the call it led to."""
    sealed = "gAAAAABo+/8="
    output = [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": sealed},
        {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "look", "arguments": '{"n":1}'},
    ]
    document = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": "completed"}
    document |= {"output": output, "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}}
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, "responses"))) as gateway:
        up.play(Script(body=json.dumps(document).encode()), text("done"))
        loop = Faithful(protocol, False, "gpt-5.5")
        assert loop.ask(gateway).status == 200 and loop.ask(gateway).status == 200
        items = up.asked()[-1].body["input"]
    kinds = [(item.get("type"), item.get("encrypted_content")) for item in items]
    assert kinds[1:] == [("reasoning", sealed), ("function_call", None), ("function_call_output", None)]
