"""`dry_run`: what a request would do, as an answer. No provider is asked and no tool runs."""

from __future__ import annotations

import time
from collections.abc import Mapping

from gateway.canon.answer import Answer, Choice
from gateway.canon.events import Finish
from gateway.canon.parts import Text
from gateway.canon.usage import Usage
from gateway.routing.router import Route
from gateway.upstreams.upstream import Upstream


def rehearsed(route: Route, upstreams: Mapping[str, Upstream]) -> Answer:
    """The command line where a tool comes first, else the route as `dragoman explain` tells it, without accounts."""
    first = route.tiers[0][0]
    words = upstreams[first.upstream].rehearsal(first.model)
    if words is None:
        lines = [f"{route.asked}: {route.rule}"]
        for number, tier in enumerate(route.tiers, 1):
            lines += [f"  {number}. {seat.upstream} -> {seat.model}" for seat in tier]
        words = "\n".join([*lines, *(f"  because {step}" for step in route.steps)])
    return Answer("", first.model, int(time.time()), [Choice([Text(words)], Finish("stop", "stop"))], Usage())
