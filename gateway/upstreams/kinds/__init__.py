"""Kinds of upstream, one file each; a file names its class `UPSTREAM` and is found by being here."""

from __future__ import annotations

import importlib
import pkgutil

from gateway.upstreams.upstream import Upstream


def kinds() -> dict[str, type[Upstream]]:
    """Every kind by the word the configuration uses for it."""
    found: dict[str, type[Upstream]] = {}
    for module in pkgutil.iter_modules(__path__):
        upstream = importlib.import_module(f"{__name__}.{module.name}").UPSTREAM
        found[upstream.kind] = upstream
    return found
