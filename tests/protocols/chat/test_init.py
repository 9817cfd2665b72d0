"""The dialect as the rest of the house sees it: markers, the tap, the model lists."""

from pathlib import Path

from gateway.canon import events as ev
from gateway.canon.models import ModelInfo
from gateway.protocols.chat import DIALECT
from gateway.protocols.tap import Tap
from gateway.protocols.wire_json import loads

FIXTURES = Path(__file__).parents[2] / "fixtures" / "chat"


def tapped(name: str, *, drop_usage: bool = False) -> tuple[bytes, list[ev.Event]]:
    tap = Tap(DIALECT, drop_usage=drop_usage)
    tap.committed = True
    out, events = b"", []
    data = (FIXTURES / f"{name}.sse.txt").read_bytes()
    for start in range(0, len(data), 50):
        passed, read = tap.feed(data[start : start + 50])
        out, events = out + passed, events + read
    passed, read = tap.close()
    return out + passed, events + read


def test_markers_find_what_matters() -> None:
    out, events = tapped("text")
    assert out == (FIXTURES / "text.sse.txt").read_bytes()
    assert [type(event) for event in events if type(event) in (ev.UsageUpdate, ev.Finish)] == [
        ev.UsageUpdate,
        ev.Finish,
    ]
    _, events = tapped("error-after-text")
    assert isinstance(events[-1], ev.Failure) and events[-1].fault.status == 500
    _, events = tapped("cut-in-text")
    assert isinstance(events[-1], ev.Failure)
    _, events = tapped("parallel-tools-interleaved")
    assert isinstance(events[-1], ev.Finish) and events[-1].reason == "tool_calls"


def test_the_usage_event_is_taken_out() -> None:
    out, events = tapped("text", drop_usage=True)
    assert b"prompt_tokens" not in out and out.endswith(b"data: [DONE]\n\n")
    assert any(isinstance(event, ev.UsageUpdate) for event in events)
    kept, _ = tapped("usage-in-every-chunk", drop_usage=True)
    assert kept.count(b"prompt_tokens") == 4


def test_who_we_are() -> None:
    assert (DIALECT.name, DIALECT.author) == ("chat", "openai")
    listed = loads(DIALECT.write_models([ModelInfo("m", "us", 5)]))
    assert listed == {
        "object": "list",
        "data": [{"id": "m", "object": "model", "created": 5, "owned_by": "us"}],
    }
    assert DIALECT.read_models(listed)[0] == [ModelInfo("m", "us", 5)]
