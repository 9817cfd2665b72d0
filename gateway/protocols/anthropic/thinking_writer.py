"""The wish for thinking, and what it forbids beside it.

https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking: a budget is at least 1,024 tokens and
below max_tokens; thinking goes with no temperature but 1, no top_k, no top_p below 0.95, no forced tool call.
"""

from __future__ import annotations

from typing import Any

from gateway.canon.dialogue import Loss, ThinkingWish
from gateway.canon.profile import Profile
from gateway.protocols.effort import budget_of, effort_of

MIN_BUDGET = 1024
_EFFORTS = {"none": None, "minimal": "low"}


def write_thinking(
    wish: ThinkingWish | None, profile: Profile, native: bool, losses: list[Loss]
) -> tuple[dict[str, Any] | None, str | None]:
    """(`thinking`, `output_config.effort`), None where nothing is said. The budget is not yet fitted."""
    if profile.thinking == "none":
        if wish is not None and not _says_off(wish):
            losses.append(Loss("thinking", "the model does not think"))
        return None, None
    if wish is None:
        return _default(profile), None
    if native and wish.mode == "on" and wish.budget is None and wish.effort is not None:
        return None, _effort(wish.effort)
    effort = _effort(wish.effort) if wish.effort is not None else None
    if _says_off(wish):
        return {"type": "disabled"}, effort
    if profile.thinking == "budget":
        thinking: dict[str, Any] = {"type": "enabled", "budget_tokens": _budget(wish, profile)}
        if wish.mode != "on" or wish.budget is None:
            effort = None
    else:
        thinking = {"type": "adaptive"}
        if effort is None and wish.mode == "on" and wish.budget is not None and wish.budget > 0:
            effort = _effort(effort_of(wish.budget))
    shown = wish.shown if wish.shown is not None else (True if wish.summary else None)
    if shown is not None:
        thinking["display"] = "summarized" if shown else "omitted"
    return thinking, effort


def _says_off(wish: ThinkingWish) -> bool:
    return wish.mode == "off" or wish.budget == 0 or (wish.budget is None and wish.effort == "none")


def _effort(effort: str) -> str | None:
    return _EFFORTS.get(effort, effort)


def _default(profile: Profile) -> dict[str, Any] | None:
    default = profile.thinking_default
    if default is None:
        return None
    if default == 0:
        return {"type": "disabled"}
    if profile.thinking != "budget":
        return {"type": "adaptive"}
    return {"type": "enabled", "budget_tokens": default if default > 0 else budget_of("medium")}


def _budget(wish: ThinkingWish, profile: Profile) -> int:
    if wish.budget is not None and wish.budget > 0:
        return max(wish.budget, MIN_BUDGET)
    if wish.effort is not None:
        return max(budget_of(wish.effort), MIN_BUDGET)
    default = profile.thinking_default or 0
    return max(default, MIN_BUDGET) if default > 0 else budget_of("medium")


def fit_budget(body: dict[str, Any], limit: int, cap: int | None) -> bool:
    """Sets max_tokens and budget_tokens so that the limit exceeds the budget; False when there is no room."""
    thinking = body["thinking"]
    budget = thinking["budget_tokens"]
    total = limit if limit > budget else budget + max(limit, 1)
    if cap is not None and total > cap:
        total = cap
    if total <= budget:
        budget = max(total - max(min(limit, total // 2), 1), MIN_BUDGET)
    if total <= budget:
        return False
    body["max_tokens"] = total
    thinking["budget_tokens"] = budget
    return True


def drop_forbidden(body: dict[str, Any], losses: list[Loss]) -> None:
    """Takes out the sampling knobs that a thinking model refuses."""
    reason = "the provider refuses it while the model thinks"
    if body.get("temperature") not in (None, 1):
        losses.append(Loss("temperature", reason))
        del body["temperature"]
    if body.get("top_p") is not None and body["top_p"] < 0.95:
        losses.append(Loss("top_p", reason))
        del body["top_p"]
    if body.get("top_k") is not None:
        losses.append(Loss("top_k", reason))
        del body["top_k"]
