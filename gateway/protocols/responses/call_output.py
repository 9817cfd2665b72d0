"""Tool calls as they are written: function_call, custom_tool_call, and the tools the client runs."""

from __future__ import annotations

from typing import Any

from gateway.canon.parts import Signature, ToolCall
from gateway.protocols.responses.carried import carry_call
from gateway.protocols.responses.client_tools import CLIENT_TOOLS, call_item
from gateway.protocols.responses.item_output import Item, Out
from gateway.protocols.responses.response_object import new_id
from gateway.protocols.responses.tool_names import Called
from gateway.protocols.wire_json import JSONDecodeError, loads_told


class CallItem(Item):
    """A call of a function, a custom tool or a tool the client runs.

    It is announced with its first arguments, so that the seal another provider put on it can go before it.
    Where the provider only knows functions but the client asked for a custom or client tool, the arguments
    are held back until they are whole and then turned into what the client knows.
    """

    def __init__(self, out: Out, part: ToolCall, called: Called | None) -> None:
        self._out = out
        self._part = part
        if called is None or part.freeform:
            name, namespace = (called.name, called.namespace) if called else (part.name, None)
            called = Called("custom" if part.freeform else "function", name, namespace)
        self._called = called
        self._kind = self._called.kind
        self._signature = part.signature
        self._texts: list[str] = []
        self._index: int | None = None
        self._id = ""
        self._held = self._kind != "function" and not (self._kind == "custom" and part.freeform)
        self._signed = False
        if part.arguments:
            self.text(part.arguments, None)

    def _announce(self) -> int:
        if self._index is None:
            self._carry_signature()
            self._id = new_id("ctc_" if self._kind == "custom" else "fc_")
            self._index = self._out.add(self._item("", "in_progress"))
        return self._index

    def _carry_signature(self) -> None:
        if self._signature is None or self._signed:
            return
        sealed = carry_call(self._signature, self._part.id)
        if sealed is None:
            return
        self._signed = True
        item = {"id": new_id("rs_"), "type": "reasoning", "summary": [], "encrypted_content": sealed}
        self._out.done(self._out.add(item), item)

    def _item(self, text: str, status: str) -> dict[str, Any]:
        called = self._called
        item: dict[str, Any] = {"id": self._id, "call_id": self._part.id, "name": called.name}
        if called.namespace is not None:
            item["namespace"] = called.namespace
        if self._kind == "custom":
            return {**item, "type": "custom_tool_call", "input": text}
        return {**item, "type": "function_call", "arguments": text, "status": status}

    def text(self, text: str, logprobs: Any) -> None:
        self._texts.append(text)
        if not self._held:
            self._delta(text)

    def _delta(self, text: str) -> None:
        fields = {"item_id": "", "output_index": self._announce(), "delta": text}
        fields["item_id"] = self._id
        name = "custom_tool_call_input" if self._kind == "custom" else "function_call_arguments"
        self._out.event(f"response.{name}.delta", fields)

    def sign(self, signature: Signature) -> None:
        self._signature = signature

    def stop(self) -> None:
        text = "".join(self._texts)
        if self._kind in CLIENT_TOOLS:
            self._client_call(text)
        elif self._kind == "custom":
            if self._held:
                text = _custom_input(text)
                if text:
                    self._delta(text)
            self._done("custom_tool_call_input", "input", text)
        else:
            if not text:
                text = "{}"
                self._delta(text)
            self._done("function_call_arguments", "arguments", text, whole=_is_json(text))
        self._carry_signature()

    def _done(self, name: str, field: str, text: str, *, whole: bool = True) -> None:
        index = self._announce()
        if whole:
            self._out.event(f"response.{name}.done", {"item_id": self._id, "output_index": index, field: text})
        self._out.done(index, self._item(text, "completed" if whole else "incomplete"))

    def _client_call(self, text: str) -> None:
        self._carry_signature()
        tool = CLIENT_TOOLS[self._kind]
        item = call_item(tool, new_id(tool.id_prefix), self._part.id, text, "completed")
        index = self._out.add({**item, "status": "in_progress"})
        self._out.done(index, item)


def _is_json(text: str) -> bool:
    """False for arguments in which the answer ended (a limit of tokens)."""
    try:
        loads_told(text)
    except JSONDecodeError:
        return False
    return True


def _custom_input(arguments: str) -> str:
    """The text in `{"input": ...}`, as other dialects declare custom tools; else the arguments themselves."""
    try:
        document = loads_told(arguments)
    except JSONDecodeError:
        return arguments
    if isinstance(document, dict):
        value = document.get("input")
        if value is None and len(document) == 1:
            value = next(iter(document.values()))
        if isinstance(value, str):
            return value
        return arguments if document else ""
    return document if isinstance(document, str) else arguments
