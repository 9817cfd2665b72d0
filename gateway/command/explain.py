"""`dragoman explain MODEL`: the route a request would take, and why."""

from __future__ import annotations

from typing import Any

from gateway.config.model import Config
from gateway.routing.router import UnknownModel

DIALECTS = {"openai": "chat", "anthropic": "anthropic", "gemini": "gemini"}


def explained(config: Config, model: str, protocol: str, mount: str = "") -> dict[str, Any]:
    """What routing decides. Asks providers for their model lists only where the configuration leaves it to them."""
    from gateway.wiring import build

    gateway = build(config, local_only=True)
    asked: dict[str, Any] = {"model": model, "protocol": protocol}
    try:
        route = gateway.router.route(model, mount)
    except UnknownModel as unknown:
        return {**asked, "served": False, "why": unknown.reason, "steps": unknown.steps}
    tiers = []
    for tier in route.tiers:
        seats = []
        for seat in tier:
            upstream = gateway.upstreams[seat.upstream]
            same = upstream.dialect == DIALECTS[protocol]
            seats.append(
                {
                    "upstream": seat.upstream,
                    "model": seat.model,
                    "mode": "passthrough" if same else "translated",
                    "accounts": [each.label for each in gateway.pool.accounts() if each.upstream == seat.upstream],
                }
            )
        tiers.append(seats)
    return {**asked, "served": True, "rule": route.rule, "tiers": tiers, "steps": route.steps}


def worded(found: dict[str, Any]) -> str:
    """For people."""
    if not found["served"]:
        return "\n".join(
            [f"{found['model']}: nobody serves it.", found["why"], *(f"  {step}" for step in found["steps"])]
        )
    lines = [f"{found['model']} ({found['protocol']}): {found['rule']}"]
    for number, tier in enumerate(found["tiers"], 1):
        for seat in tier:
            lines.append(
                f"  {number}. {seat['upstream']} -> {seat['model']} ({seat['mode']}; "
                f"accounts: {', '.join(seat['accounts']) or 'none'})"
            )
    return "\n".join([*lines, *(f"  because {step}" for step in found["steps"])])
