from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from gateway.accounts.rota import Seat
from gateway.errors import NotFound
from gateway.relay.embed import embedding_route
from gateway.routing.router import Route

UPSTREAMS: Any = {"g": SimpleNamespace(embeds=True), "a": SimpleNamespace(embeds=False)}


def test_upstreams_without_embeddings_are_passed_over() -> None:
    route = Route("m", "rule", [[Seat("a", "x")], [Seat("a", "y"), Seat("g", "y")]])
    left = embedding_route(route, UPSTREAMS)
    assert left.tiers == [[Seat("g", "y")]] and left.model == "y" and len(route.tiers) == 2


def test_none_left_is_told() -> None:
    with pytest.raises(NotFound, match="served by a, which has no embeddings") as missing:
        embedding_route(Route("m", "rule", [[Seat("a", "x")]]), UPSTREAMS)
    assert missing.value.fault.code == "model_not_found"
