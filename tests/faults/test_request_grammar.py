"""failures.md rows 1-9, 11-16, 18: bad bodies are a 400 of the protocol, and nothing goes upstream."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.doors import FORMS, MODES, NATIVE, PROTOCOLS, assert_error, dialect_of
from tests.gateways import InProcess, Provider, Reply, config_for
from tests.scripted.script import text
from tests.scripted.told import path, request
from tests.scripted.upstream import ScriptedUpstream


class Door:
    def __init__(self, up: ScriptedUpstream, gateway: InProcess) -> None:
        self.up = up
        self.gateway = gateway

    def post(self, protocol: str, native: bool, raw: bytes, stream: bool = False, headers: Any = None) -> Reply:
        target = path(protocol, dialect_of(protocol, native), stream)
        return self.gateway.post(target, raw, headers or {}, protocol=protocol).reply()

    def refused(self, protocol: str, native: bool, raw: bytes, stream: bool = False) -> dict[str, Any]:
        """The error object of a 400; the upstream saw nothing and the next request is answered."""
        before = len(self.up.requests)
        error = assert_error(self.post(protocol, native, raw, stream), 400)
        assert len(self.up.requests) == before
        return error


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with ScriptedUpstream() as up:
        up.play(text("fine"))
        providers = [Provider(up, dialect, models=(dialect,)) for dialect in NATIVE.values()]
        with InProcess(config_for(*providers, server={"max_body_mb": 4})) as gateway:
            yield Door(up, gateway)
            assert gateway.alive()
            assert not any(record.status == 500 for record in gateway.records)


def body_for(protocol: str, native: bool, stream: bool = False, **more: Any) -> dict[str, Any]:
    return request(protocol, dialect_of(protocol, native), stream, **more)


NOT_AN_OBJECT = {
    "empty": b"", "blank": b"  ", "list": b"[]", "null": b"null", "string": b'"x"', "number": b"7",
    "truncated": b'{"model": "m", "messages": [', "utf-8": b'{"model": "m\xff"}', "nan": b'{"temperature": NaN}',
    "infinity": b'{"temperature": Infinity}', "minus-infinity": b'{"temperature": -Infinity}',
}  # fmt: skip


@FORMS
@PROTOCOLS
@pytest.mark.parametrize("case", NOT_AN_OBJECT)
def test_1_2_3_11_13_no_json_object(door: Door, protocol: str, case: str, stream: bool) -> None:
    """Only Gemini's URL tells that a stream was asked for."""
    error = door.refused(protocol, True, NOT_AN_OBJECT[case], stream)
    if case == "truncated":
        assert "line 1" in error["message"] or "column" in error["message"]


@FORMS
@pytest.mark.parametrize("protocol", ["chat", "messages", "responses"])
def test_4_no_model(door: Door, protocol: str, stream: bool) -> None:
    body = body_for(protocol, True, stream)
    del body["model"]
    error = door.refused(protocol, True, json.dumps(body).encode(), stream)
    assert "model" in error["message"]
    assert protocol == "messages" or error["param"] == "model"


FIELD = {"chat": "messages", "messages": "messages", "gemini": "contents", "responses": "input"}


@MODES
@FORMS
@PROTOCOLS
@pytest.mark.parametrize("turns", ["missing", "empty"])
def test_5_7_no_turns(door: Door, protocol: str, stream: bool, native: bool, turns: str) -> None:
    body = body_for(protocol, native, stream)
    if turns == "empty":
        body[FIELD[protocol]] = []
    else:
        del body[FIELD[protocol]]
    error = door.refused(protocol, native, json.dumps(body).encode(), stream)
    assert FIELD[protocol] in error["message"] or FIELD[protocol] in str(error.get("param"))


WRONG_TYPES: list[tuple[str, str, Any]] = [
    *(("chat", name, value) for name, value in (
        ("messages", 5), ("messages", [{"role": "user", "content": 5}]), ("max_tokens", "lots"),
        ("temperature", "hot"), ("stream", "yes"), ("tools", 3), ("messages", ["x"]), ("model", 4),
    )),
    *(("messages", name, value) for name, value in (
        ("messages", 5), ("messages", [{"role": "user", "content": 5}]), ("max_tokens", "lots"),
        ("temperature", "hot"), ("stream", "yes"), ("system", 5), ("messages", ["x"]), ("model", 4),
    )),
    *(("responses", name, value) for name, value in (
        ("input", 5), ("input", [{"role": "user", "content": 5}]), ("max_output_tokens", "lots"),
        ("temperature", "hot"), ("stream", "yes"), ("model", 4),
    )),
    *(("gemini", name, value) for name, value in (
        ("contents", 5), ("contents", [{"parts": 5}]), ("contents", [{"parts": [{"text": 5}]}]),
        ("generationConfig", {"maxOutputTokens": "lots"}), ("generationConfig", {"temperature": "hot"}),
        ("generationConfig", 5), ("tools", 3),
    )),
]  # fmt: skip


@MODES
@FORMS
@pytest.mark.parametrize(("protocol", "field", "value"), WRONG_TYPES)
def test_6_wrong_types_name_the_field(
    door: Door, protocol: str, field: str, value: Any, native: bool, stream: bool
) -> None:
    body = {**body_for(protocol, native, stream), field: value}
    error = door.refused(protocol, native, json.dumps(body).encode(), stream)
    told = f"{error['message']} {error.get('param')}"
    inner = next(iter(value)) if isinstance(value, dict) else field
    assert inner in told or field in told


ROLES = [
    ("chat", [{"role": "wizard", "content": "x"}], "messages[0]"),
    ("chat", [{"role": "user", "content": [{"type": "text"}]}], "messages[0]"),
    ("messages", [{"role": "wizard", "content": "x"}], "messages"),
    ("messages", [{"role": "user", "content": [{"type": "text"}]}], "messages"),
    ("responses", [{"role": "wizard", "content": "x"}], "input[0]"),
    ("gemini", [{"role": "wizard", "parts": [{"text": "x"}]}], "contents[0]"),
]


@MODES
@FORMS
@pytest.mark.parametrize(("protocol", "turns", "where"), ROLES)
def test_8_unknown_roles_and_malformed_blocks(
    door: Door, protocol: str, turns: Any, where: str, native: bool, stream: bool
) -> None:
    body = {**body_for(protocol, native, stream), FIELD[protocol]: turns}
    error = door.refused(protocol, native, json.dumps(body).encode(), stream)
    assert where in f"{error['message']} {error.get('param')}"


UNKNOWN: dict[str, dict[str, Any]] = {
    "chat": {"type": "of_tomorrow", "of_tomorrow": 1},
    "messages": {"type": "of_tomorrow", "of_tomorrow": 1},
    "responses": {"type": "input_of_tomorrow", "of_tomorrow": 1},
    "gemini": {"ofTomorrow": {"a": 1}},
}


@MODES
@FORMS
@PROTOCOLS
def test_8_an_unknown_block_is_carried_or_reported(door: Door, protocol: str, stream: bool, native: bool) -> None:
    body = body_for(protocol, native, stream)
    turn = body[FIELD[protocol]]
    if protocol == "gemini":
        turn[0]["parts"].append(UNKNOWN[protocol])
    else:
        words = {"type": "input_text" if protocol == "responses" else "text", "text": "say it"}
        body[FIELD[protocol]] = [{"role": "user", "content": [words, UNKNOWN[protocol]]}]
    reply = door.post(protocol, native, json.dumps(body).encode(), stream)
    assert (reply.status, reply.told.text) == (200, "fine")
    sent = json.dumps(door.up.requests[-1].body)
    assert ("omorrow" in sent) == native
    assert native or reply.headers["x-gateway-lossy"]


@FORMS
@PROTOCOLS
def test_9_unknown_model(door: Door, protocol: str, stream: bool) -> None:
    raw = json.dumps(request(protocol, "nobody-serves-this", stream)).encode()
    reply = door.gateway.post(path(protocol, "nobody-serves-this", stream), raw, protocol=protocol).reply()
    assert_error(reply, 404, "model_not_found")


@MODES
@PROTOCOLS
def test_11_numbers_beyond_all_floats(door: Door, protocol: str, native: bool) -> None:
    raw = json.dumps({**body_for(protocol, native), "zz": 1}).encode().replace(b'"zz": 1', b'"temperature": 1e999')
    reply = door.post(protocol, native, raw)
    assert reply.status == 400 or protocol == "gemini"
    raw = json.dumps({**body_for(protocol, native), "zz": 1}).encode().replace(b'"zz": 1', b'"zz": 1' + b"0" * 400)
    assert door.post(protocol, native, raw).status in (200, 400)


@MODES
@PROTOCOLS
def test_12_the_last_of_duplicate_keys_wins(door: Door, protocol: str, native: bool) -> None:
    raw = json.dumps(body_for(protocol, native, text="say it")).encode()
    first = json.dumps({FIELD[protocol]: "never"}).encode()[1:-1]
    reply = door.post(protocol, native, b"{" + first + b"," + raw[1:])
    assert (reply.status, reply.told.text) == (200, "fine")
    sent = door.up.requests[-1].body
    assert "say it" in json.dumps(sent)
    assert b"never" not in door.up.requests[-1].raw


@MODES
@FORMS
@PROTOCOLS
def test_14_15_odd_characters(door: Door, protocol: str, stream: bool, native: bool) -> None:
    raw = json.dumps(body_for(protocol, native, stream, text="PLACE")).encode()
    reply = door.post(protocol, native, raw.replace(b"PLACE", b"a\\ud800b"), stream)
    assert reply.status in (200, 400)
    reply = door.post(protocol, native, raw.replace(b"PLACE", b"a\\u0000\\u0007\\u2028b"), stream)
    assert (reply.status, reply.told.text) == (200, "fine")
    assert "a\x00\x07\u2028b" in str(door.up.requests[-1].body).encode().decode("unicode_escape", "replace") or (
        "a\\x00\\x07\\u2028b" in str(door.up.requests[-1].body)
    )


@MODES
@PROTOCOLS
@pytest.mark.parametrize("depth", [5_000, 100_000])
def test_16_nesting(door: Door, protocol: str, native: bool, depth: int) -> None:
    """Refused quickly, whether in a field we read or in one we do not know."""
    deep = b"[" * depth + b"]" * depth
    for field in (FIELD[protocol].encode(), b"unknown_field"):
        raw = json.dumps({**body_for(protocol, native), "zz": 0}).encode()
        started = time.monotonic()
        reply = door.post(protocol, native, raw.replace(b'"zz": 0', b'"' + field + b'": ' + deep))
        assert reply.status == 400, (field, reply.status)
        assert time.monotonic() - started < 2


@MODES
@PROTOCOLS
def test_18_compressed_bodies(door: Door, protocol: str, native: bool) -> None:
    raw = json.dumps(body_for(protocol, native)).encode()
    packed = {"Content-Encoding": "gzip"}
    assert door.post(protocol, native, gzip.compress(raw), headers=packed).told.text == "fine"
    assert_error(door.post(protocol, native, raw, headers=packed), 400)
    assert_error(door.post(protocol, native, gzip.compress(raw)[:-9], headers=packed), 400)
    bomb = gzip.compress(b'{"a": "' + b" " * 5_000_000 + b'"}')
    assert_error(door.post(protocol, native, bomb, headers=packed), 413, "request_too_large")


@PROTOCOLS
def test_23_paths_do_not_climb(door: Door, protocol: str) -> None:
    before = len(door.up.requests)
    for target in ("/v1beta/models/../../admin:generateContent", "/v1beta/models/%2e%2e/%2e%2e/admin:generateContent",
                   "/v1beta/models/" + "a" * 4000 + ":generateContent", "/v1/models/..%2f..%2fadmin"):  # fmt: skip
        raw = json.dumps(request("gemini")).encode()
        assert door.gateway.post(target, raw, protocol="gemini").reply().status in (400, 404, 405)
    assert len([each for each in door.up.requests[before:] if each.method == "POST"]) == 0


@PROTOCOLS
def test_24_wrong_method(door: Door, protocol: str) -> None:
    reply = door.gateway.post(path(protocol), b"", protocol=protocol, method="PUT").reply()
    assert_error(reply, 405)
    assert "POST" in reply.headers["allow"]
