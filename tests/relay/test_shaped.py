"""JSON answers from models without an output format: the same result by way of a forced tool call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.canon import events as ev
from gateway.canon.dialogue import Dialogue, OutputFormat, Tool, ToolChoice, Turn
from gateway.canon.fold import fold
from gateway.canon.grammar import check
from gateway.canon.parts import Refusal, Text, Thinking, ToolCall
from gateway.canon.profile import Profile
from gateway.relay.shaped import NAME, Shape, _Telling, shaped
from tests.gateways import InProcess, Provider, Reply, config_for
from tests.scripted.answer import Answer, ToolUse
from tests.scripted.script import Script
from tests.scripted.told import path, request
from tests.scripted.upstream import ScriptedUpstream

NOTHING = Profile(json_output=())
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
ARRAY = {"type": "array", "items": {"$ref": "#/$defs/n"}, "$defs": {"n": {"type": "integer"}}}
SAID = '{"name":"Anna","age":3}'
FIXED = {"chat": "deepseek-chat", "anthropic": "claude-3-5-haiku", "responses": "plain-r", "gemini": "plain-g"}
CLIENTS = ("chat", "responses", "messages", "gemini")
streams = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[ScriptedUpstream, InProcess]]:
    with ScriptedUpstream() as up:
        providers = [Provider(up, dialect, models=(model, f"able-{dialect}")) for dialect, model in FIXED.items()]
        config = config_for(*providers) + '\n[[models.profiles]]\nmatch = "plain-*"\nstructured_output = false\n'
        with InProcess(config) as gateway:
            yield up, gateway


@pytest.fixture
def up(running: tuple[ScriptedUpstream, InProcess]) -> ScriptedUpstream:
    running[0].requests.clear()
    running[0].play(Script())
    return running[0]


@pytest.fixture
def gateway(running: tuple[ScriptedUpstream, InProcess]) -> InProcess:
    return running[1]


def wish(client: str, schema: dict[str, Any]) -> dict[str, Any]:
    match client:
        case "chat":
            return {"response_format": {"type": "json_schema", "json_schema": {"name": "p", "schema": schema}}}
        case "responses":
            return {"text": {"format": {"type": "json_schema", "name": "p", "schema": schema}}}
        case "messages":
            return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}
    return {"generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": schema}}


def ask(gateway: InProcess, client: str, model: str, stream: bool, more: dict[str, Any]) -> Reply:
    raw = json.dumps({**request(client, model, stream), **more}).encode()
    reply = gateway.post(path(client, model, stream), raw, protocol=client).reply()
    assert reply.status == 200 and reply.streamed is stream
    return reply


def forced(up: ScriptedUpstream) -> tuple[dict[str, Any], Any]:
    """(the schema, the choice) of the one tool a provider was given."""
    body = up.requests[-1].body
    (tool,) = body["tools"]
    match up.requests[-1].dialect:
        case "chat":
            assert "response_format" not in body
            return tool["function"]["parameters"], body["tool_choice"]["function"]["name"]
        case "responses":
            assert "format" not in body.get("text", {})
            return tool["parameters"], body["tool_choice"]["name"]
        case "anthropic":
            assert "output_config" not in body
            return tool["input_schema"], body["tool_choice"]["name"]
    assert "responseMimeType" not in body.get("generationConfig", {})
    (declared,) = tool["functionDeclarations"]
    calling = body["toolConfig"]["functionCallingConfig"]
    assert calling["mode"] == "ANY"
    return declared.get("parametersJsonSchema") or declared["parameters"], calling["allowedFunctionNames"][0]


@streams
@pytest.mark.parametrize("provider", FIXED)
@pytest.mark.parametrize("client", CLIENTS)
def test_the_same_result(up: ScriptedUpstream, gateway: InProcess, client: str, provider: str, stream: bool) -> None:
    up.play(Script(answer=Answer(("Here ", "it is:"), tools=(ToolUse(NAME, SAID),))))
    reply = ask(gateway, client, FIXED[provider], stream, wish(client, SCHEMA))
    assert json.loads(reply.told.text) == {"name": "Anna", "age": 3}
    assert reply.told.tools == [] and reply.told.ended
    assert reply.told.finish in ("stop", "end_turn", "STOP", "completed")
    schema, choice = forced(up)
    assert set(schema["properties"]) == {"name", "age"} and set(schema["required"]) == {"name", "age"}
    assert choice == NAME


@streams
@pytest.mark.parametrize("provider", FIXED)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_schema_that_is_no_object(
    up: ScriptedUpstream, gateway: InProcess, client: str, provider: str, stream: bool
) -> None:
    up.play(Script(answer=Answer(tools=(ToolUse(NAME, '{"answer":[1,2,3]}'),))))
    reply = ask(gateway, client, FIXED[provider], stream, wish(client, ARRAY))
    assert json.loads(reply.told.text) == [1, 2, 3]
    assert forced(up)[0]["properties"]["answer"]["type"].lower() == "array"


@pytest.mark.parametrize("provider", FIXED)
@pytest.mark.parametrize("client", CLIENTS)
def test_models_that_know_a_format_are_asked_for_it(
    up: ScriptedUpstream, gateway: InProcess, client: str, provider: str
) -> None:
    up.play(Script(answer=Answer((SAID,))))
    assert ask(gateway, client, f"able-{provider}", False, wish(client, SCHEMA)).told.text == SAID
    assert "tools" not in up.requests[-1].body


@streams
def test_any_object_from_claude(up: ScriptedUpstream, gateway: InProcess, stream: bool) -> None:
    up.play(Script(answer=Answer(tools=(ToolUse(NAME, '{"a":1}'),))))
    reply = ask(gateway, "chat", FIXED["anthropic"], stream, {"response_format": {"type": "json_object"}})
    assert json.loads(reply.told.text) == {"a": 1}


@streams
def test_what_passes_through_without_a_format_is_left_alone(
    up: ScriptedUpstream, gateway: InProcess, stream: bool
) -> None:
    reply = ask(gateway, "messages", FIXED["anthropic"], stream, {"metadata": {"user_id": "json"}})
    assert reply.headers["x-gateway-mode"] == "passthrough"


def function(client: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {}}
    match client:
        case "chat":
            return {"tools": [{"type": "function", "function": {"name": "look", "parameters": schema}}]}
        case "responses":
            return {"tools": [{"type": "function", "name": "look", "parameters": schema}]}
        case "messages":
            return {"tools": [{"name": "look", "input_schema": schema}]}
    return {"tools": [{"functionDeclarations": [{"name": "look", "parametersJsonSchema": schema}]}]}


@streams
@pytest.mark.parametrize("client", CLIENTS)
def test_the_clients_own_tools_may_be_called_first(
    up: ScriptedUpstream, gateway: InProcess, client: str, stream: bool
) -> None:
    more = {**wish(client, SCHEMA), **function(client)}
    up.play(Script(answer=Answer(("I look.",), tools=(ToolUse("look", "{}"),))))
    first = ask(gateway, client, FIXED["anthropic"], stream, more)
    assert first.told.text == "I look." and [name for name, _ in first.told.tools] == ["look"]
    assert up.requests[-1].body["tool_choice"] == {"type": "any"}
    assert [tool["name"] for tool in up.requests[-1].body["tools"]] == ["look", NAME]
    up.play(Script(answer=Answer(tools=(ToolUse(NAME, SAID),))))
    assert json.loads(ask(gateway, client, FIXED["anthropic"], stream, more).told.text)["age"] == 3


def dialogue(output: OutputFormat | None, *tools: str, choice: ToolChoice | None = None) -> Dialogue:
    turns = [Turn("user", [Text("x")])]
    return Dialogue("m", turns, output=output, tools=[Tool("function", name) for name in tools], tool_choice=choice)


WANTED = OutputFormat("schema", SCHEMA)


def test_nothing_changes_without_need() -> None:
    for asked in (dialogue(None), dialogue(OutputFormat("text"))):
        assert shaped(asked, NOTHING) == (asked, None)
    asked = dialogue(WANTED)
    assert shaped(asked, Profile())[0] is asked


@pytest.mark.parametrize(
    "choice", [ToolChoice("one", ["a"]), ToolChoice("required"), ToolChoice("allowed", ["a"], required=True)]
)
def test_a_demanded_call_is_no_json_answer(choice: ToolChoice) -> None:
    changed, shape = shaped(dialogue(WANTED, "a", choice=choice), NOTHING)
    assert (changed.output, changed.tool_choice, len(changed.tools), shape) == (None, choice, 1, None)


@pytest.mark.parametrize(
    ("choice", "forced"),
    [
        (None, ToolChoice("required")),
        (ToolChoice("auto"), ToolChoice("required")),
        (ToolChoice("none"), ToolChoice("one", [NAME])),
        (ToolChoice("allowed", ["a"]), ToolChoice("allowed", ["a", NAME], required=True)),
    ],
)
def test_the_choice_beside_other_tools(choice: ToolChoice | None, forced: ToolChoice) -> None:
    asked = dialogue(WANTED, "a", "b", choice=choice)
    changed, _ = shaped(asked, NOTHING)
    assert changed.tool_choice == forced
    assert [tool.name for tool in changed.tools] == ["a", "b", NAME] and len(asked.tools) == 2


def test_a_name_that_is_taken() -> None:
    changed, shape = shaped(dialogue(WANTED, NAME), NOTHING)
    assert shape == Shape(NAME + "_", False) and changed.tools[-1].name == NAME + "_"


CALL = [
    ev.PartStart(2, ToolCall("c", NAME)),
    ev.ArgumentsDelta(2, '{"a"'),
    ev.ArgumentsDelta(2, ":1}"),
    ev.PartStop(2),
]
END: list[ev.Event] = [ev.Finish("tool_calls", "tool_use")]


def told(*events: ev.Event, wrapped: bool = False) -> list[ev.Event]:
    out = _Telling(Shape(NAME, wrapped)).tell(events)
    check(out)
    return out


def test_arguments_stream_as_text() -> None:
    out = told(ev.Start(), *CALL, *END)
    assert out == [
        ev.Start(),
        ev.PartStart(2, Text("")),
        ev.TextDelta(2, '{"a"'),
        ev.TextDelta(2, ":1}"),
        ev.PartStop(2),
        ev.Finish("stop"),
    ]


def test_thinking_stays_and_is_closed_in_time() -> None:
    thinking = [ev.PartStart(0, Thinking("")), ev.ThinkingDelta(0, "hm")]
    out = told(ev.Start(), *thinking, *CALL[:2], ev.PartStop(0), *CALL[2:], *END)
    (choice,) = fold(out).choices
    assert choice.parts == [Thinking("hm"), Text('{"a":1}')]


@pytest.mark.parametrize("ends_first", [True, False])
def test_words_before_the_answer_go(ends_first: bool) -> None:
    words: list[ev.Event] = [ev.PartStart(0, Text("")), ev.TextDelta(0, "Sure:")]
    stop: list[ev.Event] = [ev.PartStop(0)]
    out = told(ev.Start(), *words, *(stop if ends_first else []), *CALL, *([] if ends_first else stop), *END)
    (choice,) = fold(out).choices
    assert choice.parts == [Text('{"a":1}')]


def test_words_after_the_answer_and_a_second_answer_go() -> None:
    again = [ev.PartStart(3, ToolCall("d", NAME)), ev.ArgumentsDelta(3, "{}"), ev.PartStop(3)]
    words = [ev.PartStart(4, Text("")), ev.TextDelta(4, "Done."), ev.PartStop(4)]
    (choice,) = fold(told(ev.Start(), *CALL, *again, *words, *END)).choices
    assert choice.parts == [Text('{"a":1}')]


@pytest.mark.parametrize("part", [None, Refusal("no")])
def test_words_stay_where_no_answer_comes(part: Refusal | None) -> None:
    words: list[ev.Event] = [ev.PartStart(0, Text("")), ev.TextDelta(0, "I cannot."), ev.PartStop(0)]
    more: list[ev.Event] = [] if part is None else [ev.PartStart(1, part), ev.PartStop(1)]
    (choice,) = fold(told(ev.Start(), *words, *more, ev.Finish("stop", "end_turn"))).choices
    assert choice.parts == [Text("I cannot."), *([part] if part else [])]
    assert choice.finish == ev.Finish("stop", "end_turn")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [('{"answer":[1]}', "[1]"), ('{"answer":null}', "null"), ('{"other":1}', '{"other":1}'), ("{", "{")],
)
def test_unwrapping(arguments: str, said: str) -> None:
    pieces = [ev.ArgumentsDelta(2, mark) for mark in arguments]
    (choice,) = fold(told(ev.Start(), CALL[0], *pieces, ev.PartStop(2), *END, wrapped=True)).choices
    assert choice.parts == [Text(said)]


def test_an_answer_cut_short_stays_so() -> None:
    (choice,) = fold(told(ev.Start(), *CALL[:2], ev.PartStop(2), ev.Finish("length", "max_tokens"))).choices
    assert (choice.parts, choice.finish.reason) == ([Text('{"a"')], "length")
