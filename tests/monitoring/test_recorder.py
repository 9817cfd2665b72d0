from __future__ import annotations

import io
import json
import threading
import time

import pytest

from gateway.monitoring import recorder
from gateway.monitoring.record import Record
from gateway.monitoring.recorder import Recorder


def record(**more: object) -> Record:
    facts: dict[str, object] = {
        "at": 0.0,
        "id": "req_1",
        "method": "POST",
        "path": "/v1/messages",
        "client": "127.0.0.1",
        "key": "anna",
        "status": 200,
        "seconds": 1.5,
    }
    return Record(**{**facts, **more})  # type: ignore[arg-type]


def test_a_line_for_people() -> None:
    line = record(
        asked="gpt-4o",
        mapped="gemini-2.5-flash",
        upstream="gemini",
        account="me@example.com",
        mode="translated",
        stream=True,
        input_tokens=3,
        output_tokens=2,
        first_content_s=0.25,
        attempts=["use=2/3 gemini/me@example.com: answered"],
        ended="complete",
    ).line()
    assert line == (
        "200 POST /v1/messages gpt-4o->gemini-2.5-flash gemini/me@example.com translated stream tokens=3+2 use=2/3 "
        "first=0.250s 1.500s req_1"
    )


def test_what_went_wrong_is_in_the_line() -> None:
    line = record(
        status=502, error="upstream_error", ended="cut", attempts=["a/1: cool: 429", "b/2: rotate: 500"]
    ).line()
    assert (
        "attempts=[a/1: cool: 429; b/2: rotate: 500]" in line and "ended=cut" in line and "error=upstream_error" in line
    )


@pytest.mark.parametrize("name", ["a\n2026-01-01 200 forged", "a\x1b[31m", "a\r", "a\u2028b", "a\x00", "a\ud800"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_client_cannot_write_lines_of_its_own(name: str, form: str) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    log = Recorder(form=form, out=out)
    log._queue.append(record(asked=name))
    log.flush()
    written = out.buffer.getvalue().decode()  # type: ignore[attr-defined]
    assert len(written.splitlines()) == 1 and written.removesuffix("\n").isprintable()
    if form == "json":
        assert json.loads(written)["asked"] == name


def test_names_in_other_alphabets_stay_readable() -> None:
    assert "模型-Ü" in record(asked="模型-Ü").line()


def test_json_leaves_out_what_is_not_known() -> None:
    document = record(input_tokens=0, losses=0).document()
    assert document["input_tokens"] == 0 and document["status"] == 200 and document["key"] == "anna"
    assert not {"error", "first_content_s", "attempts", "output_tokens", "mapped"} & set(document)
    json.dumps(document)


def until(condition: object, timeout: float = 10.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "EVERY_S", 0.01)


def test_records_are_written_by_themselves_in_order() -> None:
    out = io.StringIO()
    log = Recorder(out=out)
    for number in range(100):
        log.note(record(id=f"req_{number}"))
    until(lambda: out.getvalue().count("\n") == 100)
    assert [line.rpartition(" ")[2] for line in out.getvalue().splitlines()] == [
        f"req_{number}" for number in range(100)
    ]
    log.note(record(id="later"))
    until(lambda: "later" in out.getvalue())


def test_one_thread_writes_for_many() -> None:
    out = io.StringIO()
    log = Recorder(out=out)
    threads = [threading.Thread(target=lambda: [log.note(record()) for _ in range(50)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    until(lambda: out.getvalue().count("\n") == 400)


def test_flush_writes_what_waits() -> None:
    out = io.StringIO()
    log = Recorder(form="json", out=out)
    log._queue.extend([record(id="a"), record(id="b")])
    log.flush()
    assert [json.loads(line)["id"] for line in out.getvalue().splitlines()] == ["a", "b"]
    log.flush()
    assert out.getvalue().count("\n") == 2


def test_a_full_queue_is_counted_and_never_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "LIMIT", 3)
    monkeypatch.setattr(Recorder, "_start", lambda self: None)
    out = io.StringIO()
    log = Recorder(out=out)
    for _ in range(5):
        log.note(record())
    assert log.dropped == 2
    log.flush()
    assert out.getvalue().count("\n") == 4 and "2 records were dropped" in out.getvalue() and log.dropped == 0


def test_a_log_that_is_gone_stops_nobody() -> None:
    out = io.StringIO()
    log = Recorder(out=out)
    out.close()
    log.note(record())
    until(lambda: not log._queue)
    log.note(record())
    until(lambda: not log._queue)
    assert log._thread is not None and log._thread.is_alive()
