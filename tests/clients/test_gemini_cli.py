"""Gemini CLI works through the gateway on providers of every dialect."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.clients import gemini_cli
from tests.clients.house import House, picture
from tests.scripted.answer import Answer, ToolUse, spoken
from tests.scripted.script import Script, failing, json_body

pytestmark = pytest.mark.clients

LONG = "one two three four five six seven"


def test_a_plain_answer(house: House, home: Path) -> None:
    house.says("The capital is Paris — «Париж», 巴黎.")
    said = gemini_cli.ask(house.url, home, "What is the capital?")
    assert said.text == "The capital is Paris — «Париж», 巴黎."
    (result,) = said.of("result")
    assert (result["stats"]["input_tokens"], result["stats"]["output_tokens"]) == (11, 7)
    assert house.seen().turns[-1][1].endswith("What is the capital?")
    assert len(house.asked) == 1


def test_a_command_is_run_and_its_result_comes_back(house: House, home: Path) -> None:
    house.calls(ToolUse("run_shell_command", '{"command": "expr 40 + 2"}'), then="it said so")
    said = gemini_cli.ask(house.url, home, "run it")
    assert said.text == "it said so"
    (ran,) = said.of("tool_result")
    assert ran["status"] == "success" and "42" in ran["output"]
    (result,) = house.seen().results
    assert "42" in result.text
    assert [use.name for use in house.seen().uses] == ["run_shell_command"]


@pytest.mark.parametrize("house", ["chat", "responses", "anthropic"], indirect=True)
def test_rare_line_ends_do_not_break_it(house: House, home: Path) -> None:
    """The CLI takes them for the ends of SSE lines when they come unescaped, as other providers send them."""
    house.says("one\u2028two\u2029three\u0085four")
    assert gemini_cli.ask(house.url, home, "hi").text == "one\u2028two\u2029three\u0085four"


def test_two_calls_at_once_and_thinking(house: House, home: Path) -> None:
    (home / "work" / "note.txt").write_text("what the note says\n")
    read = ToolUse("read_file", json.dumps({"file_path": str(home / "work" / "note.txt")}), "call_a")
    echo = ToolUse("run_shell_command", '{"command": "echo is-two"}', "call_b")
    house.up.play(
        Script(answer=Answer(("look",), thinking=("let me", " think"), tools=(read, echo))),
        Script(answer=Answer(("both",), thinking=("again",))),
    )
    said = gemini_cli.ask(house.url, home, "do both")
    assert said.text == "both"
    first, second = house.seen().results
    assert "what the note says" in first.text and "is-two" in second.text


def test_files_and_images_of_the_user(house: House, home: Path) -> None:
    """The CLI counts a prompt with media before it sends it."""
    (home / "work" / "red.png").write_bytes(picture())
    (home / "work" / "note.txt").write_text("what the note says\n")
    count = json_body({"totalTokens": 99, "input_tokens": 99})
    answer = Script(answer=Answer(("it is red",)))
    house.up.play(*([count] if house.dialect in ("anthropic", "gemini") else []), answer)
    assert gemini_cli.ask(house.url, home, "what is in @red.png and @note.txt ?").text == "it is red"
    ((kind, data),) = house.seen().pictures
    assert kind == "image/png" and base64.b64decode(data).startswith(b"\x89PNG")
    assert "what the note says" in house.seen().turns[-1][1]


@pytest.mark.parametrize("cut", ["reset", "end"])
def test_a_cut_answer_is_never_shown_as_a_success(house: House, home: Path, cut: str) -> None:
    house.says(LONG, cut_after=3, cut=cut)
    said = gemini_cli.ask(house.url, home, "count")
    assert said.failed, str(said.ended)


def test_a_cut_call_is_never_run(house: House, home: Path) -> None:
    command = json.dumps({"command": f"touch {home / 'work' / 'was-run'}"})
    after = 1 if house.dialect == "gemini" else 2
    called = Answer(spoken("I go"), tools=(ToolUse("run_shell_command", command),))
    house.up.play(Script(answer=called, cut_after=after))
    said = gemini_cli.ask(house.url, home, "run it")
    assert said.failed and not (home / "work" / "was-run").exists()


def test_an_error_event_is_never_shown_as_a_success(house: House, home: Path) -> None:
    house.says(LONG, error_after=3, pace=0.02)
    said = gemini_cli.ask(house.url, home, "count")
    assert said.failed, str(said.ended)


def test_a_cut_that_another_account_mends(house: House, home: Path) -> None:
    house.up.play(Script(answer=Answer(spoken(LONG)), cut_after=3), Script(answer=Answer(spoken(LONG))))
    assert gemini_cli.ask(house.url, home, "count").text == LONG
    assert len(house.asked) == 2


def test_a_silent_gap_does_not_break_it(house: House, home: Path) -> None:
    """Keep-alives must be empty lines here: a comment crashes the CLI."""
    house.says("after a while", first_delay=2.2)
    assert gemini_cli.ask(house.url, home, "hi").text == "after a while"


def test_a_refusal_is_shown_in_the_providers_words(house: House, home: Path) -> None:
    house.up.play(failing(400, "the picture is too large for us"))
    said = gemini_cli.ask(house.url, home, "hi")
    assert said.failed and "the picture is too large for us" in said.ended.out + said.ended.err
