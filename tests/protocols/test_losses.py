"""Fields that only another dialect knows: told, unless the gateway honours them itself."""

from __future__ import annotations

from gateway.canon.dialogue import Dialogue
from gateway.protocols.losses import foreign_fields


def test_only_other_dialects_fields_are_losses() -> None:
    extras = {"chat": {"logit_bias": {}, "store": True, "metadata": {}}, "gemini": {"safetySettings": []}}
    found = foreign_fields(Dialogue("m", [], extras=extras), "gemini")
    assert [(loss.path, loss.harmless) for loss in found] == [("logit_bias", False), ("metadata", True)]


def test_what_a_writer_carries_is_no_loss() -> None:
    extras = {"responses": {"metadata": {}, "truncation": "auto"}}
    assert [each.path for each in foreign_fields(Dialogue("m", [], extras=extras), "chat", ("metadata",))] == [
        "truncation"
    ]
