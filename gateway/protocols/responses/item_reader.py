"""Input items to turns. What follows one another from the assistant (text, reasoning, calls) is one turn."""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Turn
from gateway.canon.parts import Opaque, Part, Refusal, Signature, Text, ToolCall, ToolResult
from gateway.protocols.responses.client_tools import BY_OUTPUT, output_text
from gateway.protocols.responses.item_parts import (
    CALLS,
    as_text,
    call_id_of,
    read_call,
    read_other,
    read_reasoning,
)
from gateway.protocols.responses.part_reader import OWN, read_content

_OUTPUTS = ("function_call_output", "custom_tool_call_output", *BY_OUTPUT)
_FROM_CLIENT = ("mcp_approval_response", "compaction_trigger", "additional_tools")


class ItemReader:
    """Reads one `input`; `turns` grows with every item."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self._grouped: Turn | None = None
        self._calls: dict[str, ToolCall] = {}
        self._aliases: dict[str, str] = {}
        self._signatures: dict[str, Signature] = {}
        self._unfinished: set[str] = set()

    def read(self, item: dict[str, Any]) -> None:
        kind = item.get("type")
        if kind == "message" or (kind is None and "role" in item):
            self._message(item)
        elif kind in CALLS:
            self._call(item)
        elif kind in _OUTPUTS:
            self._output(item, str(kind))
        elif kind == "reasoning":
            self._reasoning(item)
        else:
            from_client = kind in _FROM_CLIENT or (isinstance(kind, str) and kind.endswith("_output"))
            self._group("user" if from_client else "assistant", [read_other(item)])

    def _message(self, item: dict[str, Any]) -> None:
        role, content = item["role"], item.get("content")
        header = {key: value for key, value in item.items() if key not in ("role", "content")}
        own: dict[str, Any] = {"item": header}
        if isinstance(content, str):
            own["string"] = True
        if role != "assistant":
            self._grouped = None
            self.turns.append(Turn(role, read_content(content, "input_text"), extras={OWN: own}))
            return
        parts = read_content(content, "output_text")
        if not parts:
            return
        own["blocks"] = len(parts)
        if not isinstance(parts[0], Text | Refusal):
            parts.insert(0, Text(""))
            own["marker"] = True
        first = parts[0]
        assert isinstance(first, Text | Refusal)
        first.extras = {OWN: {**first.extras.get(OWN, {}), **own}}
        self._group("assistant", parts)

    def _call(self, item: dict[str, Any]) -> None:
        if item.get("status") == "incomplete":
            # The arguments of a call that was cut off need not be JSON; only OpenAI takes them back.
            self._unfinished.add(call_id_of(item))
            self._group("assistant", [Opaque(OWN, item)])
            return
        call = read_call(item)
        if isinstance(item.get("id"), str):
            self._aliases[item["id"]] = call.id
        call.signature = self._signatures.get(call.id)
        self._calls[call.id] = call
        self._group("assistant", [call])

    def _reasoning(self, item: dict[str, Any]) -> None:
        part, carried = read_reasoning(item)
        if carried is not None and carried.call_id is not None:
            call = self._calls.get(carried.call_id)
            if call is not None:
                call.signature = carried.signature
            self._signatures[carried.call_id] = carried.signature
            if not part.text:
                return
        self._group("assistant", [part])

    def _output(self, item: dict[str, Any], kind: str) -> None:
        told = call_id_of(item)
        call_id = told if told in self._calls else self._aliases.get(told, told)
        if call_id in self._unfinished:
            self._group("user", [Opaque(OWN, item)])
            return
        client, output = BY_OUTPUT.get(kind), item.get("output")
        parts: list[Part]
        if client is not None:
            parts = [Text(output_text(client, item))]
        elif isinstance(output, list):
            parts = read_content(output, "input_text")
        else:
            parts = [Text(as_text(output, ""))]
        call = self._calls.get(call_id)
        name = call.name if call is not None else None
        failed = client is not None and item.get("status") == "failed"
        self._group("user", [ToolResult(call_id, name, parts, failed, {OWN: {"raw": item}})])

    def _group(self, role: Any, parts: list[Part]) -> None:
        """Into the turn that is being gathered, or a new one."""
        if self._grouped is None or self._grouped.role != role:
            self._grouped = Turn(role, [])
            self.turns.append(self._grouped)
        self._grouped.parts += parts
