from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.running import RunningGateway
from tests.scripted.script import text
from tests.scripted.upstream import ScriptedUpstream
from tests.web.wire import Wire, chat, config, head

CLASSES = [None, "gthread"]
STREAMS = 50
WORDS = "one two three four five six seven eight"


def threads(worker_class: str | None) -> tuple[str, ...]:
    return ("--threads=60",) if worker_class == "gthread" else ()


@pytest.fixture
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as up:
        yield up


@pytest.fixture(params=CLASSES, ids=["gevent", "gthread"])
def start(request: pytest.FixtureRequest, upstream: ScriptedUpstream) -> Iterator[Callable[..., RunningGateway]]:
    """Starts a gateway in front of `upstream`, with both classes of worker."""
    running: list[RunningGateway] = []

    def started(server: str = "", **options: object) -> RunningGateway:
        gateway = RunningGateway(
            config(upstream.base_url, server),
            request.param,
            arguments=threads(request.param),
            **options,  # type: ignore[arg-type]
        )
        running.append(gateway)
        return gateway

    yield started
    for gateway in running:
        gateway.stop(grace_s=2)


def stream(gateway: RunningGateway, model: str = "m") -> Wire:
    """A stream whose first content is here."""
    wire = Wire(gateway.connect(20)).post("/v1/chat/completions", chat(stream=True, model=model))
    status, _ = wire.read_head()
    assert status == 200
    while b"one" not in wire.read_chunk():
        pass
    return wire


def to_the_end(wires: list[Wire]) -> list[bytes]:
    """What each stream still says."""
    said = []
    for wire in wires:
        body = b""
        while piece := wire.read_chunk():
            body += piece
        said.append(body)
    return said


def test_streams_that_outlive_the_drain_get_their_error_event(
    upstream: ScriptedUpstream, start: Callable[..., RunningGateway]
) -> None:
    upstream.play(text(WORDS, stall_after=3, stall=60))
    gateway = start("drain_timeout_s = 1")
    wires = [stream(gateway) for _ in range(STREAMS)]
    gateway.signal(signal.SIGTERM)
    said = to_the_end(wires)
    assert all(b'"error"' in body and b"[DONE]" not in body for body in said)
    assert all("shutting down" in body.decode() for body in said)
    assert gateway.wait(10) == 0
    assert upstream.wait_for(lambda: all(each.left_at for each in upstream.asked()))


def test_streams_that_end_within_the_drain_are_whole(upstream: ScriptedUpstream) -> None:
    upstream.play(text(WORDS, pace=0.1))
    with RunningGateway(config(upstream.base_url, "drain_timeout_s = 20")) as gateway:
        wires = [stream(gateway) for _ in range(STREAMS)]
        gateway.signal(signal.SIGTERM)
        assert all(body.rstrip().endswith(b"[DONE]") and b"eight" in body for body in to_the_end(wires))
        assert gateway.wait(10) == 0


def test_a_whole_answer_is_finished_during_the_drain(
    upstream: ScriptedUpstream, start: Callable[..., RunningGateway]
) -> None:
    upstream.play(text(WORDS, head_delay=0.7))
    gateway = start("drain_timeout_s = 20")
    wire = Wire(gateway.connect()).post("/v1/chat/completions", chat())
    assert upstream.wait_for(lambda: bool(upstream.asked()))
    gateway.signal(signal.SIGTERM)
    answer = wire.read()
    assert answer.json["choices"][0]["message"]["content"] == WORDS
    assert gateway.wait(10) == 0


def test_during_the_drain_nobody_is_taken_in(upstream: ScriptedUpstream) -> None:
    upstream.play(text(WORDS, stall_after=3, stall=60))
    with RunningGateway(config(upstream.base_url, "drain_timeout_s = 2")) as gateway:
        running = stream(gateway)
        idle = Wire(gateway.connect())
        assert idle.send(head("GET", "/healthz")).read().headers["connection"] == "keep-alive"
        begun = {path: Wire(gateway.connect()) for path in ("/v1/messages", "/v1/chat/completions")}
        for path, wire in begun.items():
            wire.send(f"POST {path} HTTP/1.1\r\n".encode())
        ready = Wire(gateway.connect()).send(b"GET /readyz HTTP/1.1\r\n")
        time.sleep(0.3)
        gateway.signal(signal.SIGTERM)
        idle.socket.settimeout(2)
        assert idle.at_end()
        with pytest.raises(OSError):
            gateway.connect()
        assert ready.send(b"Host: x\r\n\r\n").read().status == 503
        for path, wire in begun.items():
            body = chat()
            answer = wire.send(f"Host: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body).read()
            assert (answer.status, answer.headers["connection"]) == (503, "close")
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.dialect == ("anthropic" if "messages" in path else "openai")
        assert b'"error"' in to_the_end([running])[0]
        assert gateway.wait(10) == 0


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_at_once(upstream: ScriptedUpstream, second: signal.Signals) -> None:
    upstream.play(text(WORDS, stall_after=3, stall=60))
    with RunningGateway(config(upstream.base_url, "drain_timeout_s = 60")) as gateway:
        stream(gateway)
        gateway.signal(signal.SIGTERM)
        time.sleep(0.5)
        gateway.signal(second)
        gateway.wait(8)


def test_reload_keeps_streams_connections_and_workers(
    upstream: ScriptedUpstream, start: Callable[..., RunningGateway]
) -> None:
    upstream.play(text(WORDS, pace=0.3))
    gateway = start('account_header = "off"', workers=2)
    pids = gateway.workers()
    assert len(pids) == 2
    open_connections = [Wire(gateway.connect()) for _ in range(6)]
    for wire in open_connections:
        assert wire.send(head("GET", "/v1/models/other")).read().status == 404
    wires = [stream(gateway) for _ in range(STREAMS)]

    gateway.configure(config(upstream.base_url).replace('models = ["m*"]', 'models = ["m*", "other"]'))
    gateway.signal(signal.SIGHUP)
    gateway.wait_for_log("configuration reloaded", 2)
    for wire in open_connections:
        assert wire.send(head("GET", "/v1/models/other")).read().status == 200

    gateway.configure(config(upstream.base_url, 'keepalive_s = "often"\nprot = 1'))
    gateway.signal(signal.SIGHUP)
    gateway.wait_for_log("reload refused", 2)
    assert "keepalive_s" in gateway.log() and "prot" in gateway.log()
    for wire in open_connections:
        assert wire.send(head("GET", "/v1/models/other")).read().status == 200

    assert all(body.rstrip().endswith(b"[DONE]") and b"eight" in body for body in to_the_end(wires))
    assert gateway.workers() == pids


def test_a_worker_that_has_answered_its_share_ends_its_streams_truthfully(upstream: ScriptedUpstream) -> None:
    upstream.play(text(WORDS, stall_after=3, stall=60))
    with RunningGateway(config(upstream.base_url, "drain_timeout_s = 1"), arguments=("--max-requests=4",)) as gateway:
        pids = gateway.workers()
        wires = [stream(gateway) for _ in range(3)]
        assert all(b'"error"' in body for body in to_the_end(wires))
        gateway.wait_for_log("Worker ready", 2)
        assert gateway.workers() != pids
        with Wire(gateway.connect()) as wire:
            assert wire.send(head("GET", "/healthz")).read().status == 200


def test_a_large_body_is_not_copied_needlessly(upstream: ScriptedUpstream) -> None:
    megabytes = 20

    def peak(pid: int) -> float:
        """MB of memory the process has had at most."""
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024

    with RunningGateway(config(upstream.base_url)) as gateway, Wire(gateway.connect(30)) as wire:
        assert wire.post("/v1/chat/completions", chat()).read().status == 200
        before = peak(gateway.workers()[0])
        assert wire.post("/v1/chat/completions", chat(said="y" * megabytes * 1024 * 1024)).read().status == 200
        assert peak(gateway.workers()[0]) - before < 3.6 * megabytes
    assert len(upstream.asked()[-1].raw) > megabytes * 1024 * 1024


def test_a_client_that_leaves_is_noticed(upstream: ScriptedUpstream, start: Callable[..., RunningGateway]) -> None:
    upstream.play(text(WORDS, stall_after=3, stall=60))
    gateway = start()
    wire = stream(gateway)
    wire.close()
    assert upstream.wait_for(lambda: upstream.asked()[0].left_at is not None, 3)


def test_the_worker_timeout_never_ends_a_long_stream(upstream: ScriptedUpstream) -> None:
    upstream.play(text(WORDS, stall_after=3, stall=3))
    with RunningGateway(config(upstream.base_url), arguments=("--timeout=2",)) as gateway:
        pids = gateway.workers()
        assert to_the_end([stream(gateway)])[0].rstrip().endswith(b"[DONE]")
        assert gateway.workers() == pids


def test_a_unix_socket_is_served(upstream: ScriptedUpstream) -> None:
    upstream.play(text(WORDS))
    with RunningGateway(config(upstream.base_url), unix=True) as gateway, Wire(gateway.connect()) as wire:
        assert wire.post("/v1/chat/completions", chat()).read().json["choices"][0]["message"]["content"] == WORDS
        assert to_the_end([stream(gateway)])
        answer = wire.send(head("GET", "/x", "broken")).read()
        assert (answer.status, answer.dialect) == (400, "openai")


def test_a_client_that_never_pauses_leaves_others_their_turn() -> None:
    """Pipelined requests need no waiting at all; somebody else's one request is answered in between."""
    many = 800
    with RunningGateway(config()) as gateway, Wire(gateway.connect(30)) as busy, Wire(gateway.connect()) as other:
        assert other.send(head("GET", "/healthz")).read().status == 200
        answered = 0
        done = threading.Event()

        def read_all() -> None:
            nonlocal answered
            for _ in range(many):
                assert busy.read().status == 200
                answered += 1
            done.set()

        reader = threading.Thread(target=read_all)
        busy.send(head("GET", "/healthz") * many)
        reader.start()
        while answered < 20:
            time.sleep(0.001)
        assert other.send(head("GET", "/healthz")).read().status == 200
        seen = answered
        reader.join(30)
        assert done.is_set()
        assert seen < many


def test_gthread_refuses_in_json(upstream: ScriptedUpstream) -> None:
    with (
        RunningGateway(config(upstream.base_url), "gthread", arguments=("--threads=8",)) as gateway,
        Wire(gateway.connect()) as wire,
    ):
        answer = wire.send(head("GET", "/v1/models", "broken header sk-canary")).read()
        assert (answer.status, answer.dialect) == (400, "openai")
        assert "canary" not in json.dumps(answer.json) + gateway.log()
