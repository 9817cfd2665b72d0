"""The browser's tests need packages that only `make test-system` installs; `make test` leaves them out anyway."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where system tests are asked for, a missing package is an error."""
    if collection_path.name == "test_admin_page.py" and "not system" in config.option.markexpr:
        return True if find_spec("playwright") is None else None
    return None
