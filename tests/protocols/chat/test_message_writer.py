from typing import Any

from gateway.canon.dialogue import Loss, Turn
from gateway.canon.parts import Media, Opaque, Part, Refusal, Signature, Text, Thinking, ToolCall, ToolResult
from gateway.canon.profile import Profile
from gateway.protocols.chat.message_writer import write_messages
from gateway.protocols.chat.request_writer import tool_names


def write(*turns: Turn, profile: Profile | None = None) -> tuple[list[dict[str, Any]], list[Loss]]:
    losses: list[Loss] = []
    return write_messages(list(turns), profile or Profile(), tool_names(), losses), losses


def assistant(*parts: Part) -> dict[str, Any]:
    (message,), _ = write(Turn("assistant", list(parts)))
    return message


def test_system_turns_stay_in_place_and_developer_follows_the_profile() -> None:
    turns = [
        Turn("user", [Text("u")]),
        Turn("developer", [Text("d")]),
        Turn("system", [Text("a"), Text("b")]),
    ]
    messages, losses = write(*turns)
    assert messages == [
        {"role": "user", "content": "u"},
        {"role": "system", "content": "d"},
        {"role": "system", "content": "a\n\nb"},
    ]
    assert losses == []
    assert write(*turns, profile=Profile(developer_role=True))[0][1]["role"] == "developer"


def test_the_billing_block_is_no_prompt() -> None:
    mark = Text("x-anthropic-billing-header: v", extras={"anthropic": {"attribution": True}})
    assert write(Turn("system", [mark, Text("s")])) == ([{"role": "system", "content": "s"}], [])
    assert write(Turn("system", [mark]), Turn("user", [Text("u")])) == (
        [{"role": "user", "content": "u"}],
        [],
    )


def test_results_come_before_the_words_of_their_turn() -> None:
    result = ToolResult("a", "f", [Text("1"), Text("2")])
    messages, _ = write(Turn("user", [Text("and now?"), result, ToolResult("b", "f", [])]))
    assert messages == [
        {"role": "tool", "tool_call_id": "a", "content": "1\n2"},
        {"role": "tool", "tool_call_id": "b", "content": ""},
        {"role": "user", "content": "and now?"},
    ]


def test_a_failed_result_says_so() -> None:
    messages, losses = write(Turn("user", [ToolResult("a", "f", [Text("no such file")], is_error=True)]))
    assert messages[0]["content"] == "Error: no such file" and losses == []
    messages, _ = write(Turn("user", [ToolResult("a", "f", [Text("error: x")], is_error=True)]))
    assert messages[0]["content"] == "error: x"


def test_pictures_of_results_follow_the_last_result() -> None:
    picture = Media("image", "image/png", "AAAA")
    messages, losses = write(
        Turn(
            "user",
            [ToolResult("a", "read.file", [picture]), ToolResult("b", "f", [Text("t"), picture]), Text("go")],
        )
    )
    assert [message["role"] for message in messages] == ["tool", "tool", "user", "user"]
    assert messages[0]["content"] and messages[1]["content"] == "t"
    shown = messages[2]["content"]
    assert [part["type"] for part in shown] == ["text", "image_url", "text", "image_url"]
    assert "read_file" in shown[0]["text"] and "(a)" in shown[0]["text"]
    assert messages[3] == {"role": "user", "content": "go"} and losses == []


def test_nothing_stands_between_a_call_and_its_results() -> None:
    png = Media("image", "image/png", "aGk=")
    messages, _ = write(
        Turn("assistant", [ToolCall("a", "f"), ToolCall("b", "f")]),
        Turn("user", [Text("wait")]),
        Turn("user", [ToolResult("a", "f", [png])]),
        Turn("system", [Text("be brief")]),
        Turn("user", [ToolResult("b", "f", [Text("2")]), Text("go on")]),
        Turn("user", [Text("now")]),
    )
    assert [message["role"] for message in messages] == [
        *("assistant", "tool", "tool", "user", "user", "system", "user", "user")
    ]
    assert [message["tool_call_id"] for message in messages[1:3]] == ["a", "b"]
    assert [messages[at]["content"] for at in (3, 5, 6, 7)] == ["wait", "be brief", "go on", "now"]


def test_words_after_a_call_nobody_answered_stay() -> None:
    messages, _ = write(Turn("assistant", [ToolCall("a", "f")]), Turn("user", [Text("x")]))
    assert [message["role"] for message in messages] == ["assistant", "user"]


def test_user_media_make_a_list() -> None:
    (message,), _ = write(Turn("user", [Text("see"), Media("image", url="https://x/y")]))
    assert message["content"] == [
        {"type": "text", "text": "see"},
        {"type": "image_url", "image_url": {"url": "https://x/y"}},
    ]


def test_foreign_thinking_is_dropped_silently_and_own_put_back() -> None:
    foreign = Thinking("deep", Signature("anthropic", "s"))
    assert write(Turn("assistant", [foreign, Text("a")])) == ([{"role": "assistant", "content": "a"}], [])
    own = Thinking("deep", extras={"chat": {"field": "reasoning_content"}})
    assert assistant(own, Text("a"))["reasoning_content"] == "deep"


def test_thinking_goes_back_to_models_that_refuse_a_history_without_it() -> None:
    """DeepSeek and Kimi: 400 "thinking is enabled but reasoning_content is missing in assistant tool call message"."""
    profile = Profile(thinking_back=True)
    call = ToolCall("a", "f", "{}")
    turns = [
        Turn("assistant", [Thinking("I "), Thinking("look", Signature("anthropic", "s")), call]),
        Turn("user", [ToolResult("a", "f", [Text("r")])]),
        Turn("assistant", [Text("again"), call]),
        Turn("assistant", [Thinking("own", extras={"chat": {"field": "reasoning"}}), call]),
        Turn("assistant", [Text("done")]),
    ]
    first, result, second, third, last = write(*turns, profile=profile)[0]
    assert last == {"role": "assistant", "content": "done"}
    assert first["reasoning_content"] == "I look" and "reasoning_content" not in result
    assert second["reasoning_content"] == " "
    assert third["reasoning"] == "own" and "reasoning_content" not in third


def test_an_assistant_with_calls_alone_has_null_content() -> None:
    message = assistant(ToolCall("a", "f", '{"x":1}'), ToolCall("b", "f"))
    assert message == {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}},
            {"id": "b", "type": "function", "function": {"name": "f", "arguments": "{}"}},
        ],
    }


def test_blocks_of_one_assistant_turn_are_one_text() -> None:
    assert assistant(Text("It is "), Text("so."))["content"] == "It is so."


def test_an_assistant_of_whom_nothing_is_left_still_has_a_content() -> None:
    assert assistant(Thinking("x")) == {"role": "assistant", "content": ""}


def test_refusals() -> None:
    assert assistant(Refusal("no")) == {"role": "assistant", "content": None, "refusal": "no"}


def test_what_cannot_be_carried_is_a_loss() -> None:
    opaque = Opaque("anthropic", {"type": "server_tool_use"})
    messages, losses = write(
        Turn("user", [Text("a"), opaque]), Turn("assistant", [Text("b"), opaque, Media("image", data="AAAA")])
    )
    assert messages[0]["content"] == [{"type": "text", "text": "a"}] and messages[1]["content"] == "b"
    assert [loss.path for loss in losses] == ["turns[0]", "turns[1]", "turns[1]"]
    assert "server_tool_use" in losses[0].reason
