from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.clients.house import DIALECTS, MODELS, House, config
from tests.running import RunningGateway
from tests.scripted.script import Script
from tests.scripted.upstream import ScriptedUpstream


@pytest.fixture(scope="session")
def houses() -> Iterator[dict[str, House]]:
    """By dialect; each is opened when it is first asked for."""
    with ExitStack() as stack:
        yield _Houses(stack)


class _Houses(dict[str, House]):
    def __init__(self, stack: ExitStack) -> None:
        super().__init__()
        self._stack = stack

    def __missing__(self, dialect: str) -> House:
        up = self._stack.enter_context(ScriptedUpstream())
        gateway = self._stack.enter_context(RunningGateway(config(up, dialect)))
        up.models = list(MODELS)
        self[dialect] = House(dialect, gateway, up)
        return self[dialect]


@pytest.fixture(params=DIALECTS)
def house(request: pytest.FixtureRequest, houses: dict[str, House]) -> House:
    """With a provider of each dialect in turn; it has heard nothing yet and says "ok"."""
    house = houses[request.param]
    house.up.requests.clear()
    house.up.play(Script())
    return house


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A client's own; what it may read and change is in `home`/work."""
    (tmp_path / "work").mkdir()
    return tmp_path
