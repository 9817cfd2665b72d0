"""Signatures of tool calls come back though the client dropped them: to their author, and to no one else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.canon import events as ev
from gateway.canon.answer import Answer, Choice
from gateway.canon.dialogue import Dialogue, Turn
from gateway.canon.parts import Part, Signature, Text, Thinking, ToolCall, ToolResult
from gateway.relay.remembered import ENTRY_LIMIT, SPACE, Remembered
from gateway.state.memory import MemoryStore
from tests.gateways import InProcess, Provider, config_for
from tests.relay.forgetful import Forgetful
from tests.relay.signing import SigningGemini
from tests.scripted import answer as said
from tests.scripted.anthropic import SIGNATURE
from tests.scripted.script import Script, failing
from tests.scripted.upstream import Request, ScriptedUpstream

PROTOCOLS = ("chat", "messages", "responses")
GEMINI, CLAUDE = Signature("gemini", "R2Vt+/=="), Signature("anthropic", "EqQB")


@pytest.mark.parametrize("ids", [False, True])
@pytest.mark.parametrize("stream", [False, True])
def test_the_provider_is_as_strict_as_it_should_be(ids: bool, stream: bool) -> None:
    """Without the memory the very same loop fails; with it, it does not."""
    with SigningGemini(ids=ids) as up, InProcess(config_for(Provider(up, "gemini"))) as gateway:
        for forgets in (False, True):
            loop = Forgetful("chat", stream, "gemini-3-pro")
            assert loop.ask(gateway).status == 200
            if forgets:
                for key, _ in list(gateway.gateway.state.scan(SPACE)):
                    gateway.gateway.state.delete(SPACE, key)
            assert loop.ask(gateway).status == (400 if forgets else 200)
        assert len(up.complaints) == 1 and "skip_thought_signature_validator" in up.complaints[0]


@pytest.mark.parametrize("protocol", ["chat", "responses"])
@pytest.mark.parametrize("stream", [False, True])
def test_claudes_thinking_stands_again_before_its_call(protocol: str, stream: bool) -> None:
    answer = said.Answer(
        words=("Let me", " look."),
        thinking=("first ", "then\u2028last"),
        tools=(said.ToolUse("look", '{"n": 1}', "toolu_01"),),
    )
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, "anthropic"))) as gateway:
        up.play(Script(answer=answer), Script())
        loop = Forgetful(protocol, stream, "claude-sonnet-4-5")
        assert loop.ask(gateway).status == 200 and loop.ask(gateway).status == 200
        content = up.asked()[-1].body["messages"][1]["content"]
    assert content == [
        {"type": "thinking", "thinking": "first then\u2028last", "signature": SIGNATURE},
        {"type": "text", "text": "Let me look."},
        {"type": "tool_use", "id": "toolu_01", "name": "look", "input": {"n": 1}},
    ]


def test_a_foreign_author_is_never_given_a_signature() -> None:
    """A conversation wanders over all four dialects; only Gemini and Claude see what they signed themselves."""
    tools = said.Answer(thinking=("hm",), tools=(said.ToolUse("count", '{"n": 9}', "toolu_99"),))
    with SigningGemini(steps=9) as google, ScriptedUpstream() as up:
        others = [Provider(up, name, models=(f"{name}-*",)) for name in ("anthropic", "chat", "responses")]
        config = config_for(Provider(google, "gemini", models=("gemini-*",)), *others)
        up.play(Script(answer=tools), dialect="anthropic")
        with InProcess(config) as gateway:
            for protocol in PROTOCOLS:
                loop = Forgetful(protocol, False, "gemini-3-pro")
                assert loop.ask(gateway).status == 200
                for model in ("anthropic-1", "chat-1", "responses-1"):
                    loop.model = model
                    assert loop.ask(gateway).status == 200
                loop.model = "gemini-3-pro"
                google._signed[9] = None  # type: ignore[assignment]  # Claude's call, first of its step
                loop.ask(gateway)
        for request in up.asked():
            assert not any(signature in request.raw.decode() for signature in google.signatures)
            assert b"skip_thought" not in request.raw
            assert (SIGNATURE.encode() in request.raw) is False or request.dialect == "anthropic"
        returned = [_signatures(request) for request in google.asked()]
    assert all(SIGNATURE not in request.raw.decode() for request in google.asked())
    for signatures in returned[1::2]:
        assert signatures[0] in google.signatures and "skip_thought_signature_validator" in signatures


def test_a_fallback_gets_its_own_author_only() -> None:
    """The first attempt is Gemini's with the signature, the second another's, of one and the same request."""
    with SigningGemini(steps=1) as google, ScriptedUpstream() as up:
        config = config_for(
            Provider(google, "gemini", models=("gemini-3-pro",)),
            Provider(up, "anthropic", models=("claude-x",)),
            chain={"both": ["gemini-3-pro", "claude-x"]},
        )
        with InProcess(config) as gateway:
            loop = Forgetful("chat", True, "both")
            assert loop.ask(gateway).status == 200
            google._script = lambda request: failing(500)  # type: ignore[method-assign]
            assert loop.ask(gateway).status == 200
        assert google.signatures[0] in google.asked()[-1].raw.decode()
        assert google.signatures[0] not in up.asked()[-1].raw.decode()


def test_gemini_passing_through_is_remembered_for_other_protocols() -> None:
    """Its calls are read by the tap anyway; the history then comes by another door."""
    with SigningGemini(steps=1, ids=True) as up, InProcess(config_for(Provider(up, "gemini"))) as gateway:
        ask = {"contents": [{"role": "user", "parts": [{"text": "go"}]}]}
        for method in ("generateContent", "streamGenerateContent?alt=sse"):
            raw = json.dumps(ask).encode()
            reply = gateway.post(f"/v1beta/models/gemini-3-pro:{method}", raw, protocol="gemini").reply()
            assert reply.headers["x-gateway-mode"] == "passthrough"
            events = [json.loads(data) for _, data in reply.events] if reply.streamed else [reply.json]
            found = [part["functionCall"] for each in events for part in each["candidates"][0]["content"]["parts"]
                     if "functionCall" in part]  # fmt: skip
            called = [
                {"id": each["id"], "type": "function",
                 "function": {"name": each["name"], "arguments": json.dumps(each["args"])}}
                for each in found
            ]  # fmt: skip
            loop = Forgetful("chat", False, "gemini-3-pro")
            loop.history.append({"role": "assistant", "content": None, "tool_calls": called})
            loop.history += [{"role": "tool", "tool_call_id": each["id"], "content": "1"} for each in found]
            assert loop.ask(gateway).status == 200, up.complaints


def _signatures(request: Request) -> list[str]:
    parts = [part for content in request.body["contents"] for part in content["parts"]]
    return [part["thoughtSignature"] for part in parts if "thoughtSignature" in part]


def remembering(*parts: Part, streamed: bool = False) -> tuple[Remembered, MemoryStore]:
    store = MemoryStore()
    remembered = Remembered(store)
    answer = Answer(choices=[Choice(list(parts), ev.Finish("tool_calls"))])
    if streamed:
        from gateway.canon.fold import unfold

        listener = remembered.listener(complete=True)
        for event in unfold(answer):
            listener([event])
    else:
        remembered.hear_answer(answer)
    return remembered, store


def asking(*parts: Part) -> Dialogue:
    results: list[Part] = [ToolResult(part.id, part.name, [Text("1")]) for part in parts if isinstance(part, ToolCall)]
    return Dialogue("m", [Turn("user", [Text("go")]), Turn("assistant", list(parts)), Turn("user", results)])


def put_back(remembered: Remembered, author: str, *parts: Part) -> list[Part]:
    dialogue = asking(*parts)
    before = repr(dialogue)
    after = remembered.put_back(dialogue, author)
    assert repr(dialogue) == before, "the client's dialogue serves other attempts too"
    return after.turns[1].parts


@pytest.mark.parametrize("streamed", [False, True])
def test_only_the_author_is_told(streamed: bool) -> None:
    remembered, _ = remembering(ToolCall("c1", "look", "{}", GEMINI), ToolCall("c2", "look", "{}"), streamed=streamed)
    bare = [ToolCall("c1", "look", "{}"), ToolCall("c2", "look", "{}")]
    assert put_back(remembered, "gemini", *bare) == [ToolCall("c1", "look", "{}", GEMINI), bare[1]]
    assert put_back(remembered, "anthropic", *bare) == put_back(remembered, "openai", *bare) == bare


@pytest.mark.parametrize("streamed", [False, True])
def test_thinking_returns_to_its_place_and_replaces_its_bare_text(streamed: bool) -> None:
    first, second = Thinking("a", CLAUDE), Thinking("", redacted=Signature("anthropic", "blob"))
    answer = [first, Text("so"), second, ToolCall("c1", "look"), Thinking("b", CLAUDE), ToolCall("c2", "look")]
    remembered, _ = remembering(*answer, streamed=streamed)
    bare: list[Any] = [Thinking("a"), Text("so"), ToolCall("c1", "look"), ToolCall("c2", "look")]
    assert put_back(remembered, "anthropic", *bare) == answer
    assert put_back(remembered, "gemini", *bare) == bare


def test_what_the_client_brought_is_not_touched() -> None:
    remembered, _ = remembering(Thinking("a", CLAUDE), ToolCall("c1", "look"))
    mine = Thinking("other", Signature("anthropic", "other"))
    assert put_back(remembered, "anthropic", mine, Text("x"), ToolCall("c1", "look")) == [
        mine, Text("x"), ToolCall("c1", "look"),
    ]  # fmt: skip
    remembered, _ = remembering(ToolCall("c1", "look", "{}", GEMINI))
    other = ToolCall("c1", "look", "{}", Signature("gemini", "other"))
    assert put_back(remembered, "gemini", other) == [other]


def test_another_tools_call_of_that_id_is_another_call() -> None:
    remembered, _ = remembering(ToolCall("c1", "look", "{}", GEMINI))
    assert put_back(remembered, "gemini", ToolCall("c1", "count", "{}")) == [ToolCall("c1", "count", "{}")]


def test_a_stream_with_gaps_remembers_calls_only() -> None:
    """Where a tap leaves events out, the text of the thinking is not whole: it must not come back with its seal."""
    store = MemoryStore()
    listener = Remembered(store).listener(complete=False)
    listener([ev.PartStart(0, Thinking("")), ev.ThinkingDelta(0, "a"), ev.SignatureDelta(0, CLAUDE), ev.PartStop(0)])
    listener([ev.PartStart(1, ToolCall("c1", "look")), ev.PartStop(1)])
    assert list(store.scan(SPACE)) == []
    listener([ev.PartStart(2, ToolCall("c2", "look")), ev.SignatureDelta(2, GEMINI), ev.PartStop(2)])
    assert [key for key, _ in store.scan(SPACE)] == ["c2"]


def test_candidates_do_not_mix() -> None:
    store = MemoryStore()
    remembered = Remembered(store)
    remembered.hear_answer(
        Answer(
            choices=[
                Choice([Thinking("a", CLAUDE), ToolCall("c1", "look")], ev.Finish("tool_calls")),
                Choice([ToolCall("c2", "look")], ev.Finish("tool_calls", choice=1)),
            ]
        )
    )
    assert [key for key, _ in store.scan(SPACE)] == ["c1"]


def test_nothing_is_kept_that_nobody_needs() -> None:
    openai = Signature("openai", "enc")
    _, store = remembering(Text("x"), Thinking("b"), Thinking("a", openai), ToolCall("c1", "look"))
    assert list(store.scan(SPACE)) == []
    _, store = remembering(Thinking("a" * ENTRY_LIMIT, CLAUDE), ToolCall("c1", "look"))
    assert list(store.scan(SPACE)) == []


def test_any_call_id_is_a_key() -> None:
    for call_id in ("x" * 5000, "\ud800", "a\nb", "日本"):
        remembered, store = remembering(ToolCall(call_id, "look", "{}", GEMINI))
        assert all(len(key) < 200 and key.isascii() for key, _ in store.scan(SPACE))
        after = put_back(remembered, "gemini", ToolCall(call_id, "look", "{}"))
        assert after == [ToolCall(call_id, "look", "{}", GEMINI)]


@pytest.mark.parametrize("value", [b"", b"not json", b"[]", b"{}", b'{"name":"look","signature":["x"],"thoughts":[]}'])
def test_what_cannot_be_read_is_nothing(value: bytes) -> None:
    store = MemoryStore()
    store.put(SPACE, "c1", value)
    assert put_back(Remembered(store), "gemini", ToolCall("c1", "look")) == [ToolCall("c1", "look")]


def test_without_tools_the_file_is_not_opened() -> None:
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, "gemini"))) as gateway:
        up.text("gemini", "hello")
        for protocol in PROTOCOLS:
            unkept = {"store": False} if protocol == "responses" else {}
            assert gateway.ask(protocol, stream=True, **unkept).status == 200
        file = gateway.gateway.config.data_dir / "gateway.db"
        assert not file.exists()
        loop = Forgetful("chat", False, "gemini-3-pro")
        loop._remember("", [])
        with SigningGemini() as signing, InProcess(config_for(Provider(signing, "gemini"))) as other:
            assert loop.ask(other).status == 200 and other.gateway.state.flush()
            assert (other.gateway.config.data_dir / "gateway.db").exists()


def test_readiness_tells_what_is_wrong_with_the_state() -> None:
    with ScriptedUpstream() as up, InProcess(config_for(Provider(up, "gemini"))) as gateway:
        assert "degraded" not in gateway.post("/readyz", b"", method="GET").reply().json
        (gateway.gateway.config.data_dir / "gateway.db").write_bytes(b"no database" * 1000)
        assert gateway.gateway.state.get(SPACE, "k") is None
        told = gateway.post("/readyz", b"", method="GET").reply()
        assert told.status == 200 and "gateway.db cannot be read" in told.json["degraded"]


class _Asked(MemoryStore):
    """A store that counts how often it was waited for."""

    waited = 0
    trouble = ""

    @property
    def why(self) -> str:
        return self.trouble

    def flush(self, timeout_s: float = 5.0) -> bool:
        self.waited += 1
        return super().flush(timeout_s)


@pytest.mark.parametrize(("signature", "waited"), [(GEMINI, 1), (None, 0)])
def test_the_end_of_an_answer_waits_for_what_was_kept_and_only_for_that(
    signature: Signature | None, waited: int
) -> None:
    store = _Asked()
    listener = Remembered(store).listener(complete=True)
    listener([ev.PartStart(0, ToolCall("c1", "look", "{}", signature)), ev.PartStop(0)])
    assert store.waited == 0
    listener([ev.Finish("tool_calls"), ev.Finish("tool_calls", choice=1)])
    assert store.waited == waited
    store.trouble = "the disk is full"
    listener([ev.PartStart(1, ToolCall("c2", "look", "{}", signature)), ev.PartStop(1), ev.Finish("tool_calls")])
    assert store.waited == waited
