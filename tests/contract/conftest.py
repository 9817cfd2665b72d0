from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.doors import Doors
from tests.contract.house import House, config
from tests.contract.parameters.probe import MODELS
from tests.gateways import InProcess, Provider, config_for
from tests.running import RunningGateway
from tests.scripted.assist import ScriptedAssist
from tests.scripted.script import Script
from tests.scripted.upstream import ScriptedUpstream


@pytest.fixture(scope="session")
def running_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with ScriptedUpstream() as up, ScriptedAssist() as oauth, RunningGateway(config(up, oauth, folder)) as gateway:
        yield House(gateway, up)


@pytest.fixture
def house(running_house: House) -> House:
    """Providers that have heard nothing yet and say "ok"."""
    running_house.up.requests.clear()
    running_house.up.play(Script())
    return running_house


@pytest.fixture(scope="module")
def running_doors() -> Iterator[Doors]:
    with ScriptedUpstream() as up:
        providers = [Provider(up, each, models=(model,)) for each, model in MODELS.items()]
        with (
            InProcess(config_for(*providers)) as lenient,
            InProcess(config_for(*providers, server={"strict": True})) as strict,
        ):
            yield Doors(up, lenient, strict)


@pytest.fixture
def doors(running_doors: Doors) -> Doors:
    """Providers that say "ok"."""
    running_doors.up.play(Script())
    return running_doors
