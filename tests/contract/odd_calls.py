"""Tool calls as providers and hosts really send them, on each dialect's wire."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

Wanted = tuple[tuple[str, dict[str, Any]], ...]
THREE: Wanted = (("look", {"n": 0}), ("look", {"n": 1}), ("find", {"n": 2}))


@dataclass(frozen=True, slots=True)
class OddCalls:
    """`events` are the stream's JSON documents; the calls in them are `wanted`."""

    name: str
    dialect: str
    events: tuple[dict[str, Any], ...]
    wanted: Wanted = THREE

    @property
    def stream(self) -> bytes:
        done = b"data: [DONE]\n\n" if self.dialect == "chat" else b""
        return b"".join(map(self._event, self.events)) + done

    def _event(self, document: dict[str, Any]) -> bytes:
        name = f"event: {document['type']}\n" if self.dialect in ("anthropic", "responses") else ""
        return f"{name}data: {json.dumps(document)}\n\n".encode()


# Chat Completions: https://platform.openai.com/docs/api-reference/chat-streaming


def chat(name: str, *deltas: list[dict[str, Any]], wanted: Wanted = THREE, finish: str = "tool_calls") -> OddCalls:
    """Each list is the `tool_calls` of one chunk."""
    choices = [{"index": 0, "delta": {"tool_calls": delta}, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": finish})
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return OddCalls(name, "chat", tuple({**head, "choices": [choice]} for choice in choices), wanted)


def piece(index: int | None, arguments: Any, name: str | None = None, call_id: Any = None) -> dict[str, Any]:
    function = {"arguments": arguments, **({"name": name} if name is not None else {})}
    told: dict[str, Any] = {"function": function, **({"index": index} if index is not None else {})}
    return {**told, **({"id": call_id, "type": "function"} if call_id is not None else {})}


NAMES = ("look", "look", "find")
FIRST = [piece(n, "", NAMES[n], f"call_{n}") for n in range(3)]
WHOLE = [piece(n, json.dumps({"n": n}), NAMES[n], f"call_{n}") for n in range(3)]
CHAT = (
    chat(
        "ids in the first chunk only, pieces in turn",
        *([each] for each in FIRST),
        *([piece(n, '{"n"')] for n in (2, 0, 1)),
        *([piece(n, f":{n}}}")] for n in (1, 2, 0)),
    ),
    chat("all calls in one chunk", WHOLE),
    chat("pieces of several calls in one chunk", FIRST, [piece(n, f'{{"n":{n}}}') for n in (2, 1, 0)]),
    chat("without ids", *([piece(n, json.dumps({"n": n}), NAMES[n])] for n in range(3))),
    chat("empty ids", *([piece(n, json.dumps({"n": n}), NAMES[n], "")] for n in range(3))),
    chat("ids and names again in every chunk", *([{**each, "function": {**each["function"], "arguments": text}}]
         for n, each in enumerate(FIRST) for text in ('{"n":', f"{n}}}"))),
    chat("the same index for all", *([piece(0, json.dumps({"n": n}), NAMES[n], f"call_{n}")] for n in range(3))),
    chat("the same id for all", *([piece(n, json.dumps({"n": n}), NAMES[n], "call_x")] for n in range(3))),
    chat("without indexes", *([piece(None, json.dumps({"n": n}), NAMES[n], f"call_{n}")] for n in range(3))),
    chat("indexes from one", *([piece(n + 1, json.dumps({"n": n}), NAMES[n], f"call_{n}")] for n in range(3))),
    chat("arguments as an object", *([piece(n, {"n": n}, NAMES[n], f"call_{n}")] for n in range(3))),
    chat("finish says stop", WHOLE, finish="stop"),
    chat("no arguments", [piece(0, "", "look", "call_0")], [piece(1, None, "look", "call_1")],
         wanted=(("look", {}), ("look", {}))),
    chat("the higher index first", *([each] for each in reversed(WHOLE)), wanted=tuple(reversed(THREE))),
)  # fmt: skip

# Anthropic Messages: https://docs.anthropic.com/en/api/messages-streaming


def anthropic(name: str, *events: dict[str, Any], wanted: Wanted = THREE) -> OddCalls:
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}
    start = {"type": "message_start", "message": {**message, "stop_reason": None, "stop_sequence": None}}
    delta = {"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": None}, "usage": usage}
    return OddCalls(name, "anthropic", (start, *events, delta, {"type": "message_stop"}), wanted)


def block(index: int, given: Any = None, **more: Any) -> dict[str, Any]:
    use = {"type": "tool_use", "id": f"toolu_{index}", "name": NAMES[index], "input": given or {}, **more}
    return {"type": "content_block_start", "index": index, "content_block": use}


def partial(index: int, text: str) -> dict[str, Any]:
    delta = {"type": "input_json_delta", "partial_json": text}
    return {"type": "content_block_delta", "index": index, "delta": delta}


def stop(index: int) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


ANTHROPIC = (
    anthropic("blocks in turn", *map(block, range(3)), *(partial(n, '{"n"') for n in (2, 0, 1)),
              *(partial(n, f":{n}}}") for n in (1, 2, 0)), *map(stop, range(3))),
    anthropic("the input in the start", *(each for n in range(3) for each in (block(n, {"n": n}), stop(n)))),
    anthropic("without stops", *(each for n in range(3) for each in (block(n), partial(n, f'{{"n":{n}}}')))),
    anthropic("without ids", *(each for n in range(3)
              for each in (block(n, id=None), partial(n, f'{{"n":{n}}}'), stop(n)))),
    anthropic("the same id for all", *(each for n in range(3)
              for each in (block(n, id="toolu_x"), partial(n, f'{{"n":{n}}}'), stop(n)))),
    anthropic("no arguments", block(0), stop(0), block(1), partial(1, ""), stop(1),
              wanted=(("look", {}), ("look", {}))),
)  # fmt: skip

# Responses: https://platform.openai.com/docs/api-reference/responses-streaming


def responses(name: str, *events: dict[str, Any], wanted: Wanted = THREE, output: Any = None) -> OddCalls:
    done = [item(n, json.dumps(args), of=tool) for n, (tool, args) in enumerate(wanted)] if output is None else output
    head = {"id": "r", "object": "response", "created_at": 1, "model": "m", "error": None, "incomplete_details": None}
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    first = {"type": "response.created", "response": {**head, "status": "in_progress", "output": []}}
    closing = {
        "type": "response.completed",
        "response": {**head, "status": "completed", "output": done, "usage": usage},
    }
    numbered = ({**event, "sequence_number": number} for number, event in enumerate((first, *events, closing)))
    return OddCalls(name, "responses", tuple(numbered), wanted)


def item(index: int, arguments: str = "", of: str = "", **more: Any) -> dict[str, Any]:
    call = {"type": "function_call", "id": f"fc_{index}", "call_id": f"call_{index}", "name": of or NAMES[index]}
    return {**call, "arguments": arguments, "status": "completed", **more}


def added(index: int, **more: Any) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": index, "item": item(index, **more)}


def argued(index: int, text: str) -> dict[str, Any]:
    kind = "response.function_call_arguments.delta"
    return {"type": kind, "output_index": index, "item_id": f"fc_{index}", "delta": text}


def finished(index: int, **more: Any) -> dict[str, Any]:
    told = {"arguments": f'{{"n":{index}}}', **more}
    return {"type": "response.output_item.done", "output_index": index, "item": item(index, **told)}


RESPONSES = (
    responses("items in turn", *map(added, range(3)), *(argued(n, '{"n"') for n in (2, 0, 1)),
              *(argued(n, f":{n}}}") for n in (1, 2, 0)), *map(finished, range(3))),
    responses("whole items only", *map(finished, range(3))),
    responses("nothing before the end"),
    responses("no arguments", added(0), finished(0, arguments=""), added(1), finished(1, arguments="{}"),
              wanted=(("look", {}), ("look", {}))),
)  # fmt: skip

# Gemini: https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse


def gemini(name: str, *chunks: list[dict[str, Any]], wanted: Wanted = THREE, finish: str = "STOP") -> OddCalls:
    """Each list is the parts of one chunk."""
    candidates: list[dict[str, Any]] = [{"content": {"role": "model", "parts": parts}, "index": 0} for parts in chunks]
    candidates[-1]["finishReason"] = finish
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
    events = ({"candidates": [each], "usageMetadata": usage, "modelVersion": "m"} for each in candidates)
    return OddCalls(name, "gemini", tuple(events), wanted)


def function(index: int, **more: Any) -> dict[str, Any]:
    return {"functionCall": {"name": NAMES[index], "args": {"n": index}, **more}}


GEMINI = (
    gemini("all calls in one chunk", [function(n) for n in range(3)]),
    gemini("a chunk a call, then an empty one", *([function(n)] for n in range(3)), [{"text": ""}]),
    gemini("with ids", *([function(n, id=f"fc-{n}")] for n in range(3))),
    gemini("the same id for all", *([function(n, id="fc")] for n in range(3))),
    gemini("no arguments", [{"functionCall": {"name": "look"}}, {"functionCall": {"name": "look", "args": {}}}],
           wanted=(("look", {}), ("look", {}))),
)  # fmt: skip

ODD_CALLS = (*CHAT, *ANTHROPIC, *RESPONSES, *GEMINI)
