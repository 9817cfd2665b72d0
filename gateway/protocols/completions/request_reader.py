"""A client's legacy Completions body to a Dialogue of one user turn.

https://platform.openai.com/docs/api-reference/completions/create
`prompt` is a string or an array of strings, which are joined with newlines. What only this route knows
(`echo`, `suffix`, `best_of`, `logprobs` as a number, ...) is in `extras["completions"]`: it ends as a loss.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.canon.dialogue import Dialogue, Knobs, Turn
from gateway.canon.fault import Malformed
from gateway.canon.parts import Text
from gateway.protocols.chat.check import FIELDS, check_integer, check_knobs
from gateway.protocols.chat.complaint import missing, wrong
from gateway.protocols.chat.request_reader import read_knobs

OWN = "completions"
_SHARED = (
    "stream", "stream_options", "temperature", "top_p", "top_k", "max_tokens", "n", "stop", "seed",
    "presence_penalty", "frequency_penalty", "user",
)  # fmt: skip
_FIELDS: dict[str, Callable[[str, Any], None]] = {
    **{field: FIELDS[field] for field in _SHARED},
    "logprobs": check_integer,
    "best_of": check_integer,
}
_KNOWN = frozenset({*_SHARED, "model", "prompt"})
_SAYS_NOTHING: dict[str, Any] = {"echo": False, "best_of": 1, "suffix": "", "logit_bias": {}}


def check_request(body: dict[str, Any]) -> None:
    """Raises Malformed."""
    check_knobs(body, _FIELDS)
    prompt = body.get("prompt")
    if prompt is None:
        raise missing("prompt")
    if type(prompt) is str:
        return
    if type(prompt) is not list:
        raise wrong("prompt", "a string or an array of strings", prompt)
    if not prompt:
        raise Malformed("prompt", "Invalid 'prompt': empty array. Expected at least one string.")
    for number, item in enumerate(prompt):
        if type(item) is str:
            continue
        if type(item) is int or type(item) is list:
            raise Malformed("prompt", "Arrays of tokens are not offered here. Send the prompt as a string.")
        raise wrong(f"prompt[{number}]", "a string", item)


def read_request(body: dict[str, Any], model: str | None = None, stream: bool | None = None) -> Dialogue:
    """Raises Malformed. `model` and `stream`, where given, stand above the body's own."""
    if model is not None:
        body = {**body, "model": model}
    check_request(body)
    prompt = body["prompt"]
    options = body.get("stream_options") or {}
    own = {
        field: value
        for field, value in body.items()
        if field not in _KNOWN and value is not None and _SAYS_NOTHING.get(field) != value
    }
    knobs: Knobs = read_knobs({field: value for field, value in body.items() if field in _KNOWN})
    return Dialogue(
        model=body["model"],
        turns=[Turn("user", [Text(prompt if isinstance(prompt, str) else "\n".join(prompt))])],
        stream=(body.get("stream") or False) if stream is None else stream,
        include_usage=options.get("include_usage") or False,
        knobs=knobs,
        user=body.get("user"),
        extras={OWN: own} if own else {},
    )
