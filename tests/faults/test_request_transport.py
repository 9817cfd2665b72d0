"""failures.md rows 17 and 19 to 22: how a request arrives, at a real gunicorn, in the words of each protocol."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.faults.doors import GEMINI_STATUS, MESSAGES_TYPE, NATIVE, OPENAI_TYPE, PROTOCOLS
from tests.gateways import Client, Provider, config_for
from tests.running import RunningGateway
from tests.scripted.script import text
from tests.scripted.told import path, request
from tests.scripted.upstream import ScriptedUpstream
from tests.web.wire import Answer, Wire, head

MB = 1024 * 1024
GEMINI = {**GEMINI_STATUS, 408: "DEADLINE_EXCEEDED", 414: "INVALID_ARGUMENT", 431: "INVALID_ARGUMENT"}


@pytest.fixture(scope="module")
def up() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as up:
        up.play(text("fine"))
        yield up


@pytest.fixture(scope="module")
def gateway(up: ScriptedUpstream) -> Iterator[RunningGateway]:
    providers = [Provider(up, dialect, models=(dialect,)) for dialect in NATIVE.values()]
    limits = {"workers": 1, "header_timeout_s": 1, "body_timeout_s": 1, "max_body_mb": 40}
    with RunningGateway(config_for(*providers, server=limits)) as gateway:
        yield gateway


@pytest.fixture(autouse=True)
def alive(gateway: RunningGateway, up: ScriptedUpstream) -> Iterator[None]:
    """Whatever arrived, nothing of it went to a provider, and the next request is answered."""
    up.requests.clear()
    yield
    assert Client(gateway.port).ask("chat", model="chat").told.text == "fine"


def assert_refused(answer: Answer, protocol: str, status: int) -> None:
    assert answer.status == status
    error = answer.json["error"]
    match protocol:
        case "messages":
            assert (answer.json["type"], error["type"]) == ("error", MESSAGES_TYPE.get(status, "invalid_request_error"))
        case "gemini":
            assert (error["code"], error["status"]) == (status, GEMINI[status])
        case _:
            assert error["type"] == OPENAI_TYPE.get(status, "invalid_request_error")
    assert answer.headers["content-type"] == "application/json"


def body_of(protocol: str, said: str = "say it") -> bytes:
    return json.dumps(request(protocol, NATIVE[protocol], text=said)).encode()


@PROTOCOLS
def test_17_thirty_megabytes_under_the_limit(gateway: RunningGateway, up: ScriptedUpstream, protocol: str) -> None:
    raw = body_of(protocol, "x" * (30 * MB))
    reply = Client(gateway.port).post(path(protocol, NATIVE[protocol]), raw, protocol=protocol).reply()
    assert reply.told.text == "fine"
    assert len(up.asked()[0].raw) >= 30 * MB


@PROTOCOLS
@pytest.mark.parametrize("said", ["a length over the limit", "endless chunks", "a length that is a lie", "nothing"])
def test_17_lengths_that_are_too_large_or_lies(
    gateway: RunningGateway, up: ScriptedUpstream, protocol: str, said: str
) -> None:
    place = path(protocol, NATIVE[protocol])
    with Wire(gateway.connect()) as wire:
        match said:
            case "a length over the limit":
                answer = wire.send(head("POST", place, f"Content-Length: {41 * MB}") + b"{").read()
                assert_refused(answer, protocol, 413)
            case "endless chunks":
                wire.send(head("POST", place, "Transfer-Encoding: chunked"))
                piece = b"100000\r\n" + b" " * MB + b"\r\n"
                try:
                    for _ in range(60):
                        wire.send(piece)
                except (BrokenPipeError, ConnectionResetError):
                    pass
                assert_refused(wire.read(), protocol, 413)
            case "a length that is a lie":
                raw = body_of(protocol)
                started = time.monotonic()
                answer = wire.send(head("POST", place, f"Content-Length: {len(raw) + 9}") + raw).read()
                assert_refused(answer, protocol, 408)
                assert time.monotonic() - started < 8
            case _:
                assert_refused(wire.send(head("POST", place)).read(), protocol, 400)
    assert up.asked() == []


@PROTOCOLS
@pytest.mark.parametrize("kind", ["text/plain", None])
def test_19_other_content_types_only_without_an_origin(
    gateway: RunningGateway, up: ScriptedUpstream, protocol: str, kind: str | None
) -> None:
    raw, place = body_of(protocol), path(protocol, NATIVE[protocol])
    told = [f"Content-Type: {kind}"] if kind else []
    with Wire(gateway.connect()) as wire:
        assert wire.post(place, raw, *told).read().status == 200
    with Wire(gateway.connect()) as wire:
        assert_refused(wire.post(place, raw, *told, "Origin: https://page.example").read(), protocol, 415)
    assert len(up.asked()) == 1


@PROTOCOLS
@pytest.mark.parametrize("slow", ["head", "body"])
def test_20_a_slow_loris_ends_in_time(gateway: RunningGateway, up: ScriptedUpstream, protocol: str, slow: str) -> None:
    raw, place = body_of(protocol), path(protocol, NATIVE[protocol])
    whole = head("POST", place, f"Content-Length: {len(raw)}") + raw
    quick = len(whole) - len(raw) if slow == "body" else whole.index(b"\r\n") + 2
    started = time.monotonic()
    with Wire(gateway.connect()) as wire:
        wire.send(whole[:quick])
        try:
            for byte in whole[quick : quick + 40]:
                wire.send(bytes([byte]))
                time.sleep(0.1)
                if time.monotonic() - started > 3:
                    break
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert_refused(wire.read(), protocol, 408)
    assert time.monotonic() - started < 8
    assert up.asked() == []


@PROTOCOLS
@pytest.mark.parametrize(("case", "status"), [("lines", 431), ("large", 431), ("path", 414)])
def test_21_heads_that_are_too_large(gateway: RunningGateway, protocol: str, case: str, status: int) -> None:
    place = path(protocol, NATIVE[protocol])
    match case:
        case "lines":
            block = head("POST", place, *(f"x{number}: y" for number in range(1000)))
        case "large":
            block = head("POST", place, "x: " + "y" * 65536)
        case _:
            prefix = "/v1beta/" if protocol == "gemini" else f"{place}/"
            block = head("POST", prefix + "a" * 5000)
    with Wire(gateway.connect()) as wire:
        assert_refused(wire.send(block).read(), protocol, status)


@PROTOCOLS
def test_22_smuggling_is_refused_and_the_connection_closed(
    gateway: RunningGateway, up: ScriptedUpstream, protocol: str
) -> None:
    raw, place = body_of(protocol), path(protocol, NATIVE[protocol])
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(raw), raw)
    with Wire(gateway.connect()) as wire:
        both = head("POST", place, f"Content-Length: {len(chunked)}", "Transfer-Encoding: chunked") + chunked
        assert_refused(wire.send(both + head("GET", "/healthz")).read(), protocol, 400)
        assert wire.at_end()
    assert up.asked() == []


@PROTOCOLS
def test_22_http_1_0_and_pipelining(gateway: RunningGateway, up: ScriptedUpstream, protocol: str) -> None:
    raw, place = body_of(protocol), path(protocol, NATIVE[protocol])
    one = head("POST", place, f"Content-Length: {len(raw)}") + raw
    with Wire(gateway.connect()) as wire:
        wire.send(one * 3)
        assert [wire.read().status for _ in range(3)] == [200, 200, 200]
    with Wire(gateway.connect()) as wire:
        old = f"POST {place} HTTP/1.0\r\nContent-Length: {len(raw)}\r\n\r\n".encode()
        assert wire.send(old + raw).read().status == 200
        assert wire.at_end()
    assert len(up.asked()) == 4
