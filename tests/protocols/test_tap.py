from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.canon import events as ev
from gateway.canon.fold import fold
from gateway.protocols import anthropic, chat, gemini, responses
from gateway.protocols.tap import Tap


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **more: Any) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    document = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices, **more}
    return b"data: " + json.dumps(document).encode() + b"\n\n"


USAGE = chunk(usage={"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5})
STREAM = b": hello\n\n" + b"".join(
    [
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "one"}),
        chunk({"content": ' "usage" finish_reason '}),
        chunk({}, "stop"),
        USAGE,
        b"data: [DONE]\n\n",
    ]
)


def through(raw: bytes, size: int, *, commit_at: int = 0, **options: Any) -> tuple[bytes, list[ev.Event]]:
    tap = Tap(chat.DIALECT, **options)
    out, events = b"", []
    for at in range(0, len(raw), size):
        if at >= commit_at:
            tap.committed = True
        data, found = tap.feed(raw[at : at + size])
        out, events = out + data, events + found
    data, found = tap.close()
    return out + data, events + found


@pytest.mark.parametrize("size", [1, 2, 7, 64, 10_000])
@pytest.mark.parametrize("commit_at", [0, 200, 100_000])
def test_bytes_pass_as_they_are(size: int, commit_at: int) -> None:
    out, events = through(STREAM, size, commit_at=commit_at)
    assert out == STREAM
    assert isinstance(events[-1], ev.Finish) and events[-1].reason == "stop"
    assert [event.usage.total for event in events if isinstance(event, ev.UsageUpdate)][-1] == 5


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("commit_at", [0, 200, 100_000])
def test_usage_we_asked_for_is_taken_out_and_still_read(size: int, commit_at: int) -> None:
    out, events = through(STREAM, size, commit_at=commit_at, drop_usage=True)
    assert out == STREAM.replace(USAGE, b"")
    assert [event.usage.total for event in events if isinstance(event, ev.UsageUpdate)][-1] == 5


def test_events_of_other_makes_survive_the_taking_out() -> None:
    odd = b'event: note\nid: 7\ndata: {"usage":null,\ndata: "choices":[{"delta":{}}]}\n\n'
    out, _ = through(odd + USAGE + b"data: [DONE]\n\n", 10_000, drop_usage=True)
    assert out == odd + b"data: [DONE]\n\n"


def test_until_the_first_content_every_event_is_read() -> None:
    _, events = through(STREAM, 50, commit_at=100_000)
    assert fold(events).choices[0].parts[0].text == 'one "usage" finish_reason '  # type: ignore[union-attr]


def test_after_it_only_what_matters() -> None:
    _, events = through(STREAM, 50)
    assert not any(isinstance(event, ev.TextDelta) and event.text == "one" for event in events)


def test_a_partial_event_is_held() -> None:
    tap = Tap(chat.DIALECT)
    assert tap.feed(STREAM[:30])[0] == b": hello\n\n"


def test_a_cut_is_a_failure() -> None:
    cut = STREAM[: STREAM.index(b'"stop"')]
    _, events = through(cut, 50)
    assert isinstance(events[-1], ev.Failure)


def test_a_last_event_without_its_blank_line_is_whole() -> None:
    out, events = through(STREAM[:-2], 50)
    assert out == STREAM and isinstance(events[-1], ev.Finish)


def test_it_knows_when_nothing_but_usage_may_follow() -> None:
    tap = Tap(chat.DIALECT)
    tap.feed(STREAM[: STREAM.index(b'"stop"')])
    assert not tap.ending
    tap.feed(STREAM[STREAM.index(b'"stop"') : STREAM.index(USAGE)])
    assert tap.ending


ERRORS = {
    "chat": (chat, b'data: {"error":{"message":"busy","code":429}}\n\n'),
    "anthropic": (
        anthropic,
        b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"busy"}}\n\n',
    ),
    "gemini": (gemini, b'data: {"error":{"code":429,"message":"busy","status":"RESOURCE_EXHAUSTED"}}\n\n'),
    "responses": (
        responses,
        b'event: response.failed\ndata: {"type":"response.failed","response":{"id":"r","status":"failed",'
        b'"error":{"code":"rate_limit_exceeded","message":"busy"}}}\n\n',
    ),
}


@pytest.mark.parametrize(("dialect", "raw"), ERRORS.values(), ids=ERRORS)
@pytest.mark.parametrize("committed", [False, True])
def test_an_error_event_is_never_missed(dialect: Any, raw: bytes, committed: bool) -> None:
    tap = Tap(dialect.DIALECT)
    tap.committed = committed
    out, events = tap.feed(raw)
    assert out == raw
    assert any(isinstance(event, ev.Failure) and event.fault.status in (429, 503, 529) for event in events)


def test_of_a_long_piece_only_its_beginning_and_what_matters_is_read() -> None:
    texts = [f"word{number}" for number in range(300)]
    raw = b"".join(
        [
            chunk({"role": "assistant", "content": ""}),
            *(chunk({"content": text}) for text in texts),
            chunk({}, "stop"),
            USAGE,
            b"data: [DONE]\n\n",
        ]
    )
    out, events = Tap(chat.DIALECT).feed(raw)
    said = [event.text for event in events if isinstance(event, ev.TextDelta)]
    assert out == raw
    assert said and said == texts[: len(said)] and len(said) < 50
    assert [event.usage.total for event in events if isinstance(event, ev.UsageUpdate)] == [5]
    assert isinstance(events[-1], ev.Finish) and events[-1].reason == "stop"


def test_a_long_beginning_without_text_is_read_whole() -> None:
    thoughts = [f"thought{number}" for number in range(100)]
    raw = b"".join(chunk({"reasoning_content": thought}) for thought in thoughts)
    _, events = Tap(chat.DIALECT).feed(raw)
    assert [event.text for event in events if isinstance(event, ev.ThinkingDelta)] == thoughts
