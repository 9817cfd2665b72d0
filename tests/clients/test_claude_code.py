"""Claude Code works through the gateway on providers of every dialect."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.clients import claude_code
from tests.clients.house import House, picture
from tests.scripted.answer import Answer, ToolUse, spoken
from tests.scripted.script import Script, failing

pytestmark = pytest.mark.clients

MODELS = pytest.mark.parametrize("model", ["claude-sonnet-4-5", "gemini-2.5-pro"])
LONG = "one two three four five six seven"


@MODELS
def test_a_plain_answer(house: House, home: Path, model: str) -> None:
    house.says("The capital is Paris — «Париж», 巴黎.")
    assert claude_code.ask(house.url, home, "What is the capital?", model=model).text == (
        "The capital is Paris — «Париж», 巴黎."
    )
    assert house.seen().turns[-1][1].endswith("What is the capital?")
    assert len(house.asked) == 1


def test_a_command_is_run_and_its_result_comes_back(house: House, home: Path) -> None:
    house.calls(ToolUse("Bash", '{"command": "echo ran-$((40+2))", "description": "say it"}'), then="it said so")
    said = claude_code.ask(house.url, home, "run it")
    assert said.text == "it said so"
    assert str(said.tool_results[0]).startswith("ran-42")
    (result,) = house.seen().results
    assert result.text.startswith("ran-42")
    assert [use.name for use in house.seen().uses] == ["Bash"]


def test_two_calls_at_once(house: House, home: Path) -> None:
    (home / "work" / "note.txt").write_text("what the note says\n")
    read = json.dumps({"file_path": str(home / "work" / "note.txt")})
    house.calls(ToolUse("Read", read, "call_a"), ToolUse("Bash", '{"command": "echo two"}', "call_b"), then="both")
    said = claude_code.ask(house.url, home, "do both")
    assert said.text == "both"
    first, second = house.seen().results
    assert "what the note says" in first.text and second.text.startswith("two")


def test_thinking_is_not_the_answer(house: House, home: Path) -> None:
    call = Answer(thinking=("let me", " think"), tools=(ToolUse("Bash", '{"command": "echo thought"}'),))
    house.up.play(Script(answer=call), Script(answer=Answer(("the answer",), thinking=("again",))))
    assert claude_code.ask(house.url, home, "think").text == "the answer"
    (result,) = house.seen().results
    assert result.text.startswith("thought")


def test_an_image_that_a_tool_reads(house: House, home: Path) -> None:
    (home / "work" / "red.png").write_bytes(picture())
    house.calls(ToolUse("Read", json.dumps({"file_path": str(home / "work" / "red.png")})), then="it is red")
    assert claude_code.ask(house.url, home, "what colour is red.png?").text == "it is red"
    ((kind, data),) = _pictures(house)
    assert kind == "image/png" and base64.b64decode(data).startswith(b"\x89PNG")


def test_an_image_of_the_user(house: House, home: Path) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(picture()).decode()}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "what colour?"}]
    line = json.dumps({"type": "user", "message": {"role": "user", "content": content}})
    house.says("it is red")
    said = claude_code.ask(house.url, home, "", "--input-format", "stream-json", said=line + "\n")
    assert said.text == "it is red"
    ((kind, data),) = _pictures(house)
    assert kind == "image/png" and base64.b64decode(data).startswith(b"\x89PNG")


def test_a_json_schema(house: House, home: Path) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    house.calls(ToolUse("StructuredOutput", '{"city": "Zürich"}'), then="done")
    said = claude_code.ask(house.url, home, "name a city", "--json-schema", json.dumps(schema))
    assert said.text and said.result["structured_output"] == {"city": "Zürich"}
    assert "city" in house.seen(0).tools["StructuredOutput"]["properties"]


def test_a_session_goes_on(house: House, home: Path) -> None:
    house.says("the first answer")
    first = claude_code.ask(house.url, home, "the first question")
    house.says("the second answer")
    session = str(first.result["session_id"])
    assert claude_code.ask(house.url, home, "the second question", "--resume", session).text == "the second answer"
    assert ("assistant", "the first answer") in house.seen().turns


@pytest.mark.parametrize("cut", ["close", "reset", "end"])
def test_a_cut_answer_is_never_shown_as_a_success(house: House, home: Path, cut: str) -> None:
    house.says(LONG, cut_after=3, cut=cut)
    said = claude_code.ask(house.url, home, "count")
    assert said.failed, str(said.ended)
    assert "one two three" not in said.result.get("result", "")


def test_a_cut_call_is_never_run(house: House, home: Path) -> None:
    command = json.dumps({"command": f"touch {home / 'work' / 'was-run'}"})
    house.up.play(Script(answer=Answer(spoken("I go"), tools=(ToolUse("Bash", command),)), cut_after=2))
    said = claude_code.ask(house.url, home, "run it")
    assert said.failed and not (home / "work" / "was-run").exists()


def test_an_error_event_is_never_shown_as_a_success(house: House, home: Path) -> None:
    broken = Script(answer=Answer(spoken(LONG)), error_after=3, pace=0.02)
    house.up.play(broken, broken, failing(500))
    said = claude_code.ask(house.url, home, "count")
    assert said.failed, str(said.ended)


def test_a_cut_that_another_account_mends(house: House, home: Path) -> None:
    house.up.play(Script(answer=Answer(spoken(LONG)), cut_after=3), Script(answer=Answer(spoken(LONG))))
    assert claude_code.ask(house.url, home, "count").text == LONG
    assert len(house.asked) == 2


def test_it_asks_again_without_a_stream(house: House, home: Path) -> None:
    """After a stream it could not use Claude Code asks the same with `stream: false`."""
    cut = Script(answer=Answer(spoken(LONG)), cut_after=3)
    house.up.play(cut, cut, Script(answer=Answer(spoken("whole at last"))))
    assert claude_code.ask(house.url, home, "count").text == "whole at last"


def test_an_account_that_fails_is_not_noticed(house: House, home: Path) -> None:
    house.up.play(failing(503), Script(answer=Answer(spoken("from the other one"))))
    assert claude_code.ask(house.url, home, "anybody?").text == "from the other one"


def test_a_provider_that_refuses_our_credential_does_not_log_the_user_out(house: House, home: Path) -> None:
    """A 401 or 403 of ours would tell Claude Code that its own login is wrong."""
    house.up.play(failing(403, "project not allowed"))
    said = claude_code.ask(house.url, home, "anybody?")
    assert said.failed and said.result["api_error_status"] not in (401, 403)


def test_a_wrong_key_is_said_to_be_wrong(house: House, home: Path) -> None:
    said = claude_code.ask(house.url, home, "anybody?", env={"ANTHROPIC_API_KEY": "sk-wrong"})
    assert said.failed and said.result["api_error_status"] == 401 and not house.asked


def _pictures(house: House) -> list[tuple[str, str]]:
    """Wherever the provider's dialect puts them, tool results included."""
    found: list[tuple[str, str]] = []

    def look(value: object) -> None:
        if isinstance(value, list):
            for item in value:
                look(item)
        elif isinstance(value, dict):
            source = value.get("source") or value.get("inlineData") or {}
            url = value.get("image_url")
            url = url.get("url") if isinstance(url, dict) else url
            if isinstance(url, str) and url.startswith("data:"):
                kind, _, data = url[5:].partition(";base64,")
                found.append((kind, data))
            elif isinstance(source, dict) and "data" in source:
                found.append((source.get("media_type") or source["mimeType"], source["data"]))
            for item in value.values():
                look(item)

    look(house.asked[-1].body)
    return found
