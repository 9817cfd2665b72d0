"""thinkingConfig.

https://ai.google.dev/gemini-api/docs/thinking
Gemini 2.5 takes a budget in tokens, Gemini 3 a level in words;
the thoughts count against maxOutputTokens.
"""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Loss, ThinkingWish
from gateway.canon.profile import Profile
from gateway.protocols.effort import EFFORT_TO_BUDGET, budget_of, effort_of

MAX_BUDGET = 24_576
"""The most that every 2.5 model takes; Flash answers 400 to more."""
MIN_BUDGET = 1_024

_LEVELS = {"none": "low", "minimal": "minimal", "low": "low", "medium": "medium"}


def write_thinking(wish: ThinkingWish | None, profile: Profile, losses: list[Loss]) -> dict[str, Any] | None:
    """The client's wish, else the profile's default; None: say nothing."""
    if profile.thinking == "none":
        if wish is not None and wish.mode == "on" and wish.effort != "none":
            losses.append(Loss("thinking", "the model does not take thinking settings"))
        return None
    if wish is None:
        default = profile.thinking_default
        if default is None:
            return None
        wish = ThinkingWish("on" if default else "off", default, shown=default != 0)
    if profile.thinking == "level":
        return _by_level(wish)
    if _off(wish):
        return {"includeThoughts": bool(wish.shown), "thinkingBudget": 0}
    config: dict[str, Any] = {"includeThoughts": wish.shown is not False}
    if wish.budget is not None:
        if wish.budget > MAX_BUDGET:
            losses.append(Loss("thinking.budget", f"Gemini models take at most {MAX_BUDGET} thinking tokens"))
        config["thinkingBudget"] = min(wish.budget, MAX_BUDGET)
    elif wish.effort:
        config["thinkingBudget"] = min(budget_of(wish.effort), MAX_BUDGET)
    elif profile.thinking == "budget" and profile.thinking_default:
        config["thinkingBudget"] = min(profile.thinking_default, MAX_BUDGET)
    return config


def _by_level(wish: ThinkingWish) -> dict[str, Any]:
    """Gemini 3 thinks by words (https://ai.google.dev/gemini-api/docs/thinking#thinking-levels): a budget is told as
    the level that gives about as much, a dynamic one as none. It cannot be told not to think; low is the least that
    all of them take."""
    if _off(wish):
        return {"includeThoughts": bool(wish.shown), "thinkingLevel": "low"}
    config: dict[str, Any] = {"includeThoughts": wish.shown is not False}
    if wish.effort:
        config["thinkingLevel"] = _LEVELS.get(wish.effort, "high" if wish.effort in EFFORT_TO_BUDGET else "medium")
    elif wish.budget is not None and wish.budget > 0:
        config["thinkingLevel"] = (
            "low" if wish.budget <= budget_of("low") else _LEVELS.get(effort_of(wish.budget), "high")
        )
    return config


def _off(wish: ThinkingWish) -> bool:
    return wish.mode == "off" or wish.budget == 0 or (wish.effort == "none" and wish.budget is None)


def fit_limit(config: dict[str, Any], profile: Profile) -> None:
    """maxOutputTokens above an explicit budget: the limit rises as far as it may, then the budget shrinks."""
    most = profile.max_output_tokens
    limit = config.get("maxOutputTokens")
    thinking = config.get("thinkingConfig") or {}
    budget = thinking.get("thinkingBudget")
    if limit is not None:
        if budget is not None and budget > 0 and limit <= budget:
            limit += budget
        config["maxOutputTokens"] = limit = min(limit, most) if most else limit
    elif most and budget is not None and budget >= most:
        limit = most
    if limit is not None and budget is not None and budget >= limit:
        shrunk = max(MIN_BUDGET, limit // 2)
        thinking["thinkingBudget"] = shrunk if shrunk < limit else max(0, limit - 1)
