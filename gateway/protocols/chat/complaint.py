"""OpenAI's own wording for what is wrong with a request."""

from __future__ import annotations

from typing import Any

from gateway.canon.fault import Malformed

_NAMES: dict[type, str] = {
    type(None): "null",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
}


def wrong(param: str, expected: str, value: Any) -> Malformed:
    """`value` is of another type than `expected` ("a string", "an array of ...")."""
    got = _NAMES.get(type(value), "an object")
    return Malformed(param, f"Invalid type for '{param}': expected {expected}, but got {got} instead.")


def missing(param: str) -> Malformed:
    return Malformed(param, f"Missing required parameter: '{param}'.", "missing_required_parameter")


def needs_string(param: str, value: Any) -> None:
    """A required string that may not be empty."""
    if value is None or value == "":
        raise missing(param)
    if type(value) is not str:
        raise wrong(param, "a string", value)


def needs_object(param: str, value: Any) -> None:
    if value is None:
        raise missing(param)
    if type(value) is not dict:
        raise wrong(param, "an object", value)
