"""Turns to input items."""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Loss, Turn
from gateway.canon.parts import Media, Opaque, Part, Refusal, Text, Thinking, ToolCall, ToolResult
from gateway.protocols.names import NameMap
from gateway.protocols.responses.carried import AUTHOR
from gateway.protocols.responses.client_tools import BY_CALL, CLIENT_TOOLS, output_item
from gateway.protocols.responses.part_reader import OWN
from gateway.protocols.responses.part_writer import is_attribution, own_of, write_content, write_part


class ItemWriter:
    """Writes turns in order into `items`."""

    def __init__(self, names: NameMap, losses: list[Loss], stored: bool = False) -> None:
        """`stored`: the provider keeps items, so that an id alone may stand for one."""
        self.items: list[dict[str, Any]] = []
        self._names = names
        self._losses = losses
        self._stored = stored
        self._called_as: dict[str, str] = {}

    def write(self, turn: Turn, number: int) -> None:
        path = f"turns[{number}]"
        if turn.name:
            self._losses.append(Loss(f"{path}.name", "the Responses API has no names of speakers"))
        own = turn.extras.get(OWN)
        if own is not None and "item" in own:
            self._own_message(turn, own, path)
        elif turn.role == "assistant":
            self._assistant(turn.parts, path)
        else:
            self._client(turn, path)

    def _own_message(self, turn: Turn, own: dict[str, Any], path: str) -> None:
        """A message as it came; results that were put into its turn (an interrupted call's) go before it."""
        parts: list[Part] = [part for part in turn.parts if not isinstance(part, ToolResult)]
        for part in turn.parts:
            if isinstance(part, ToolResult):
                self._result(part, path)
        first = parts[0] if parts else None
        if own.get("string") and len(parts) == 1 and isinstance(first, Text):
            content: Any = first.text
        else:
            content = write_content(parts, "input_text", path, self._losses)
        self.items.append({**own["item"], "role": turn.role, "content": content})

    def _client(self, turn: Turn, path: str) -> None:
        """A user, system or developer turn: results and own items stand as items, the rest is one message."""
        content: list[Part] = []
        for part in turn.parts:
            if isinstance(part, ToolResult):
                self._result(part, path)
            elif isinstance(part, Opaque) and part.dialect == OWN:
                self.items.append(part.raw)
            elif not is_attribution(part):
                content.append(part)
        written = write_content(content, "input_text", path, self._losses)
        if written:
            self.items.append({"type": "message", "role": turn.role, "content": written})

    def _assistant(self, parts: list[Part], path: str) -> None:
        position = 0
        while position < len(parts):
            part = parts[position]
            position += 1
            own = own_of(part)
            if "blocks" in own:
                first = position if own.get("marker") else position - 1
                position = first + own["blocks"]
                self._assistant_message(parts[first:position], own, path)
            elif isinstance(part, Text | Refusal):
                if part.text or part.extras.get(OWN):
                    self._assistant_text(part, path)
            elif isinstance(part, Thinking):
                self._thinking(part, path)
            elif isinstance(part, ToolCall):
                self._call(part)
            elif isinstance(part, Media):
                self._media(part, path)
            elif isinstance(part, Opaque):
                if part.dialect == OWN:
                    self.items.append(part.raw)
                else:
                    kind = part.raw.get("type", "block")
                    self._losses.append(Loss(path, f"a {kind} block only {part.dialect} knows"))

    def _assistant_message(self, parts: list[Part], own: dict[str, Any], path: str) -> None:
        first = parts[0]
        if own.get("string") and isinstance(first, Text):
            content: Any = first.text
        else:
            content = [
                written
                for part in parts
                if (written := write_part(part, "output_text", path, self._losses)) is not None
            ]
        self.items.append({**own["item"], "role": "assistant", "content": content})

    def _assistant_text(self, part: Text | Refusal, path: str) -> None:
        """Texts that follow one another are one message."""
        written = write_part(part, "output_text", path, self._losses)
        if written is None:
            return
        last = self.items[-1] if self.items else None
        if last is not None and last.keys() == {"type", "role", "content"} and last["role"] == "assistant":
            last["content"].append(written)
        else:
            self.items.append({"type": "message", "role": "assistant", "content": [written]})

    def _thinking(self, part: Thinking, path: str) -> None:
        raw = own_of(part).get("raw")
        foreign = next((seal for seal in (part.signature, part.redacted) if seal and seal.author != AUTHOR), None)
        if raw is not None and foreign is None and (self._stored or _stands_alone(raw)):
            self.items.append(raw)
        elif part.signature is not None and foreign is None:
            summary = [{"type": "summary_text", "text": part.text}] if part.text else []
            sealed = part.signature.value
            self.items.append({"type": "reasoning", "summary": summary, "encrypted_content": sealed})
        elif part.text:
            self._losses.append(Loss(path, "thinking that another provider wrote cannot be given back to OpenAI"))

    def _call(self, part: ToolCall) -> None:
        raw = own_of(part).get("raw")
        if raw is not None:
            self._called_as[part.id] = raw["type"]
            self.items.append(raw)
            return
        kind = "custom_tool_call" if part.freeform else "function_call"
        self._called_as[part.id] = kind
        body = "input" if part.freeform else "arguments"
        name = self._names.to_wire(part.name)
        self.items.append({"type": kind, "call_id": part.id, "name": name, body: part.arguments or _EMPTY[kind]})

    def _result(self, part: ToolResult, path: str) -> None:
        raw = own_of(part).get("raw")
        if raw is not None:
            self.items.append(raw)
            return
        called_as = self._called_as.get(part.call_id, "function_call")
        client = BY_CALL.get(called_as)
        output: Any = write_content(part.parts, "input_text", path, self._losses)
        pictures = [entry for entry in output if entry["type"] != "input_text"]
        if client is not None or not pictures:
            output = "\n\n".join(entry["text"] for entry in output if entry["type"] == "input_text")
        if client is not None and pictures:
            self._losses.append(Loss(path, f"{client.output} carries text only"))
        if client is None and part.is_error:
            output = _failed(output)
        if client is not None:
            self.items.append(output_item(CLIENT_TOOLS[client.name], part.call_id, output, part.is_error))
        else:
            self.items.append({"type": f"{called_as}_output", "call_id": part.call_id, "output": output})

    def _media(self, part: Media, path: str) -> None:
        raw = own_of(part).get("raw")
        if raw is not None:
            self.items.append(raw)
        else:
            self._losses.append(Loss(path, f"{part.kind} in an assistant turn cannot be sent to the Responses API"))


def _stands_alone(reasoning: dict[str, Any]) -> bool:
    """Whether a reasoning item means something to a provider that has not kept it."""
    return bool(reasoning.get("encrypted_content") or reasoning.get("content"))


def _failed(output: Any) -> Any:
    """An error flag, which this dialect lacks, said in words."""
    if isinstance(output, list):
        texts = [entry for entry in output if entry["type"] == "input_text"]
        said = {"type": "input_text", "text": _failed(texts[0]["text"] if texts else "")}
        return [said, *(entry for entry in output if entry is not (texts[0] if texts else None))]
    if output[:5].lower() == "error":
        return output
    return f"Error: {output}" if output else "Error"


_EMPTY = {"function_call": "{}", "custom_tool_call": ""}
