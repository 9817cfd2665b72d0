"""Fields and blocks that nobody knows yet: pass-through keeps every byte, translated they end in the loss report, in
strict mode they are a 400 and nothing is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.doors import PAIRS, Doors
from tests.contract.parameters.probe import MODELS

NEW = {"a": [1.50, 1e2, 12345678901234567890], "b": "ж\u2028"}
SCHEMA = {"type": "object", "properties": {}}
CALLED = {
    "chat": [
        {"role": "assistant", "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}, "brandNew": NEW}]},
        {"role": "tool", "tool_call_id": "c", "content": "1", "brandNew": NEW},
    ],
    "responses": [
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}", "brandNew": NEW},
        {"type": "function_call_output", "call_id": "c", "output": "1", "brandNew": NEW},
    ],
    "anthropic": [
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "c", "name": "f", "input": {}, "brandNew": NEW}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "1", "brandNew": NEW}]},
    ],
    "gemini": [
        {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}, "brandNew": NEW}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"a": 1}, "brandNew": NEW}}]},
    ],
}  # fmt: skip
TURNS = {"chat": "messages", "responses": "input", "anthropic": "messages", "gemini": "contents"}


def body(protocol: str, provider: str, *more: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """One user turn that says "hello" and holds the parts `more`, with `fields` at the top."""
    text = "input_text" if protocol == "responses" else "text"
    if protocol == "gemini":
        return {"contents": [{"role": "user", "parts": [{"text": "hello"}, *more]}], **fields}
    turn = {"role": "user", "content": [{"type": text, "text": "hello"}, *more]}
    limit = {"max_tokens": 100} if protocol == "anthropic" else {}
    return {"model": MODELS[provider], **limit, TURNS[protocol]: [turn], **fields}


def tools(protocol: str, **more: Any) -> list[dict[str, Any]]:
    match protocol:
        case "chat":
            return [{"type": "function", "function": {"name": "f", "parameters": SCHEMA, **more}}]
        case "responses":
            return [{"type": "function", "name": "f", "parameters": SCHEMA, **more}]
        case "anthropic":
            return [{"name": "f", "input_schema": SCHEMA, **more}]
    return [{"functionDeclarations": [{"name": "f", **more}]}]


def case(protocol: str, provider: str, where: str) -> dict[str, Any]:
    """A request with something unknown `where`."""
    match where:
        case "top":
            return body(protocol, provider, brandNew=NEW)
        case "turn":
            asked = body(protocol, provider)
            asked[TURNS[protocol]][0]["brandNew"] = NEW
            return asked
        case "part":
            asked = body(protocol, provider)
            (said,) = asked[TURNS[protocol]][0]["parts" if protocol == "gemini" else "content"]
            said["brandNew"] = NEW
            return asked
        case "tool":
            return body(protocol, provider, tools=tools(protocol, brandNew=NEW))
        case "call and result":
            asked = body(protocol, provider, tools=tools(protocol))
            asked[TURNS[protocol]] += CALLED[protocol]
            return asked
        case "block":
            return body(
                protocol, provider, {"hologram": NEW} if protocol == "gemini" else {"type": "hologram", "x": NEW}
            )
        case "built-in tool":
            found = tools(protocol)
            found.append(
                {"hologram": NEW} if protocol == "gemini" else {"type": "hologram", "name": "hologram", "x": NEW}
            )
            return body(protocol, provider, tools=found)
    raise AssertionError(where)


PLACES = ("top", "turn", "part", "tool", "call and result", "block", "built-in tool")


@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("protocol", MODELS)
def test_row_10_pass_through_keeps_every_byte(doors: Doors, protocol: str, where: str, strict: bool) -> None:
    raw = json.dumps(case(protocol, protocol, where), ensure_ascii=False, indent=1).encode()
    reply = doors.send(protocol, protocol, raw, strict=strict)
    assert (reply.status, reply.headers["x-gateway-mode"]) == (200, "passthrough")
    assert doors.up.asked()[0].raw == raw
    assert "x-gateway-lossy" not in reply.headers


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize(("protocol", "provider"), PAIRS)
def test_row_10_translated_it_is_in_the_loss_report(doors: Doors, protocol: str, provider: str, where: str) -> None:
    reply = doors.send(protocol, provider, json.dumps(case(protocol, provider, where)).encode())
    assert (reply.status, reply.told.text) == (200, "ok")
    sent = json.dumps(doors.up.asked()[0].body)
    assert "hello" in sent and "12345678901234567890" not in sent
    told = reply.headers["x-gateway-lossy"].split(", ")
    if where == "block":
        turn = {"responses": "input[]", "gemini": "contents[]"}.get(protocol, "messages[]")
        assert len(told) == 1 and told[0] in (turn, f"{turn}.content[]", f"{turn}.parts[]")
    elif where == "built-in tool":
        assert any(each.startswith("tools[1]") for each in told)
    else:
        assert sum(each.rpartition(".")[2] == "brandNew" for each in told) == len(told) >= 1


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize(("protocol", "provider"), PAIRS)
def test_row_10_strict_refuses_it(doors: Doors, protocol: str, provider: str, where: str) -> None:
    reply = doors.send(protocol, provider, json.dumps(case(protocol, provider, where)).encode(), strict=True)
    assert reply.status == 400
    assert "strict mode" in reply.json["error"]["message"]
    assert doors.up.asked() == []
