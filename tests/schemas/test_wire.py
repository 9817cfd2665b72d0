from __future__ import annotations

from typing import Any

import pytest

from gateway.canon.fault import Malformed
from schemas.chat import CHAT, COMPLETION
from schemas.generate import GENERATE
from schemas.messages import MESSAGES
from schemas.responses import RESPONSES
from schemas.wire import WireSchema

ALL = [CHAT, COMPLETION, MESSAGES, RESPONSES, GENERATE]


@pytest.mark.parametrize("schema", ALL)
def test_unknown_fields_and_nulls_pass(schema: WireSchema) -> None:
    schema.check({"whatever": object(), "": 1, "a.b": [], **dict.fromkeys(schema.fields)})


@pytest.mark.parametrize("schema", ALL)
def test_nothing_is_converted(schema: WireSchema) -> None:
    for name in schema.fields:
        with pytest.raises(Malformed) as malformed:
            schema.check({name: object()})
        assert malformed.value.param == name and malformed.value.message.startswith(f"{name} must be ")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"model": 7}, "model must be a string, not 7"),
        ({"stream": "yes"}, "stream must be true or false, not a string"),
        ({"temperature": True}, "temperature must be a number, not true"),
        ({"max_tokens": 1.5}, "max_tokens must be a whole number, not 1.5"),
        ({"tools": {}}, "tools must be an array, not an object"),
        ({"stream_options": []}, "stream_options must be an object, not an array"),
    ],
)
def test_the_complaint_says_what_is_wanted_and_what_came(body: dict[str, Any], message: str) -> None:
    with pytest.raises(Malformed) as malformed:
        CHAT.check(body)
    assert malformed.value.message == message


def test_no_value_of_the_client_is_echoed() -> None:
    with pytest.raises(Malformed) as malformed:
        CHAT.check({"temperature": "sk-secret"})
    assert "sk-secret" not in malformed.value.message
