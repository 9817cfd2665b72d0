"""Tool calls of one streamed choice as `delta` objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gateway.canon.parts import Signature, ToolCall
from gateway.protocols.chat.client_tools import ClientTools, write_call
from gateway.protocols.chat.thought_signature import extra_content


@dataclass(slots=True)
class _Call:
    """`number` is -1 until the client has heard of the call, `heard` False until of its arguments."""

    part: ToolCall
    whole: bool
    number: int = -1
    heard: bool = False
    texts: list[str] = field(default_factory=list)
    signature: Signature | None = None


class StreamedCalls:
    """A call's opening waits for its first arguments, so that a signature can stand in it. The first one that gets some
    opens those before it too: OpenAI's SDK fails on an index above the number of calls it has heard of.

    Free-form calls, and function calls that stand for a free-form tool, are written whole.
    """

    def __init__(self, tools: ClientTools) -> None:
        self.seen = False
        self._tools = tools
        self._open: dict[int, _Call] = {}
        self._count = 0

    def start(self, index: int, part: ToolCall) -> None:
        self.seen = True
        whole = part.freeform or self._tools.is_custom(part)
        call = _Call(part, whole, signature=part.signature)
        if part.arguments:
            call.texts.append(part.arguments)
        self._open[index] = call

    def sign(self, index: int, signature: Signature) -> list[dict[str, Any]]:
        call = self._open[index]
        if call.number < 0:
            call.signature = signature
            return []
        return [{"tool_calls": [{"index": call.number, "extra_content": extra_content(signature)}]}]

    def arguments(self, index: int, text: str) -> list[dict[str, Any]]:
        call = self._open[index]
        if call.whole:
            call.texts.append(text)
            return []
        if call.number >= 0:
            return self._more(call, text)
        return self._opened(call, text)

    def stop(self, index: int) -> list[dict[str, Any]]:
        call = self._open[index]
        try:
            return self._stopped(call)
        finally:
            del self._open[index]

    def _stopped(self, call: _Call) -> list[dict[str, Any]]:
        if call.whole:
            self._number(call)
            part = ToolCall(call.part.id, call.part.name, "".join(call.texts), call.signature, call.part.freeform)
            item = write_call(part, self._tools)
            return (
                self._legacy(call, item) if self._tools.legacy else [{"tool_calls": [{"index": call.number, **item}]}]
            )
        if call.heard:
            return []
        if call.number >= 0:
            return self._more(call, "{}")
        return self._opened(call, "" if call.texts else "{}")

    def _number(self, call: _Call) -> None:
        call.number = self._count
        self._count += 1

    def _opened(self, call: _Call, text: str) -> list[dict[str, Any]]:
        deltas: list[dict[str, Any]] = []
        for other in self._open.values():
            if other is call:
                break
            if not other.whole and other.number < 0:
                deltas += self._opening(other, "")
        return [*deltas, *self._opening(call, text)]

    def _opening(self, call: _Call, text: str) -> list[dict[str, Any]]:
        """Opened with empty arguments, as OpenAI does; what is there already follows."""
        self._number(call)
        item = write_call(ToolCall(call.part.id, call.part.name, signature=call.signature), self._tools)
        item["function"]["arguments"] = ""
        text = "".join(call.texts) + text
        said = self._more(call, text) if text else []
        if self._tools.legacy:
            return [*self._legacy(call, item), *said]
        return [{"tool_calls": [{"index": call.number, **item}]}, *said]

    def _more(self, call: _Call, text: str) -> list[dict[str, Any]]:
        call.heard = True
        if self._tools.legacy:
            return [{"function_call": {"arguments": text}}] if call.number == 0 else []
        return [{"tool_calls": [{"index": call.number, "function": {"arguments": text}}]}]

    def _legacy(self, call: _Call, item: dict[str, Any]) -> list[dict[str, Any]]:
        """`function_call` has room for one call; clients that know it ask for no more."""
        return [{"function_call": item["function"]}] if call.number == 0 else []
