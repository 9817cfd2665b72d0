"""What upstreams say they serve: their own model lists, asked at most every five minutes and never waited for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping

from gateway.canon.models import ModelInfo
from gateway.config.model import Models
from gateway.routing.patterns import matches
from gateway.routing.router import Serving

FRESH_S = 300.0
RETRY_S = 30.0

Fetch = Callable[[str], list[ModelInfo]]
"""(upstream) -> its models; raises on any trouble; bounded in time by the caller's transport (2 s)."""


class Catalog:
    """Thread-safe. One request fetches a list while others use what is known."""

    def __init__(self, servings: Iterable[Serving], models: Models, fetch: Fetch) -> None:
        self._servings = list(servings)
        self._models = models
        self._fetch = fetch
        self._known: dict[str, list[ModelInfo]] = {}
        self._names: dict[str, frozenset[str]] = {}
        self._asked_at: dict[str, float] = {}
        self._locks = {serving.name: threading.Lock() for serving in self._servings}

    def listed(self, upstream: str, model: str) -> bool | None:
        """Whether the provider's own list holds `model`; None when the list could not be read."""
        self._refresh(upstream)
        names = self._names.get(upstream)
        return None if names is None else model in names

    def models(self) -> list[ModelInfo]:
        """Everything a client may ask for: map keys, literal names, tools, live lists; sorted, each id once."""
        found: dict[str, ModelInfo] = {}
        self._refresh_all()
        for serving in self._servings:
            if serving.tool:
                found.setdefault(serving.tool, ModelInfo(serving.tool, owned_by=serving.name))
            for info in self._known.get(serving.name, ()):
                if not serving.models or any(matches(pattern, info.id) for pattern in serving.models):
                    found.setdefault(info.id, info)
            for name in serving.models:
                if "*" not in name:
                    found.setdefault(name, ModelInfo(name, owned_by=serving.name))
        for name, targets in self._models.map.items():
            if "*" not in name:
                found.setdefault(name, ModelInfo(name, description=f"answered by {', '.join(targets)}"))
        return [found[name] for name in sorted(found)]

    def ages(self) -> Mapping[str, float]:
        """When each list was last asked for (monotonic seconds)."""
        return self._asked_at

    def _refresh_all(self) -> None:
        """All at once: upstreams that are down cost their time limit together, not one after the other."""
        due = [each.name for each in self._servings if _asks(each) and self._due(each.name)]
        threads = [threading.Thread(target=self._refresh, args=(name,), daemon=True) for name in due[1:]]
        for thread in threads:
            thread.start()
        for name in due[:1]:
            self._refresh(name)
        for thread in threads:
            thread.join()

    def _refresh(self, upstream: str) -> None:
        lock = self._locks.get(upstream)
        if lock is None or not self._due(upstream):
            return
        if not lock.acquire(blocking=upstream not in self._known):
            return
        try:
            if not self._due(upstream):
                return
            try:
                models = self._fetch(upstream)
            except Exception:  # an upstream that is down must never take the list of the others with it
                self._asked_at[upstream] = time.monotonic() - FRESH_S + RETRY_S
                return
            self._known[upstream] = models
            self._names[upstream] = frozenset(info.id for info in models)
            self._asked_at[upstream] = time.monotonic()
        finally:
            lock.release()

    def _due(self, upstream: str) -> bool:
        asked_at = self._asked_at.get(upstream)
        return asked_at is None or time.monotonic() - asked_at > FRESH_S


def _asks(serving: Serving) -> bool:
    """A tool has no list, and one that was given by names alone needs none."""
    return not serving.tool and (not serving.models or any("*" in pattern for pattern in serving.models))
