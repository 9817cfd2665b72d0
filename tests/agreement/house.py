"""Several servers that have to agree: the workers of one gateway, or gateways on one store.

Every test takes the fixture `house` (conftest.py), and says which server is to answer a request: `house.at(n)`. Another
way to run them all (two gateways on one Redis, say) is one more entry in conftest.HOUSES.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.gateways import Client, Provider, Reply, config_for
from tests.running import RunningGateway
from tests.scripted.script import Script
from tests.scripted.upstream import ScriptedUpstream

DIALECTS = ("chat", "responses", "anthropic", "gemini")
AGREED_S = 1.0
"""How long one server may take to know what another one has done."""


def config(up: ScriptedUpstream) -> str:
    """Three accounts of every dialect, asked as the model `to-DIALECT`; four that rotate, two that weigh 3:1, and a
    pool of several kinds, for tests of their own."""

    def pool(model: str, *names: str, dialect: str = "", **more: Any) -> Provider:
        return Provider(up, dialect or "chat", f"{model}-{names[0]}", (model,), names, more)

    return config_for(
        *(pool(f"to-{each}", *(f"{each}-{n}" for n in range(3)), dialect=each) for each in DIALECTS),
        pool("rotates", "k0", "k1", "k2", "k3"),
        pool("weighs", "three", weight=3),
        pool("weighs", "one", weight=1),
        *(pool("mixed", f"mixed-{each}", dialect=each) for each in DIALECTS),
        routing={"rotation_count": 3},
    )


class House:
    """`servers` is how many can be asked apart."""

    def __init__(self, gateways: Sequence[RunningGateway], up: ScriptedUpstream) -> None:
        self.gateways = gateways
        self.up = up
        self._pids = [(gateway, pid) for gateway in gateways for pid in gateway.workers()]

    @property
    def servers(self) -> int:
        return len(self._pids)

    @contextmanager
    def at(self, server: int) -> Iterator[Client]:
        """Asks this server: the other workers of its gateway stand still meanwhile."""
        gateway, chosen = self._pids[server]
        still = [pid for other, pid in self._pids if other is gateway and pid != chosen]
        for pid in still:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield Client(gateway.port)
        finally:
            for pid in still:
                os.kill(pid, signal.SIGCONT)

    def settle(self) -> None:
        """Waits for as long as servers may disagree; not at all where there is one."""
        if self.servers > 1:
            time.sleep(AGREED_S)

    def log(self) -> str:
        return "".join(gateway.log() for gateway in self.gateways)

    def forget(self) -> None:
        """The provider has heard nothing yet and says "ok"."""
        self.up.requests.clear()
        self.up.play(Script())

    def accounts(self) -> list[str]:
        """Which account's key each request came with, in order."""
        return [request.key for request in self.up.asked()]


def answered(reply: Reply) -> tuple[str, str]:
    """(the account, what was said of the conversation) of a good answer."""
    assert reply.status == 200, reply.body
    return reply.headers["x-account-email"], reply.headers.get("x-gateway-affinity", "")
