"""JSON answers from models that know no output format: a tool is forced on them whose arguments are the answer.

The client sees what it would have seen from a model that knows: the JSON as text, whole or streamed, and a normal end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from gateway.canon import events as ev
from gateway.canon.answer import Answer
from gateway.canon.dialogue import Dialogue, Tool, ToolChoice
from gateway.canon.fold import fold, unfold
from gateway.canon.parts import Refusal, Text, Thinking, ToolCall
from gateway.canon.profile import Profile
from gateway.protocols.dialect import AnswerReader, Dialect
from gateway.protocols.names import NameMap
from gateway.protocols.wire_json import JSONDecodeError, dumps, loads_told
from gateway.relay.retold import Retold

NAME = "json_answer"
INSIDE = "answer"
_PURPOSE = "Gives the final answer, as JSON. Always answer by calling this tool, never in plain text."
_PURPOSE_AMONG_OTHERS = "Gives the final answer, as JSON. Call it once no other tool is needed any more."


@dataclass(slots=True, frozen=True)
class Shape:
    """`tool` is the forced tool's name; `wrapped`: its arguments hold the answer under INSIDE, because the schema is no
    object and arguments must be one."""

    tool: str
    wrapped: bool


def needs_tool(dialogue: Dialogue, profile: Profile) -> bool:
    """Whether the client wants JSON in a form that the model cannot be told natively."""
    return dialogue.output is not None and dialogue.output.kind not in ("text", *profile.json_output)


def shaped(dialogue: Dialogue, profile: Profile) -> tuple[Dialogue, Shape | None]:
    """The dialogue with the forced tool in place of its output format. A client that demands a call of its own tools
    gets that call, which no output format touches."""
    if not needs_tool(dialogue, profile):
        return dialogue, None
    choice, own = dialogue.tool_choice, bool(dialogue.tools)
    if own and choice is not None and (choice.mode in ("one", "required") or choice.required):
        return replace(dialogue, output=None), None
    taken = {tool.name for tool in dialogue.tools}
    name = NAME
    while name in taken:
        name += "_"
    schema, wrapped = _parameters(dialogue)
    alone = not own or (choice is not None and choice.mode == "none")
    if alone:
        forced = ToolChoice("one", [name])
    elif choice is not None and choice.mode == "allowed":
        forced = ToolChoice("allowed", [*choice.names, name], required=True)
    else:
        forced = ToolChoice("required")
    output = dialogue.output
    told = output.description if output is not None else None
    purpose = _PURPOSE if alone else _PURPOSE_AMONG_OTHERS
    tool = Tool("function", name, description=f"{purpose} {told}" if told else purpose, parameters=schema)
    changed = replace(dialogue, output=None, tools=[*dialogue.tools, tool], tool_choice=forced)
    if alone:
        changed.parallel_tool_calls = None
    return changed, Shape(name, wrapped)


def _parameters(dialogue: Dialogue) -> tuple[dict[str, Any], bool]:
    schema = dialogue.output.schema if dialogue.output is not None else None
    if not isinstance(schema, dict):
        return {"type": "object", "properties": {}, "additionalProperties": True}, False
    if schema.get("type") == "object" or ("type" not in schema and "properties" in schema):
        return schema, False
    inner = {key: value for key, value in schema.items() if key not in ("$defs", "definitions", "$schema")}
    outer: dict[str, Any] = {"type": "object", "properties": {INSIDE: inner}, "required": [INSIDE]}
    outer |= {key: schema[key] for key in ("$defs", "definitions") if key in schema}
    return outer, True


def telling(dialect: Dialect, shape: Shape) -> Dialect:
    """The provider's dialect, reading the forced call as text."""

    def answer_reader(names: NameMap | None) -> AnswerReader:
        return Retold(dialect.answer_reader(names), _Telling(shape).tell)

    def read_answer(document: Any, names: NameMap | None) -> Answer:
        return fold(_Telling(shape).tell(unfold(dialect.read_answer(document, names))))

    return replace(dialect, answer_reader=answer_reader, read_answer=read_answer)


class _Choice:
    """`held` are texts before the call ("Here is the JSON:"): given only if no answer's call comes."""

    def __init__(self) -> None:
        self.held: list[ev.Event] = []
        self.held_parts: set[int] = set()
        self.prose: int | None = None
        self.answered = False
        self.called = False


class _Telling:
    """Events in, events out, in the legal order."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._choices: dict[int, _Choice] = {}
        self._choice_of: dict[int, _Choice] = {}
        self._answers: dict[int, list[str]] = {}
        self._mute: set[int] = set()

    def tell(self, events: Iterable[ev.Event]) -> list[ev.Event]:
        return [told for event in events for told in self._tell(event)]

    def _tell(self, event: ev.Event) -> list[ev.Event]:
        match event:
            case ev.PartStart():
                return self._start(event)
            case ev.Finish():
                return self._finish(event)
            case ev.Start() | ev.UsageUpdate() | ev.Failure():
                return [event]
        index = event.index
        if index in self._answers:
            return self._fill(event, index)
        if index in self._mute:
            return []
        home = self._choice_of[index]
        if index in home.held_parts:
            home.held.append(event)
            return []
        if isinstance(event, ev.PartStop) and home.prose == index:
            home.prose = None
        return [event]

    def _start(self, event: ev.PartStart) -> list[ev.Event]:
        home = self._choices.setdefault(event.choice, _Choice())
        self._choice_of[event.index] = home
        match event.part:
            case ToolCall(name=name, arguments=arguments) if name == self._shape.tool:
                if home.answered:
                    self._mute.add(event.index)
                    return []
                home.answered = True
                self._drop_held(home)
                self._answers[event.index] = []
                told: list[ev.Event] = self._end_prose(home)
                told.append(ev.PartStart(event.index, Text(""), event.choice))
                return [*told, *self._fill(ev.ArgumentsDelta(event.index, arguments), event.index)]
            case Text():
                if home.answered:
                    self._mute.add(event.index)
                    return []
                home.held_parts.add(event.index)
                home.held.append(event)
                return []
            case ToolCall():
                home.called = True
                return [*self._give_held(home), event]
            case Thinking() | Refusal():
                given = self._give_held(home) if isinstance(event.part, Refusal) else []
                home.prose = event.index
                return [*given, event]
        return [event]

    def _end_prose(self, home: _Choice) -> list[ev.Event]:
        if home.prose is None:
            return []
        ended, home.prose = home.prose, None
        self._mute.add(ended)
        return [ev.PartStop(ended)]

    def _drop_held(self, home: _Choice) -> None:
        self._mute |= home.held_parts
        home.held.clear()
        home.held_parts.clear()

    def _give_held(self, home: _Choice) -> list[ev.Event]:
        """What is still to come of a held part is given as it comes."""
        given = [*home.held]
        home.held.clear()
        home.held_parts.clear()
        return given

    def _fill(self, event: Any, index: int) -> list[ev.Event]:
        pieces = self._answers[index]
        match event:
            case ev.ArgumentsDelta(_, text) if text:
                if not self._shape.wrapped:
                    return [ev.TextDelta(index, text)]
                pieces.append(text)
            case ev.PartStop():
                del self._answers[index]
                self._mute.add(index)
                said = _unwrapped("".join(pieces)) if pieces else ""
                return [*([ev.TextDelta(index, said)] if said else []), event]
        return []

    def _finish(self, event: ev.Finish) -> list[ev.Event]:
        home = self._choices.setdefault(event.choice, _Choice())
        given = self._give_held(home)
        if home.answered and not home.called and event.reason == "tool_calls":
            event = replace(event, reason="stop", raw=None)
        return [*given, event]


def _unwrapped(arguments: str) -> str:
    try:
        value = loads_told(arguments)
    except JSONDecodeError:
        return arguments
    return dumps(value[INSIDE]).decode() if isinstance(value, dict) and INSIDE in value else arguments
