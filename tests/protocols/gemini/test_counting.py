import json

import pytest

from gateway.canon.fault import Malformed
from gateway.canon.parts import Text
from gateway.protocols.gemini.counting import read_count, read_count_request, write_count, write_count_request


def test_both_forms():
    contents = [{"role": "user", "parts": [{"text": "hi"}]}]
    plain = read_count_request({"contents": contents}, "m")
    for key in ("generateContentRequest", "generate_content_request"):
        inner = {"model": "models/m", "contents": contents, "systemInstruction": {"parts": [{"text": "s"}]}}
        wrapped = read_count_request({key: inner}, "m")
        assert wrapped.turns[1:] == plain.turns and wrapped.turns[0].parts == [Text("s")]
    assert plain.model == "m"


@pytest.mark.parametrize("body", [{}, {"generateContentRequest": 5}, {"generateContentRequest": {}}, []])
def test_malformed(body):
    with pytest.raises(Malformed):
        read_count_request(body, "m")


def test_the_count():
    assert json.loads(write_count(31)) == {"totalTokens": 31}
    assert read_count({"totalTokens": 31}) == 31
    assert [read_count(value) for value in (None, {}, {"totalTokens": "7"}, {"totalTokens": True})] == [
        0,
        0,
        7,
        0,
    ]


def test_the_provider_is_asked_about_the_whole_request():
    body = {"contents": [], "systemInstruction": {"parts": [{"text": "s"}]}, "tools": []}
    asked = write_count_request(body, "gemini-2.5-flash")
    assert asked == {"generateContentRequest": {"model": "models/gemini-2.5-flash", **body}}
