"""The axes of the contract: who asks, who answers, how."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.contract.house import GEMINIS, MODELS, mode
from tests.contract.sdks.every import SDKS, able_to

PROVIDERS = tuple(MODELS)

streams = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
providers = pytest.mark.parametrize("provider", PROVIDERS)
geminis = pytest.mark.parametrize("provider", GEMINIS)


def clients(*able: str, names: Sequence[str] | None = None) -> pytest.MarkDecorator:
    """Every SDK whose protocol can say all of `able`."""
    return pytest.mark.parametrize("sdk", able_to(*able) if names is None else names)


def translated(sdk: str, provider: str) -> bool:
    return mode_of(sdk, provider) == "translated"


def mode_of(sdk: str, provider: str) -> str:
    """What X-Gateway-Mode says."""
    return mode(SDKS[sdk].dialect, provider)
