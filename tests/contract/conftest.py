from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.house import House, config
from tests.running import RunningGateway
from tests.scripted.script import Script
from tests.scripted.upstream import ScriptedUpstream


@pytest.fixture(scope="session")
def running_house() -> Iterator[House]:
    with ScriptedUpstream() as up, RunningGateway(config(up)) as gateway:
        yield House(gateway, up)


@pytest.fixture
def house(running_house: House) -> House:
    """Providers that have heard nothing yet and say "ok"."""
    running_house.up.requests.clear()
    running_house.up.play(Script())
    return running_house
