"""What a writer could not carry."""

from __future__ import annotations

from collections.abc import Collection

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


def foreign_fields(dialogue: Dialogue, own: str, carried: Collection[str] = ()) -> list[Loss]:
    """A loss for every top-level field that only another dialect understands, save those the writer has `carried`."""
    return [
        Loss(field, f"only {dialect} knows this field", harmless=field in HARMLESS)
        for dialect, fields in dialogue.extras.items()
        if dialect != own
        for field in fields
        if field not in carried and field not in HONOURED
    ]


def unheard_picture(dialogue: Dialogue) -> list[Loss]:
    """Losses for a wish about pictures, where the dialect has no words for it."""
    said = dialogue.picture.said if dialogue.picture is not None else {}
    return [Loss(field, "the provider's protocol has no such setting") for field in said]
