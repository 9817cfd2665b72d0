from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.agreement.house import House, config
from tests.running import RunningGateway
from tests.scripted.upstream import ScriptedUpstream
from tests.system.redis_server import RedisServer

Start = Callable[[str, ExitStack], list[RunningGateway]]
"""(dragoman.toml, a stack that ends what was started) -> the gateways."""


def workers(count: int) -> Start:
    return lambda toml, stack: [stack.enter_context(RunningGateway(toml, workers=count))]


def two_gateways(toml: str, stack: ExitStack) -> list[RunningGateway]:
    """Each with a data folder of its own, on one Redis."""
    redis = stack.enter_context(RedisServer())
    state = f'[state]\nurl = "{redis.url()}"\n'
    return [stack.enter_context(RunningGateway(state + toml)) for _ in range(2)]


HOUSES = [
    pytest.param(workers(1), id="one worker"),
    pytest.param(workers(2), id="two workers"),
    pytest.param(two_gateways, id="two gateways on one Redis", marks=pytest.mark.system),
]
"""Ways to run a configuration."""


@pytest.fixture(scope="session", params=HOUSES)
def running(request: pytest.FixtureRequest) -> Iterator[House]:
    with ExitStack() as stack:
        up = stack.enter_context(ScriptedUpstream())
        yield House(request.param(config(up), stack), up)


@pytest.fixture
def house(running: House) -> House:
    running.forget()
    return running
