"""Asking a provider what is left when it said that a quota is spent but not for how long."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from gateway.accounts.account import Account
from gateway.accounts.pool import Lease

log = logging.getLogger("dragoman")

NOT_SOONER_S = 60.0


class QuotaWatch:
    """`read` asks, and notes what it hears with the pool. It is done beside the request, which does not wait."""

    def __init__(self, read: Callable[[Account], object]) -> None:
        self._read = read
        self._asked_at: dict[str, float] = {}

    def failed(self, lease: Lease) -> None:
        rest = lease.account.models_resting.get(lease.seat.model)
        if rest is None or rest.kind != "quota" or rest.announced or lease.account.credential is None:
            return
        now = time.monotonic()
        if now - self._asked_at.get(lease.account.id, -NOT_SOONER_S) < NOT_SOONER_S:
            return
        self._asked_at[lease.account.id] = now
        threading.Thread(target=self._ask, args=(lease.account,), name="quota", daemon=True).start()

    def _ask(self, account: Account) -> None:
        try:
            self._read(account)
        except Exception as error:
            log.info("the quota of %s could not be asked (%s)", account.id.partition("/")[0], type(error).__name__)
