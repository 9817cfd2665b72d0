"""Stored responses as the OpenAI SDK sees them, over a provider of every protocol."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.contract.seen.every import READERS
from tests.gateways import InProcess, Provider, config_for
from tests.running import RunningGateway
from tests.scripted.answer import Answer, ToolUse
from tests.scripted.script import Script, failing, text
from tests.scripted.upstream import ScriptedUpstream

DIALECTS = ("chat", "responses", "anthropic", "gemini")
ANNA, BERT = "sk-anna-anna-anna", "sk-bert-bert-bert"
FUNCTION: Any = [{"type": "function", "name": "get", "parameters": {"type": "object"}, "strict": False}]


def config(up: ScriptedUpstream, *, keys: tuple[str, ...] = ("key-1",), **tables: Any) -> str:
    tables.setdefault("auth", {"mode": "strict", "api_keys": [ANNA, BERT]})
    return config_for(*(Provider(up, each, models=(f"{each}-m",), keys=keys) for each in DIALECTS), **tables)


def sdk(url: str, key: str = ANNA, path: str = "/v1") -> openai.OpenAI:
    return openai.OpenAI(base_url=url + path, api_key=key, max_retries=0, timeout=20)


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[ScriptedUpstream, InProcess]]:
    with ScriptedUpstream() as up, InProcess(config(up)) as gateway:
        yield up, gateway


@pytest.fixture
def up(running: tuple[ScriptedUpstream, InProcess]) -> ScriptedUpstream:
    running[0].requests.clear()
    running[0].play(text("four is the answer"))
    running[1].revive()
    return running[0]


@pytest.fixture
def url(running: tuple[ScriptedUpstream, InProcess]) -> str:
    return running[1].url


def create(client: openai.OpenAI, stream: bool = False, **body: Any) -> Any:
    if not stream:
        return client.responses.create(**body)
    events = list(client.responses.create(stream=True, **body))
    assert events[-1].type == "response.completed"
    return events[-1].response


streams = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
dialects = pytest.mark.parametrize("dialect", DIALECTS)


@streams
@dialects
def test_a_response_lives_until_it_is_deleted(up: ScriptedUpstream, url: str, dialect: str, stream: bool) -> None:
    client = sdk(url)
    made = create(client, stream, model=f"{dialect}-m", input="two and two?")
    assert client.responses.retrieve(made.id).to_dict() == made.to_dict()
    up.play(text("still four"))
    up.requests.clear()
    second = create(
        client, stream, model=f"{dialect}-m", input="sure?", previous_response_id=made.id, instructions="short"
    )
    (request,) = up.asked()
    seen = READERS[dialect](request.body)
    said = json.dumps(request.body, ensure_ascii=False)
    assert "previous_response_id" not in request.body
    assert said.index("two and two?") < said.index("four is the answer") < said.index("sure?")
    assert "short" in said and seen is not None
    with pytest.raises(openai.NotFoundError):
        sdk(url, BERT).responses.retrieve(made.id)
    with pytest.raises(openai.BadRequestError) as unknown:
        create(sdk(url, BERT), model=f"{dialect}-m", input="x", previous_response_id=made.id)
    assert unknown.value.code == "previous_response_not_found" and unknown.value.param == "previous_response_id"
    client.responses.delete(second.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(second.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.delete(second.id)


@dialects
def test_instructions_are_not_inherited(up: ScriptedUpstream, url: str, dialect: str) -> None:
    client = sdk(url)
    made = create(client, model=f"{dialect}-m", input="hello", instructions="speak like a pirate")
    create(client, model=f"{dialect}-m", input="again", previous_response_id=made.id)
    assert "pirate" in up.asked()[0].raw.decode() and "pirate" not in up.asked()[1].raw.decode()


@dialects
def test_a_tool_round_by_id_alone(up: ScriptedUpstream, url: str, dialect: str) -> None:
    calling = Script(answer=Answer(tools=(ToolUse("get", '{"city": "Rome"}'),)))
    up.play(calling, Script(answer=Answer(("sunny",), id="0002")))
    client = sdk(url)
    made = create(client, model=f"{dialect}-m", input="weather?", tools=FUNCTION)
    (call,) = [item for item in made.output if item.type == "function_call"]
    result: Any = [{"type": "function_call_output", "call_id": call.call_id, "output": "25 degrees"}]
    done = create(client, model=f"{dialect}-m", input=result, tools=FUNCTION, previous_response_id=made.id)
    assert done.output_text == "sunny"
    said = up.asked()[1].raw.decode()
    assert said.index("weather?") < said.index("Rome") < said.index("25 degrees")
    sent: Any = [*[item.to_dict() for item in made.output], *result]
    create(client, model=f"{dialect}-m", input=sent, tools=FUNCTION, previous_response_id=made.id)
    assert up.asked()[2].raw.decode().count("Rome") == 1


def test_a_conversation_goes_on_at_another_provider(up: ScriptedUpstream, url: str) -> None:
    client, previous = sdk(url), None
    for number, dialect in enumerate((*DIALECTS, *DIALECTS)):
        up.play(Script(answer=Answer(("answer", f" {number}"), id=f"{number:04d}")))
        made = create(
            client, number % 2 == 1, model=f"{dialect}-m", input=f"question {number}",
            previous_response_id=previous or openai.omit,
        )  # fmt: skip
        previous = made.id
    said = up.asked()[-1].raw.decode()
    places = [said.index(f"{word} {number}") for number in range(7) for word in ("question", "answer")]
    assert places == sorted(places)
    listed = [item.to_dict() for item in client.responses.input_items.list(str(previous), order="asc", limit=4)]
    assert [item["content"][0]["text"] for item in listed] == [  # type: ignore[index]
        *(f"{word} {number}" for number in range(7) for word in ("question", "answer")),
        "question 7",
    ]


@streams
def test_what_was_not_to_be_stored_is_not(up: ScriptedUpstream, url: str, stream: bool) -> None:
    client = sdk(url)
    made = create(client, stream, model="chat-m", input="hush", store=False)
    assert made.store is False
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)
    with pytest.raises(openai.BadRequestError):
        create(client, stream, model="chat-m", input="x", previous_response_id=made.id)


def test_an_unknown_previous_response_never_reaches_a_provider(up: ScriptedUpstream, url: str) -> None:
    for dialect in DIALECTS:
        for stream in (False, True):
            with pytest.raises(openai.BadRequestError) as unknown:
                create(sdk(url), stream, model=f"{dialect}-m", input="x", previous_response_id="resp_nobody")
            assert unknown.value.code == "previous_response_not_found"
    assert not up.asked()


def test_a_responses_body_on_the_chat_route_knows_its_history(
    up: ScriptedUpstream, running: tuple[ScriptedUpstream, InProcess]
) -> None:
    made = create(sdk(running[1].url), model="chat-m", input="first words")
    body = {"model": "chat-m", "input": "more", "previous_response_id": made.id}
    headers = {"Authorization": f"Bearer {ANNA}"}
    reply = running[1].post("/v1/chat/completions", json.dumps(body).encode(), headers).reply()
    assert reply.status == 200 and reply.json["object"] == "chat.completion"
    assert "first words" in up.asked()[1].raw.decode()
    body["previous_response_id"] = "resp_nobody"
    assert running[1].post("/v1/chat/completions", json.dumps(body).encode(), headers).reply().status == 400


def test_retrieving_as_a_stream(up: ScriptedUpstream, url: str) -> None:
    client = sdk(url)
    made = create(client, model="gemini-m", input="two and two?")
    events = list(client.responses.retrieve(made.id, stream=True))
    assert events[0].type == "response.created" and events[-1].type == "response.completed"
    assert events[-1].response.to_dict() == made.to_dict()  # type: ignore[union-attr]
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == made.output_text
    rest = list(client.responses.retrieve(made.id, stream=True, starting_after=3))
    assert [event.sequence_number for event in rest] == list(range(4, len(events)))  # type: ignore[union-attr]
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve("resp_nobody", stream=True)


def test_input_items_in_pages(up: ScriptedUpstream, url: str) -> None:
    client = sdk(url)
    turns: Any = [{"role": "user", "content": f"item {number}"} for number in range(5)]
    made = create(client, model="chat-m", input=turns)
    page = client.responses.input_items.list(made.id, limit=2)
    assert [item.content[0].text for item in page.data] == ["item 4", "item 3"]  # type: ignore[union-attr]
    assert page.has_more and page.first_id == page.data[0].id and page.last_id == page.data[1].id
    ascending = client.responses.input_items.list(made.id, order="asc", after=page.data[1].id)
    assert [item.content[0].text for item in ascending.data] == ["item 4"]  # type: ignore[union-attr]
    assert not ascending.has_more
    for wrong in ({"limit": 0}, {"limit": 101}, {"after": "msg_nobody"}, {"order": "sideways"}):
        with pytest.raises(openai.BadRequestError):
            client.responses.input_items.list(made.id, **wrong)  # type: ignore[arg-type]
    with pytest.raises(openai.NotFoundError):
        sdk(url, BERT).responses.input_items.list(made.id)


def test_background_and_cancel_are_answered_clearly(up: ScriptedUpstream, url: str) -> None:
    client = sdk(url)
    with pytest.raises(openai.BadRequestError, match="leave `background` out") as refused:
        create(client, model="responses-m", input="x", background=True)
    assert refused.value.param == "background" and not up.asked()
    made = create(client, model="chat-m", input="x", background=False)
    with pytest.raises(openai.BadRequestError, match="Cannot cancel"):
        client.responses.cancel(made.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.cancel("resp_nobody")


def test_the_same_under_openai_with_problem_documents(
    up: ScriptedUpstream, running: tuple[ScriptedUpstream, InProcess]
) -> None:
    client = sdk(running[1].url, path="/openai/v1")
    made = create(client, model="anthropic-m", input="x")
    assert client.responses.retrieve(made.id).id == sdk(running[1].url).responses.retrieve(made.id).id == made.id
    assert client.responses.input_items.list(made.id).data
    headers = {"Authorization": f"Bearer {ANNA}"}
    reply = running[1].post("/openai/v1/responses/resp_nobody", b"", headers, method="GET").reply()
    assert reply.status == 404 and reply.headers["content-type"] == "application/problem+json"
    assert reply.json["error"]["code"] == "response_not_found" and reply.json["status"] == 404
    client.responses.delete(made.id)


def test_a_key_is_needed(up: ScriptedUpstream, url: str) -> None:
    made = create(sdk(url), model="chat-m", input="x")
    with pytest.raises(openai.AuthenticationError):
        sdk(url, "sk-wrong").responses.retrieve(made.id)


def test_nothing_is_kept_when_it_is_switched_off() -> None:
    with ScriptedUpstream() as up, InProcess(config(up, responses={"store": False})) as gateway:
        up.play(text("four"))
        client = sdk(gateway.url)
        made = create(client, model="chat-m", input="x")
        assert made.store is False
        with pytest.raises(openai.NotFoundError, match="store = false"):
            client.responses.retrieve(made.id)
        for stream in (False, True):
            with pytest.raises(openai.BadRequestError) as unknown:
                create(client, stream, model="chat-m", input="x", previous_response_id=made.id)
            assert unknown.value.code == "previous_response_not_found"
        create(client, model="responses-m", input="x", previous_response_id="resp_theirs")
        assert up.asked()[-1].body["previous_response_id"] == "resp_theirs"
        assert not list(gateway.gateway.state.scan("responses"))


def keeping(identity: str) -> Script:
    """A Responses provider that says it stores what it answers."""
    part = {"type": "output_text", "text": "kept", "annotations": []}
    item = {"id": "msg_k", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
    document = {"id": identity, "object": "response", "created_at": 1, "status": "completed", "output": [item]}
    return Script(body=json.dumps({**document, "model": "responses-m", "store": True}).encode())


def test_a_provider_that_stores_is_told_the_id_and_others_the_conversation() -> None:
    with ScriptedUpstream() as up, InProcess(config(up)) as gateway:
        client = sdk(gateway.url)
        up.play(keeping("resp_p1"), keeping("resp_p2"))
        create(client, model="responses-m", input="one")
        create(client, model="responses-m", input="two", previous_response_id="resp_p1")
        assert up.asked()[1].body == {"model": "responses-m", "input": "two", "previous_response_id": "resp_p1"}
        refusal = failing(400, "Previous response with id 'resp_p2' not found.", "previous_response_not_found")
        up.play(refusal, keeping("resp_p3"))
        done = create(client, model="responses-m", input="three", previous_response_id="resp_p2")
        assert done.id == "resp_p3"
        full = up.asked()[3].body
        assert "previous_response_id" not in full
        said = [item["content"] for item in full["input"]]
        spoken = [each if isinstance(each, str) else each[0]["text"] for each in said]
        assert spoken == ["one", "kept", "two", "kept", "three"]
        assert not any("id" in item for item in full["input"])


def test_choices_for_clients_of_the_predecessors() -> None:
    with ScriptedUpstream() as up, InProcess(config(up, server={"responses_choices": True})) as gateway:
        up.play(text("four"))
        for dialect in DIALECTS:
            made = create(sdk(gateway.url), model=f"{dialect}-m", input="x")
            assert made.to_dict()["choices"][0]["message"]["content"] == "four"
            unkept = create(sdk(gateway.url), model=f"{dialect}-m", input="x", store=False)
            assert unkept.to_dict()["choices"][0]["finish_reason"] == "stop"
            streamed = create(sdk(gateway.url), True, model=f"{dialect}-m", input="x")
            assert "choices" not in streamed.to_dict()


def test_a_stream_the_client_leaves_is_not_kept() -> None:
    with ScriptedUpstream() as up, InProcess(config(up)) as gateway:
        up.play(text("one two three four five six seven eight", pace=0.05))
        events = sdk(gateway.url).responses.create(model="chat-m", input="x", stream=True)
        for event in events:
            if event.type == "response.output_text.delta":
                break
        events.close()
        assert gateway.alive() and not list(gateway.gateway.state.scan("responses"))


def test_a_cut_answer_is_kept_as_the_failure_it_was() -> None:
    with ScriptedUpstream() as up, InProcess(config(up)) as gateway:
        up.play(text("one two three", cut_after=2))
        events = list(sdk(gateway.url).responses.create(model="chat-m", input="x", stream=True))
        assert events[-1].type == "response.failed"
        kept = sdk(gateway.url).responses.retrieve(events[-1].response.id)
        assert kept.status == "failed" and kept.to_dict() == events[-1].response.to_dict()


def test_everything_outlives_the_process() -> None:
    """Under gunicorn and gevent, with kill -9 between."""
    with ScriptedUpstream() as up, RunningGateway(config(up), workers=2) as gateway:
        up.play(text("four is the answer"))
        client = sdk(gateway.url)
        whole = create(client, model="gemini-m", input="two and two?")
        streamed = create(client, True, model="anthropic-m", input="sure?", previous_response_id=whole.id)
        for _ in range(8):  # whichever worker answers
            assert sdk(gateway.url).responses.retrieve(streamed.id).to_dict() == streamed.to_dict()
        time.sleep(0.5)  # the store promises about 50 ms
        gateway.kill_and_restart()
        client = sdk(gateway.url)
        assert client.responses.retrieve(whole.id).to_dict() == whole.to_dict()
        create(client, True, model="chat-m", input="really?", previous_response_id=streamed.id)
        said = up.asked()[-1].raw.decode()
        assert said.index("two and two?") < said.index("sure?") < said.index("really?")
        with pytest.raises(openai.NotFoundError):
            sdk(gateway.url, BERT).responses.retrieve(whole.id)
        client.responses.delete(streamed.id)
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(streamed.id)


def test_agents_keep_nothing_and_say_so() -> None:
    agent = '[[agents]]\nid = "shop"\nmodel = "chat-m"\nvisibility = "public"\n'
    with ScriptedUpstream() as up, InProcess(agent + config(up)) as gateway:
        client = sdk(gateway.url, path="/agents/shop/v1")
        made = create(client, model="any", input="x")
        assert made.store is False and not list(gateway.gateway.state.scan("responses"))
        with pytest.raises(openai.BadRequestError, match="agents keep no responses"):
            create(client, model="any", input="x", previous_response_id=made.id)
