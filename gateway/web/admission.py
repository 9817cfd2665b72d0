"""What a known key may ask for: its models, and whether its limits leave room for one more request."""

from __future__ import annotations

from typing import Any, Protocol

from gateway.canon.fault import Fault
from gateway.config.model import AuthKey
from gateway.errors import GatewayError
from gateway.keys.ledger import Ledger, Reservation
from gateway.keys.tally import Limit, Refused
from gateway.monitoring.prices import PriceTable
from gateway.relay.call import Call
from gateway.relay.estimate import rough_prompt_tokens
from gateway.routing.patterns import matches
from gateway.routing.router import Router, UnknownModel

LIMIT_FIELDS = ("max_completion_tokens", "max_tokens", "max_output_tokens", "max_tokens_to_sample")
USUAL_ANSWER = 2048
"""Tokens reserved for an answer when the client names no limit."""
ALTERNATIVES = ("models", "fallbacks", "fallback_models", "context_window_fallbacks")
"""Fields by which other routers among providers (OpenRouter, LiteLLM) are told of further models."""
LARGE_BODY = 64 * 1024
BYTES_PER_TOKEN = 4

_CODES: dict[Limit, tuple[str, str]] = {
    "requests": ("rate_limit_exceeded", "requests per minute (rpm)"),
    "tokens": ("rate_limit_exceeded", "tokens per minute (tpm)"),
    "concurrency": ("rate_limit_exceeded", "requests at the same time (max_concurrency)"),
    "daily_tokens": ("insufficient_quota", "tokens per day (daily_tokens)"),
    "monthly_usd": ("insufficient_quota", "cost per month (monthly_usd)"),
}


class Named(Protocol):
    def named(self, name: str) -> AuthKey | None: ...


class Admission:
    """`check` is a few dictionary look-ups for a key without limits."""

    def __init__(self, keys: Named, ledger: Ledger, router: Router, prices: PriceTable) -> None:
        self._keys = keys
        self.ledger = ledger
        self._router = router
        self._prices = prices

    def check(self, name: str, call: Call, *, counting: bool = False) -> Reservation | None:
        """What is reserved for a request under the key `name`; None when the key has no limits.

        `counting`: no tokens will be used. Raises GatewayError 403 `model_not_allowed` or 429, and Malformed.
        """
        key = self._keys.named(name) if name else None
        if key is None:
            return None
        if not allowed(key, call.asked):
            raise _not_allowed(key, call.asked)
        if key.models != ("*",):
            _check_alternatives(key, call.body)
        if not (key.rpm or key.tpm or key.daily_tokens or key.monthly_usd or key.max_concurrency):
            return None
        tokens, usd = 0, 0.0
        if not counting and (key.tpm or key.daily_tokens or key.monthly_usd):
            prompt, answer = _prompt(call), _answer(call.body)
            tokens = prompt + answer
            price = self._prices.price(self._target(call)) if key.monthly_usd else None
            usd = price.cost(input=prompt, output=answer) if price is not None else 0.0
        entered = self.ledger.enter(key, tokens, usd)
        if isinstance(entered, Refused):
            raise _refused(key, entered)
        return entered

    def may_see(self, name: str, model: str) -> bool:
        """Whether a model belongs into this key's list."""
        key = self._keys.named(name) if name else None
        return key is None or allowed(key, model)

    def _target(self, call: Call) -> str:
        try:
            return self._router.route(call.asked, call.mount).model
        except UnknownModel:
            return call.asked


def allowed(key: AuthKey, model: str) -> bool:
    """The list names models as clients ask for them, "models/" (Gemini) aside."""
    name = model.removeprefix("models/")
    return "*" in key.models or any(matches(pattern, name) for pattern in key.models)


def _check_alternatives(key: AuthKey, body: dict[str, Any]) -> None:
    """A provider may answer with another model than the one asked for where the body names it."""
    for field in ALTERNATIVES:
        found = body.get(field) or []
        for other in found if isinstance(found, list) else [found]:
            if not isinstance(other, str) or not allowed(key, other):
                raise _not_allowed(key, other, field)
    tools = body.get("tools")
    for number, tool in enumerate(tools if isinstance(tools, list) else ()):
        other = tool.get("model") if isinstance(tool, dict) else None
        if isinstance(other, str) and not allowed(key, other):
            raise _not_allowed(key, other, f"tools[{number}].model")


def _prompt(call: Call) -> int:
    """Roughly; large bodies are mostly media, which are not paid by their bytes."""
    if len(call.raw) < LARGE_BODY:
        return max(len(call.raw) // BYTES_PER_TOKEN, 1)
    return rough_prompt_tokens(call.dialogue()[0], len(call.raw))


def _answer(body: dict[str, Any]) -> int:
    """The client's own limit, by whatever name its protocol has for it."""
    configured = body.get("generationConfig") or body.get("generation_config")
    if isinstance(configured, dict):
        told = configured.get("maxOutputTokens", configured.get("max_output_tokens"))
    else:
        told = next((body[name] for name in LIMIT_FIELDS if name in body), None)
    return told if isinstance(told, int) and not isinstance(told, bool) and 0 < told < 10_000_000 else USUAL_ANSWER


def _not_allowed(key: AuthKey, model: Any, param: str = "model") -> GatewayError:
    return GatewayError(
        Fault(
            403,
            f"the key '{key.name}' may not use the model {str(model)[:200]!r}; "
            f"it may use: {', '.join(key.models) or 'none'}. "
            "The operator can change that ([[auth.keys]] models, or `dragoman keys`).",
            code="model_not_allowed",
            param=param,
        )
    )


def _refused(key: AuthKey, refused: Refused) -> GatewayError:
    code, word = _CODES[refused.limit]
    return GatewayError(
        Fault(
            429,
            f"the key '{key.name}' has reached its limit of {word} at this gateway; "
            f"try again in {_worded(refused.retry_after)}",
            code=code,
            retry_after=refused.retry_after,
        )
    )


def _worded(seconds: float) -> str:
    if seconds < 120:
        return f"{max(round(seconds), 1)} s"
    return f"{round(seconds / 60)} min" if seconds < 7200 else f"{round(seconds / 3600)} h"
