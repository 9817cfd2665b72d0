from __future__ import annotations

import html
import json
import re

import pytest

from gateway.web.admin.explain import WORDS
from gateway.web.explain import PROTOCOLS, explain_request
from tests.gateways import InProcess
from tests.scripted.upstream import ScriptedUpstream
from tests.web.admin.conftest import CLIENT
from tests.web.admin.visitor import Visitor, words

BODY = {"model": "gpt-4o", "logit_bias": {"5": -100}, "messages": [{"role": "user", "content": "A <b>haiku</b>?"}]}


def sent(page: str) -> object:
    return json.loads(html.unescape(re.findall(r'<pre id="sent"[^>]*>(.*?)</pre>', page, re.DOTALL)[0]))


def test_a_whole_request_as_the_provider_would_be_sent_it(
    visitor: Visitor, house: InProcess, up: ScriptedUpstream
) -> None:
    """The body is the one the provider receives, and the object that of `dragoman explain --request`."""
    page = visitor.post("explain", protocol="openai", model="", body=json.dumps(BODY))
    said = words(page)
    assert "at google would answer as gemini-2.5-flash (translated, affinity new)" in said
    assert "exact map 'gpt-4o'" in said and "logit_bias" in said and "openai → gpt-4o-mini" in said
    raw = json.dumps(BODY).encode()
    assert sent(page.text) == explain_request(house.gateway, raw, protocol="openai").document()["sending"]["body"]
    assert up.asked() == []
    house.post("/v1/chat/completions", raw, {"Authorization": f"Bearer {CLIENT}"}).reply()
    assert sent(page.text) == up.asked()[0].body


@pytest.mark.parametrize("protocol", WORDS)
def test_every_protocol_has_a_smallest_request(guest: Visitor, protocol: str) -> None:
    page = guest.post("explain", protocol=protocol, model="gpt-4o-mini", body="")
    assert page.status_code == 200 and "team at openai would answer" in words(page)


def test_the_words_cover_the_protocols() -> None:
    assert WORDS.keys() == PROTOCOLS.keys()


def test_who_was_refused_and_why(visitor: Visitor, house: InProcess) -> None:
    visitor.post("accounts/disable", account="google/0000/alice@example.com")
    said = words(visitor.post("explain", protocol="openai", model="gpt-4o", body=""))
    assert "bob@example.com at google would answer as gemini-2.5-flash (translated, affinity new)" in said
    assert "alice@example.com at google: disabled" in said and "disabled by the operator" in said


def test_a_model_nobody_serves(guest: Visitor) -> None:
    said = words(guest.post("explain", protocol="anthropic", model="no-such-model", body=""))
    assert "Nobody serves no-such-model" in said


@pytest.mark.parametrize("body", ["{", "[]", '{"model": 5}', '{"model": "gpt-4o", "messages": "x"}', "[" * 5000])
def test_what_the_client_would_be_told(guest: Visitor, body: str) -> None:
    page = guest.post("explain", protocol="openai", model="", body=body)
    assert page.status_code in (200, 422) and "The client would be told" in words(page) and "400" in words(page)


def test_no_such_protocol(guest: Visitor) -> None:
    assert guest.post("explain", protocol="soap", model="m", body="").status_code == 422
