"""What a writer could not carry."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

from gateway.canon.dialogue import Dialogue, Loss

HONOURED = frozenset(("store", "stream_options"))
"""Top-level fields the gateway itself obeys, whatever the provider knows."""
HARMLESS = frozenset(
    (
        *("anthropic_version", "betas", "client_metadata", "include", "metadata"),
        *("prompt_cache_retention", "safety_identifier", "truncation"),
    )
)
"""Top-level fields that keep books and do not change the answer: told, and let through in strict mode."""


BOOKKEEPING = frozenset(
    (
        *("cache_control", "prompt_cache_breakpoint", "citations", "annotations", "logprobs", "caller", "index"),
        *("eager_input_streaming", "partMetadata"),
    )
)
"""Fields further down of which the same holds."""


_TURN = re.compile(r"turns\[\d+\](\.parts\[\d+\])?")


def in_words(losses: list[Loss], turn: str, part: str) -> list[Loss]:
    """`losses` by the client's words for its turns and their parts; without numbers, since turns are counted otherwise
    than messages."""
    if not losses:
        return losses
    return [
        replace(loss, path=_TURN.sub(lambda found: turn + part if found[1] else turn, loss.path, count=1))
        if loss.path.startswith("turns[")
        else loss
        for loss in losses
    ]


def said(path: str, fields: Any, known: Collection[str] = ()) -> Iterator[str]:
    """`path.field` for every field that says something and is not `known`: clients send back empty ones as they got
    them."""
    if isinstance(fields, dict):
        for name, value in fields.items():
            if name not in known and value is not None and value is not False and value not in ("", [], {}):
                yield f"{path}.{name}"


def nested_fields(paths: Iterable[str], dialect: str) -> list[Loss]:
    """A loss for every one of `paths`, each told once."""
    return [
        Loss(path, f"only {dialect} knows this field", harmless=path.rpartition(".")[2] in BOOKKEEPING)
        for path in dict.fromkeys(paths)
    ]


def foreign_fields(dialogue: Dialogue, own: str, carried: Collection[str] = ()) -> list[Loss]:
    """A loss for every top-level field that only another dialect understands, save those the writer has `carried`."""
    return [
        Loss(field, f"only {dialect} knows this field", harmless=field in HARMLESS)
        for dialect, fields in dialogue.extras.items()
        if dialect != own
        for field in fields
        if field not in carried and field not in HONOURED
    ]


def unheard_bookkeeping(dialogue: Dialogue, *fields: str) -> list[Loss]:
    """Losses for `user` and `prompt_cache_key`, which change no answer, where the dialect has no words for them."""
    said = {"user": dialogue.user, "prompt_cache_key": dialogue.cache_key}
    return [Loss(name, "the provider's protocol has no such field", harmless=True) for name in fields if said[name]]


def unheard_picture(dialogue: Dialogue) -> list[Loss]:
    """Losses for a wish about pictures, where the dialect has no words for it."""
    said = dialogue.picture.said if dialogue.picture is not None else {}
    return [Loss(field, "the provider's protocol has no such setting") for field in said]
