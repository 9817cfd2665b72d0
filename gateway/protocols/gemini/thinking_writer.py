"""thinkingConfig.

https://ai.google.dev/gemini-api/docs/thinking
Gemini 2.5 takes a budget in tokens, Gemini 3 a level in words;
the thoughts count against maxOutputTokens.
"""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Loss, ThinkingWish
from gateway.canon.profile import Profile
from gateway.protocols.effort import EFFORT_TO_BUDGET, budget_of

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
        return _default(profile.thinking_default)
    shown = wish.shown is not False
    if _off(wish):
        if profile.thinking == "level" and wish.budget is None:
            # Gemini 3 cannot be told not to think; low is the least that all of them take.
            return {"includeThoughts": False, "thinkingLevel": "low"}
        return {"includeThoughts": bool(wish.shown), "thinkingBudget": 0}
    config: dict[str, Any] = {"includeThoughts": shown}
    if wish.budget is not None:
        if wish.budget > MAX_BUDGET:
            losses.append(Loss("thinking.budget", f"Gemini models take at most {MAX_BUDGET} thinking tokens"))
        config["thinkingBudget"] = min(wish.budget, MAX_BUDGET)
    if wish.effort and (wish.budget is None or profile.thinking == "level"):
        if profile.thinking == "level":
            config["thinkingLevel"] = _LEVELS.get(wish.effort, "high" if wish.effort in EFFORT_TO_BUDGET else "medium")
            config.pop("thinkingBudget", None)
        else:
            config["thinkingBudget"] = min(budget_of(wish.effort), MAX_BUDGET)
    if len(config) == 1 and profile.thinking == "budget" and profile.thinking_default:
        config["thinkingBudget"] = min(profile.thinking_default, MAX_BUDGET)
    return config


def _off(wish: ThinkingWish) -> bool:
    return wish.mode == "off" or wish.budget == 0 or (wish.effort == "none" and wish.budget is None)


def _default(budget: int | None) -> dict[str, Any] | None:
    if budget is None:
        return None
    return {"includeThoughts": budget != 0, "thinkingBudget": min(budget, MAX_BUDGET)}


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
