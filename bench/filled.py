"""`bench.filled:app`, what gunicorn serves: the gateway with BENCH_BINDINGS conversations that are bound already."""

from __future__ import annotations

import os
import time
from hashlib import blake2b

from gateway.accounts.bindings import LINGER_S
from gateway.command.loading import configured
from gateway.config.model import Config
from gateway.web.application import Application

FLUSH_S = 60.0


class Filled(Application):
    """Each worker binds them by itself, in its memory and in the store, before its first request."""

    def _install(self, config: Config) -> None:
        super()._install(config)
        assert self._gateway is not None
        affinity = self._gateway.relay._settings.affinity
        accounts = self._gateway.pool.accounts()
        if affinity is None:
            return
        for number in range(int(os.environ["BENCH_BINDINGS"])):
            name = blake2b(str(number).encode(), digest_size=16).hexdigest()
            affinity.bindings.bind(name, accounts[number % len(accounts)].id)
        time.sleep(2 * LINGER_S)
        self._gateway.state.flush(FLUSH_S)


app = Filled(configured)
