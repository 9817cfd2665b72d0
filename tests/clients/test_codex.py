"""Codex works through the gateway on providers of every dialect."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.clients import codex
from tests.clients.house import House, picture
from tests.scripted.answer import Answer, ToolUse, spoken
from tests.scripted.script import Script, failing

pytestmark = pytest.mark.clients

MODELS = pytest.mark.parametrize("model", ["gpt-5.5", "gemini-2.5-pro"])
LONG = "one two three four five six seven"
PATCH = "*** Begin Patch\n*** Add File: made.txt\n+hello «Париж»\n*** End Patch\n"
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


@MODELS
def test_a_plain_answer(house: House, home: Path, model: str) -> None:
    house.says("The capital is Paris — «Париж», 巴黎.")
    said = codex.ask(house.url, home, "What is the capital?", model=model)
    assert said.text == "The capital is Paris — «Париж», 巴黎."
    usage = next(event["usage"] for event in said.events if event["type"] == "turn.completed")
    assert (usage["input_tokens"], usage["output_tokens"]) == (11, 7)
    assert house.seen().turns[-1][1].endswith("What is the capital?")
    assert len(house.asked) == 1


@MODELS
def test_a_command_is_run_and_its_result_comes_back(house: House, home: Path, model: str) -> None:
    house.calls(ToolUse("exec_command", '{"cmd": "echo ran-$((40+2))"}'), then="it said so")
    said = codex.ask(house.url, home, "run it", model=model)
    assert said.text == "it said so"
    (command,) = said.items("command_execution")
    assert command["aggregated_output"] == "ran-42\n" and command["exit_code"] == 0
    (result,) = house.seen().results
    assert "ran-42" in result.text


def test_two_calls_at_once(house: House, home: Path) -> None:
    one, two = (ToolUse("exec_command", json.dumps({"cmd": f"echo is-{n}"}), f"call_{n}") for n in (1, 2))
    house.calls(one, two, then="both")
    assert codex.ask(house.url, home, "do both").text == "both"
    first, second = house.seen().results
    assert "is-1" in first.text and "is-2" in second.text


def test_a_patch_is_applied(house: House, home: Path) -> None:
    """apply_patch is a tool of free text: other dialects have it as a function, Codex gets its own kind of call."""
    if house.dialect == "responses":
        house.up.play(
            Script(body=_custom_call("apply_patch", PATCH), content_type="text/event-stream"),
            Script(answer=Answer(("done",))),
        )
    else:
        house.calls(ToolUse("apply_patch", json.dumps({"input": PATCH})), then="done")
    said = codex.ask(house.url, home, "make the file")
    assert said.text == "done"
    assert (home / "work" / "made.txt").read_text() == "hello «Париж»\n"
    (change,) = said.items("file_change")
    assert change["status"] == "completed"
    if house.dialect != "responses":
        (result,) = house.seen().results
        assert "made.txt" in result.text and house.seen().uses[0].name == "apply_patch"


def test_thinking_is_not_the_answer(house: House, home: Path) -> None:
    call = Answer(thinking=("let me", " think"), tools=(ToolUse("exec_command", '{"cmd": "echo thought"}'),))
    house.up.play(Script(answer=call), Script(answer=Answer(("the answer",), thinking=("again",))))
    said = codex.ask(house.url, home, "think")
    assert said.text == "the answer"
    (result,) = house.seen().results
    assert "thought" in result.text


def test_an_image_of_the_user(house: House, home: Path) -> None:
    (home / "red.png").write_bytes(picture())
    house.says("it is red")
    assert codex.ask(house.url, home, "what colour?", f"--image={home}/red.png").text == "it is red"
    ((kind, data),) = house.seen().pictures
    assert kind == "image/png" and base64.b64decode(data).startswith(b"\x89PNG")


def test_an_output_schema(house: House, home: Path) -> None:
    (home / "schema.json").write_text(json.dumps(SCHEMA))
    house.says('{"city": "Zürich"}')
    said = codex.ask(house.url, home, "name a city", f"--output-schema={home}/schema.json")
    assert json.loads(said.text) == {"city": "Zürich"}
    assert "city" in house.seen().schema["properties"]


def test_a_session_goes_on(house: House, home: Path) -> None:
    house.says("the first answer")
    assert codex.ask(house.url, home, "the first question").text == "the first answer"
    house.says("the second answer")
    said = codex.resume(house.url, home, "the second question")
    assert said.text == "the second answer"
    assert ("assistant", "the first answer") in house.seen().turns


@pytest.mark.parametrize("cut", ["close", "reset", "end"])
def test_a_cut_answer_is_never_shown_as_a_success(house: House, home: Path, cut: str) -> None:
    house.says(LONG, cut_after=3, cut=cut)
    said = codex.ask(house.url, home, "count")
    assert said.failed, str(said.ended)


def test_a_cut_call_is_never_run(house: House, home: Path) -> None:
    command = json.dumps({"cmd": f"touch {home / 'work' / 'was-run'}"})
    house.up.play(Script(answer=Answer(spoken("I go"), tools=(ToolUse("exec_command", command),)), cut_after=2))
    said = codex.ask(house.url, home, "run it")
    assert said.failed and not (home / "work" / "was-run").exists()


def test_an_error_event_is_never_shown_as_a_success(house: House, home: Path) -> None:
    house.says(LONG, error_after=3, pace=0.02)
    said = codex.ask(house.url, home, "count")
    assert said.failed, str(said.ended)


def test_it_asks_again_after_a_cut(house: House, home: Path) -> None:
    cut = Script(answer=Answer(spoken(LONG)), cut_after=3)
    house.up.play(cut, cut, Script(answer=Answer(spoken("whole at last"))))
    assert codex.ask(house.url, home, "count").text == "whole at last"


def test_a_cut_that_another_account_mends(house: House, home: Path) -> None:
    house.up.play(Script(answer=Answer(spoken(LONG)), cut_after=3), Script(answer=Answer(spoken(LONG))))
    assert codex.ask(house.url, home, "count").text == LONG
    assert len(house.asked) == 2


def test_a_refusal_is_shown_in_the_providers_words(house: House, home: Path) -> None:
    house.up.play(failing(400, "the picture is too large for us"))
    said = codex.ask(house.url, home, "hi")
    assert said.failed and "the picture is too large for us" in said.ended.out


def _custom_call(name: str, text: str) -> bytes:
    """A stream of one custom_tool_call. https://platform.openai.com/docs/api-reference/responses-streaming"""
    item: dict[str, Any] = {"id": "ctc_1", "type": "custom_tool_call", "call_id": "call_1", "name": name}
    response = {"id": "resp_1", "object": "response", "created_at": 1, "model": codex.MODEL, "output": []}
    done = {**item, "status": "completed", "input": text}
    used = {
        "input_tokens": 11,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 18,
    }
    at = {"item_id": "ctc_1", "output_index": 0}
    events: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": {**response, "status": "in_progress"}}),
        ("response.output_item.added", {"output_index": 0, "item": {**item, "status": "in_progress", "input": ""}}),
        ("response.custom_tool_call_input.delta", {**at, "delta": text}),
        ("response.custom_tool_call_input.done", {**at, "input": text}),
        ("response.output_item.done", {"output_index": 0, "item": done}),
        ("response.completed", {"response": {**response, "status": "completed", "output": [done], "usage": used}}),
    ]
    return b"".join(
        f"event: {kind}\ndata: {json.dumps({'type': kind, 'sequence_number': number, **fields})}\n\n".encode()
        for number, (kind, fields) in enumerate(events)
    )
