"""`dry_run`: what a request would do, as an answer. No provider is asked and no tool runs."""

from __future__ import annotations

import time

from gateway.canon.answer import Answer, Choice
from gateway.canon.events import Finish
from gateway.canon.parts import Text
from gateway.canon.usage import Usage
from gateway.relay.explained import Explanation


def rehearsed(found: Explanation) -> Answer:
    """The command line where a tool comes first, else the route as `dragoman explain` tells it, without accounts."""
    first = found.tiers[0][0]
    words = "" if found.sending is None else found.sending.command
    if not words:
        lines = [f"{found.asked}: {found.rule}"]
        for number, tier in enumerate(found.tiers, 1):
            lines += [f"  {number}. {seat.upstream} -> {seat.model} ({seat.mode})" for seat in tier]
        lines += [f"  because {step}" for step in found.steps]
        lines += [f"  left out: {loss.path} ({loss.reason})" for loss in found.losses]
        words = "\n".join(lines)
    return Answer("", first.model, int(time.time()), [Choice([Text(words)], Finish("stop", "stop"))], Usage())
