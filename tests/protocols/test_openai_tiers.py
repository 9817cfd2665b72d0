"""Service tiers in OpenAI's words."""

from __future__ import annotations

import pytest

from gateway.canon.dialogue import Loss
from gateway.protocols.openai_tiers import tier_of


@pytest.mark.parametrize(
    ("said", "native", "written", "lost"),
    [
        (None, False, None, []),
        ("flex", False, "flex", []),
        ("standard_only", False, "default", []),
        ("standard", False, "default", []),
        ("batch", False, None, ["service_tier"]),
        ("batch", True, "batch", []),
    ],
)
def test_a_tier(said: str | None, native: bool, written: str | None, lost: list[str]) -> None:
    losses: list[Loss] = []
    assert tier_of(said, native, losses) == written
    assert [loss.path for loss in losses] == lost
