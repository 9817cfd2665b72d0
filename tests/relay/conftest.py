"""A scripted Code Assist provider, and where the accounts at it are kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scripted.assist import ScriptedAssist


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


@pytest.fixture
def up() -> Iterator[ScriptedAssist]:
    with ScriptedAssist() as scripted:
        yield scripted
