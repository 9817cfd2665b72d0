from typing import Any

import pytest
from marshmallow import ValidationError

from gateway.config.substitution import Substituted
from schemas.config_fields import Flag, Number, Strict, Text, TextList, TextMap, Whole


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (Whole(), Substituted(" 7 ", "N"), 7),
        (Number(), Substituted("1.5", "N"), 1.5),
        (Flag(), Substituted("TRUE", "N"), True),
        (Text(), Substituted("x", "N"), "x"),
        (Number(), 3, 3.0),
        (TextList(bare=True), "a", ("a",)),
        (TextList(), ["a", "b"], ("a", "b")),
        (TextMap(value=Text()), {"b": "1", "a": "2"}, {"b": "1", "a": "2"}),
    ],
)
def test_read(field: Strict, value: Any, expected: Any) -> None:
    result = field.deserialize(value)
    assert result == expected and type(result) is type(expected)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (Whole(), "7"),
        (Whole(), 7.0),
        (Number(), "7"),
        (Number(), float("inf")),
        (Flag(), "true"),
        (Flag(), Substituted("yes", "N")),
        (Text(), 7),
        (TextList(), "a"),
    ],
)
def test_nothing_is_converted(field: Strict, value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        field.deserialize(value)
    assert vars(caught.value.messages[0])["remedy"]


@pytest.mark.parametrize("field", [Whole(), Number(), Flag()])
def test_a_variables_value_is_never_quoted(field: Strict) -> None:
    with pytest.raises(ValidationError) as caught:
        field.deserialize(Substituted("s3cret", "NAME"))
    assert "s3cret" not in str(caught.value)
