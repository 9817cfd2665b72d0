"""`bench.filled:app`, what gunicorn serves: the gateway with BENCH_BINDINGS conversations that are bound already."""

from __future__ import annotations

import os
from hashlib import blake2b

from gateway.command.loading import configured
from gateway.config.model import Config
from gateway.web.application import Application


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


app = Filled(configured)
