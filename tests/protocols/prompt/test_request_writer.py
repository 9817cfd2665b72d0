from __future__ import annotations

from typing import Any

import pytest

from gateway.canon.dialogue import Dialogue, Knobs, OutputFormat, Tool, Turn
from gateway.canon.fault import Malformed
from gateway.canon.parts import Media, Opaque, Part, Text, Thinking, ToolCall, ToolResult
from gateway.canon.profile import Profile
from gateway.protocols.prompt import DIALECT
from gateway.protocols.prompt.request_writer import COMMANDS, NEXT, ONWARD, write_request


def user(*parts: str | Part) -> Turn:
    return Turn("user", [Text(part) if isinstance(part, str) else part for part in parts])


def written(*turns: Turn, **more: Any) -> dict[str, Any]:
    return write_request(Dialogue("m", list(turns), **more), Profile()).body


def losses(*turns: Turn, **more: Any) -> list[str]:
    return [loss.path for loss in write_request(Dialogue("m", list(turns), **more), Profile()).losses]


@pytest.mark.parametrize("text", ["hi", "--help", "  $(x)\n\n", "a\n/b"])
def test_one_turn_is_the_prompt_as_it_stands(text: str) -> None:
    assert written(user(text)) == {"model": "m", "system": "", "prompt": text}


@pytest.mark.parametrize("sign", COMMANDS)
def test_what_a_tool_would_take_for_a_command_is_told_in_tags(sign: str) -> None:
    prompt = written(user(f"{sign}help"))["prompt"]
    assert not prompt.startswith(COMMANDS) and f"<user>\n{sign}help\n</user>" in prompt


def test_every_system_text_is_kept_in_order() -> None:
    turns = [Turn("system", [Text("a"), Text("b")]), user("hi"), Turn("developer", [Text("c")]), Turn("system", [])]
    assert written(*turns) == {"model": "m", "system": "a\n\nb\n\nc", "prompt": "hi"}


def test_a_conversation_is_told_once_and_asks_for_what_comes_next() -> None:
    call, result = ToolCall("c1", "add", '{"a": 1}'), ToolResult("c1", "add", [Text("3")])
    turns = [user("1+2?"), Turn("assistant", [Thinking("hmm"), Text("let me see"), call]), user(result, "so?")]
    prompt = written(*turns)["prompt"]
    assert prompt == (
        f"{NEXT}\n\n<user>\n1+2?\n</user>\n\n"
        '<assistant>\nlet me see\n<tool_call name="add">{"a": 1}</tool_call>\n</assistant>\n\n'
        '<user>\n<tool_result name="add">\n3\n</tool_result>\n\nso?\n</user>'
    )
    assert written(*turns, Turn("assistant", [Text("3, be")]))["prompt"].startswith(ONWARD)


@pytest.mark.parametrize("turns", [[], [Turn("system", [Text("x")])], [user(" ")], [Turn("assistant", [Text("x")])]])
def test_nothing_said_by_a_user(turns: list[Turn]) -> None:
    with pytest.raises(Malformed):
        written(*turns)


def test_what_cannot_be_told_is_a_loss() -> None:
    assert losses(user("hi")) == losses(user("hi"), knobs=Knobs(n=1)) == []
    assert losses(user("hi"), knobs=Knobs(temperature=0.0, stop=["x"], n=2)) == ["temperature", "stop", "n"]
    assert losses(user("hi", Media("image", data="aGk="), Opaque("chat", {}))) == ["messages", "messages"]
    assert losses(user("hi"), tools=[Tool("function", "f")]) == ["tools"]
    assert losses(user("hi"), output=OutputFormat("json")) == ["response_format"]
    assert losses(user("hi"), extras={"chat": {"logit_bias": {}, "dry_run": False}}) == ["logit_bias"]


def test_the_answer_comes_in_chats_words() -> None:
    events = DIALECT.answer_reader(None).feed(b'data: {"choices": [{"index": 0, "delta": {"content": "x"}}]}\n\n')
    assert events and DIALECT.name == "prompt"
