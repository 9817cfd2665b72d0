"""Pauses between attempts are real ones; here they are short."""

from __future__ import annotations

import pytest

from gateway.relay import plan


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "PAUSE_S", 0.01)
