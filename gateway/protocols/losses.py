"""What a writer could not carry."""

from __future__ import annotations

from collections.abc import Collection

from gateway.canon.dialogue import Dialogue, Loss


def foreign_fields(dialogue: Dialogue, own: str, harmless: Collection[str] = ()) -> list[Loss]:
    """A loss for every top-level field that only another dialect understands, save the `harmless` ones."""
    return [
        Loss(field, f"only {dialect} knows this field")
        for dialect, fields in dialogue.extras.items()
        if dialect != own
        for field in fields
        if field not in harmless
    ]
