from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.canon.fault import Malformed
from gateway.errors import BadRequest
from gateway.protocols.anthropic import DIALECT
from gateway.protocols.wire_json import loads
from tests.protocols.anthropic.bodies import BAD, NORMAL, assistant, said, text, user
from tests.ratio import ratio


@pytest.mark.parametrize(("param", "body"), BAD)
def test_check_and_reader_complain_alike(param: str, body: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as checked:
        DIALECT.check_request(body)
    with pytest.raises(Malformed) as read:
        DIALECT.read_request(body)
    assert checked.value.param == read.value.param == param
    assert checked.value.message == read.value.message and checked.value.message


@pytest.mark.parametrize("name", NORMAL)
def test_good_bodies_pass(name: str) -> None:
    DIALECT.check_request(NORMAL[name])


@pytest.mark.parametrize("thread", [{"type": "create"}, {"type": "continue", "previous_message_id": "msg_1"}])
def test_a_thread_is_refused_so_that_the_sdk_sends_everything(thread: dict[str, str]) -> None:
    """Its words are what @anthropic-ai/sdk looks for (lib/internal/threads/ThreadState)."""
    with pytest.raises(Malformed) as refused:
        DIALECT.check_request(said(user("hi"), thread=thread))
    document = loads(DIALECT.write_error(BadRequest.of(refused.value).fault, "req_1"))
    assert document["error"]["type"] == "invalid_request_error"
    assert document["error"]["details"] == {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}
    DIALECT.check_request(said(user("hi"), thread=None))


def test_null_is_absent() -> None:
    fields = (
        "system temperature top_p top_k stop_sequences tools tool_choice thinking metadata service_tier "
        "stream output_config max_tokens container"
    )
    body = {"model": "m", "messages": [user("hi")], **dict.fromkeys(fields.split())}
    DIALECT.check_request(body)
    dialogue = DIALECT.read_request(body)
    assert dialogue.knobs.max_tokens is None and dialogue.thinking is None and dialogue.tools == []
    assert dialogue.extras == {"anthropic": {}}


def test_it_is_cheap() -> None:
    body = said(*[turn for i in range(50) for turn in (user([text("x")]), assistant(f"{i}"))])
    assert ratio(lambda: DIALECT.check_request(body), lambda: json.loads(json.dumps(body))) < 2
